//! The files of a new game, carried by the binary: a new game needs nothing from a registry to begin with.

use super::Language;

/// Where a new game's name goes in.
pub const NAME: &str = "my-game";

/// Path in the new folder, content.
type File = (&'static str, &'static str);

macro_rules! rust {
    ($path:literal) => {
        include_str!(concat!("../../../../../sdk/game-rust/", $path))
    };
}

macro_rules! assembly_script {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../../../sdk/game-assemblyscript/", $path)))
    };
}

const RUST: &[File] = &[
    ("Cargo.toml", rust!("template/Cargo.toml")),
    (".cargo/config.toml", rust!("template/.cargo/config.toml")),
    (".gitignore", rust!("template/.gitignore")),
    ("src/lib.rs", rust!("template/src/lib.rs")),
    ("jianzi-game/Cargo.toml", rust!("Cargo.toml")),
    ("jianzi-game/src/arguments.rs", rust!("src/arguments.rs")),
    ("jianzi-game/src/exports.rs", rust!("src/exports.rs")),
    ("jianzi-game/src/lib.rs", rust!("src/lib.rs")),
    ("jianzi-game/src/recorder.rs", rust!("src/recorder.rs")),
    ("jianzi-game/src/room.rs", rust!("src/room.rs")),
    ("jianzi-game/src/small.rs", rust!("src/small.rs")),
    ("jianzi-game/src/testing.rs", rust!("src/testing.rs")),
];

const ASSEMBLY_SCRIPT: &[File] = &[
    assembly_script!("package.json"),
    assembly_script!("asconfig.json"),
    assembly_script!("tsconfig.json"),
    (".gitignore", "/dist\nnode_modules\n"),
    assembly_script!("assembly/index.ts"),
    assembly_script!("assembly/jianzi.ts"),
    assembly_script!("testing/room.mjs"),
    assembly_script!("testing/room.d.mts"),
    assembly_script!("test/tug_of_war.test.mjs"),
];

/// Path and content of every file of a new game.
pub fn files(language: Language, name: &str) -> Vec<(&'static str, String)> {
    let (files, manifest, placeholder) = match language {
        Language::Rust => (RUST, "Cargo.toml", NAME),
        Language::AssemblyScript => (ASSEMBLY_SCRIPT, "package.json", "jianzi-game-assemblyscript"),
    };
    let named = |path: &str, content: &str| match path == manifest {
        true => content.replacen(placeholder, name, 1),
        false => content.to_owned(),
    };
    files.iter().map(|(path, content)| (*path, named(path, content))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn no_source_of_the_guest_packages_is_forgotten() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk");
        let in_folder = |folder: &str| -> BTreeSet<String> {
            let entries = std::fs::read_dir(sdk.join(folder)).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let carried = |files: &[File], folder: &str| -> BTreeSet<String> {
            let names = files.iter().filter_map(|(path, _)| path.strip_prefix(folder)?.strip_prefix('/'));
            names.map(str::to_owned).collect()
        };
        assert_eq!(carried(RUST, "jianzi-game/src"), in_folder("game-rust/src"));
        assert_eq!(carried(RUST, "src"), in_folder("game-rust/template/src"));
        for folder in ["assembly", "testing", "test"] {
            assert_eq!(carried(ASSEMBLY_SCRIPT, folder), in_folder(&format!("game-assemblyscript/{folder}")));
        }
    }

    #[test]
    fn the_name_goes_into_the_manifest_alone() {
        let of = |language, wanted: &str| {
            let files = files(language, "snow-race");
            files.into_iter().find(|(path, _)| *path == wanted).expect("it is there").1
        };
        assert!(of(Language::Rust, "Cargo.toml").contains("name = \"snow-race\""));
        assert!(of(Language::Rust, "jianzi-game/Cargo.toml").contains("name = \"jianzi-game\""));
        assert!(of(Language::AssemblyScript, "package.json").contains("\"name\": \"snow-race\""));
    }
}
