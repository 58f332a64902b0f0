//! `jianzi game new FOLDER`.

use std::fs;
use std::path::Path;

use super::bundled;
use super::{Language, NewArgs};
use crate::commands::config::print_out;
use crate::failure::{Exit, Failure};

pub fn run(args: &NewArgs) -> Result<(), Failure> {
    let folder = &args.folder;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !is_name(name) {
        let rule = "a game's name has small letters, digits and hyphens, and begins with a letter";
        return Err(failed(format!("{} cannot be a game: {rule}", folder.display())));
    }
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(failed(format!("{} is there already; nothing was changed", folder.display())));
    }
    let files = bundled::files(args.lang, name);
    for (path, content) in &files {
        write(&folder.join(path), content)?;
    }
    print_out(&next_steps(args.lang, folder, files.len()))
}

/// A name that Cargo and npm both take.
fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 64 && name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(fits)
        // The package of Jianzi that the game uses.
        && name != "jianzi-game"
}

fn write(path: &Path, content: &str) -> Result<(), Failure> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, content));
    written.map_err(|error| failed(format!("{} cannot be written: {error}", path.display())))
}

fn next_steps(language: Language, folder: &Path, files: usize) -> String {
    let (rules, package) = match language {
        Language::Rust => ("src/lib.rs", "jianzi-game/"),
        Language::AssemblyScript => ("assembly/index.ts", "assembly/jianzi.ts"),
    };
    let folder = folder.display();
    format!(
        "{folder}: {files} files. The rules are in {rules}: tug of war, to be replaced by yours. {package} is Jianzi's.\n\
         \x20 jianzi game test {folder}     the game's own tests, without a server\n\
         \x20 jianzi game build {folder}    the module\n\
         \x20 jianzi game run {folder}      a room of it with random inputs, measured\n"
    )
}

fn failed(message: String) -> Failure {
    Failure::new(Exit::Failed, message)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_fit_cargo_and_npm() {
        for good in ["a", "snow-race", "match3"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "3match", "Snow", "snow_race", "毽子", "-a", "a/b", "a b", "jianzi-game"] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
