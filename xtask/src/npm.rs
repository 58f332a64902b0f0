//! The npm packages of the repository, and the bundles that are committed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::steps::execute;
use crate::workspace;

/// In the order in which they are built: later ones use earlier ones.
pub const FOLDERS: &[Folder] = &[
    Folder { path: "sdk/typescript", bundles: &["dist"], tests: &["test", "test:e2e"] },
    Folder { path: "sdk/game-assemblyscript", bundles: &["dist"], tests: &["test"] },
    Folder { path: "games/jianzi", bundles: &["dist", "wechat"], tests: &["test"] },
    Folder { path: "games/device-check", bundles: &["wechat"], tests: &["test"] },
    Folder { path: "e2e", bundles: &[], tests: &["test"] },
];

pub struct Folder {
    pub path: &'static str,
    /// Made by `npm run build`, committed, and equal to what the sources give.
    pub bundles: &'static [&'static str],
    /// npm scripts.
    pub tests: &'static [&'static str],
}

/// Installs what the lock file names, unless it is installed.
pub fn install(root: &Path, folder: &Folder) -> Result<()> {
    let folder = root.join(folder.path);
    let lock = folder.join("package-lock.json");
    let installed = folder.join("node_modules/.package-lock.json");
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    let lock_changed = changed(&lock).with_context(|| format!("{} is missing", lock.display()))?;
    if changed(&installed).is_ok_and(|installed| installed >= lock_changed) {
        println!("{}: nothing to install", folder.display());
        return Ok(());
    }
    execute(npm(&folder).args(["ci", "--no-audit", "--no-fund"]))
}

/// Runs `npm run <script>`, with more environment.
pub fn run(root: &Path, folder: &Folder, script: &str, environment: &[(&str, &Path)]) -> Result<()> {
    let mut command = npm(&root.join(folder.path));
    command.args(["run", script]).envs(environment.iter().copied());
    execute(&mut command)
}

/// Builds the bundles and fails if one was not what it is now.
pub fn check_bundles(root: &Path) -> Result<()> {
    let mut stale = Vec::new();
    for folder in FOLDERS.iter().filter(|folder| !folder.bundles.is_empty()) {
        install(root, folder)?;
        let before = read_bundles(root, folder)?;
        run(root, folder, "build", &[])?;
        let after = read_bundles(root, folder)?;
        ensure!(!after.is_empty(), "{}: the build left nothing in {:?}", folder.path, folder.bundles);
        let paths = before.keys().chain(after.keys().filter(|path| !before.contains_key(*path)));
        stale.extend(paths.filter(|path| before.get(*path) != after.get(*path)).cloned());
    }
    if stale.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = stale.iter().map(|path| path.display().to_string()).collect();
    bail!("bundles were not what their sources give; commit them as they are now:\n  {}", list.join("\n  "))
}

/// A sentence for each npm package that is not in the list above, and for each of the list that is not there.
pub fn list_complaints(files: &[PathBuf]) -> Vec<String> {
    let locks = files.iter().filter(|path| path.ends_with("package-lock.json"));
    let folders = locks.map(|lock| lock.parent().unwrap_or(lock));
    let is_listed = |folder: &Path| FOLDERS.iter().any(|listed| Path::new(listed.path) == folder);
    let unlisted = folders.filter(|folder| !is_listed(folder));
    let mut complaints: Vec<String> =
        unlisted.map(|folder| format!("{} is not in xtask/src/npm.rs", folder.display())).collect();
    for folder in FOLDERS {
        let lock = Path::new(folder.path).join("package-lock.json");
        if !files.contains(&lock) {
            complaints.push(format!("{} is missing", lock.display()));
        }
    }
    complaints
}

/// Bundles of a folder as git has or would have them.
fn read_bundles(root: &Path, folder: &Folder) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let is_bundle = |path: &Path| {
        folder.bundles.iter().any(|bundle| path.starts_with(Path::new(folder.path).join(bundle)))
    };
    let files = workspace::files(root)?.into_iter().filter(|path| is_bundle(path));
    files.map(|path| Ok((path.clone(), fs::read(root.join(&path))?))).collect()
}

fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    command
}
