//! `jianzi game test [FOLDER]`.

use super::FolderArgs;
use super::project::Project;
use crate::failure::Failure;

pub fn run(args: &FolderArgs) -> Result<(), Failure> {
    Project::find(&args.folder)?.test()
}
