//! Compiled code in a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use room_core::modules::Call;
use wasm_host::{NotStarted, WasmConfig, WasmHost};

use crate::game::{ask, game, start_on};

fn host_with(folder: &Path) -> Result<WasmHost, NotStarted> {
    WasmHost::new(WasmConfig { cache: Some(folder.to_owned()), ..WasmConfig::new(2) })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn compiled_code_is_kept_and_used_again() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("compiled");
    let module = game(&[]);
    start_on(&host_with(&folder).unwrap(), &module);
    let kept = files(&folder);
    let [file] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let written = fs::metadata(file).unwrap().modified().unwrap();

    ask(&mut *start_on(&host_with(&folder).unwrap(), &module), Call::Tick { number: 1 });
    assert_eq!(files(&folder), kept);
    assert_eq!(fs::metadata(file).unwrap().modified().unwrap(), written, "it was not compiled again");
}

#[test]
fn damaged_files_are_compiled_again() {
    let root = tempfile::tempdir().unwrap();
    let module = game(&[]);
    start_on(&host_with(root.path()).unwrap(), &module);
    let file = files(root.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    for damaged in
        [Vec::new(), whole[..whole.len() - 1].to_vec(), flipped(0), flipped(8), flipped(whole.len() / 2)]
    {
        fs::write(&file, damaged).unwrap();
        ask(&mut *start_on(&host_with(root.path()).unwrap(), &module), Call::Tick { number: 1 });
        assert!(fs::read(&file).unwrap() == whole, "it was written anew");
    }
}

/// Whole by its checksum, but nothing that the engine compiled.
#[test]
fn a_file_of_another_engine_is_compiled_again() {
    let root = tempfile::tempdir().unwrap();
    let module = game(&[]);
    start_on(&host_with(root.path()).unwrap(), &module);
    let file = files(root.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    let code = b"not an object file";
    let checksum = ring::digest::digest(&ring::digest::SHA256, code);
    fs::write(&file, [&whole[..8], checksum.as_ref(), code].concat()).unwrap();
    ask(&mut *start_on(&host_with(root.path()).unwrap(), &module), Call::Tick { number: 1 });
    assert!(fs::read(&file).unwrap() == whole);
}

#[test]
fn old_files_make_room() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..70 {
        let old = fs::File::create(root.path().join(format!("{number}-old.cwasm"))).unwrap();
        old.set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    let other = root.path().join("readme.txt");
    fs::write(&other, "not ours").unwrap();
    start_on(&host_with(root.path()).unwrap(), &game(&[]));
    let left = files(root.path());
    assert_eq!(left.len(), 64 + 1);
    assert!(left.contains(&other));
    let kept =
        fs::metadata(left.iter().max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap()).unwrap();
    assert!(kept.len() > 1000, "the new one is there");
}

#[test]
fn a_folder_that_others_could_write_is_refused() {
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o770)).unwrap();
    let refused = host_with(root.path()).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("others may not write there"), "{refused}");
}
