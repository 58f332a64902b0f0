//! Names for addresses, from the debug information or the symbol table of the files.

use std::collections::HashMap;

use addr2line::Loader;

use crate::modules::Module;
use crate::report::Frame;

/// Opens each file once, when its first address comes.
#[derive(Default)]
pub(crate) struct Symbols {
    loaders: HashMap<String, Option<Loader>>,
}

impl Symbols {
    /// The calls at this address: inlined ones first, then the function that holds them. Never empty.
    pub fn frames(&mut self, address: u64, is_return: bool, modules: &[Module]) -> Vec<Frame> {
        match modules.iter().find(|module| module.range.contains(&address)) {
            None => vec![Frame { address, ..Frame::default() }],
            Some(module) => {
                let offset = address.wrapping_sub(module.bias);
                self.named(address, offset, is_return, &module.path)
            }
        }
    }

    /// The same for an address of which file and offset are known.
    pub fn named(&mut self, address: u64, offset: u64, is_return: bool, path: &str) -> Vec<Frame> {
        let bare = Frame { address, module: path.to_owned(), offset, ..Frame::default() };
        let loader = self.loaders.entry(path.to_owned()).or_insert_with(|| Loader::new(path).ok());
        let Some(loader) = loader else { return vec![bare] };
        // A call that never returns may be the last instruction of its function: look within the call.
        let probe = offset.wrapping_sub(u64::from(is_return));
        let mut frames = Vec::new();
        if let Ok(mut found) = loader.find_frames(probe) {
            while let Ok(Some(call)) = found.next() {
                let function = call.function.and_then(|name| Some(name.demangle().ok()?.into_owned()));
                let (file, line) = match call.location {
                    Some(place) => (place.file.map(short), place.line),
                    None => (None, None),
                };
                frames.push(Frame { function, file, line, ..bare.clone() });
            }
        }
        if let Some(last) = frames.last_mut().filter(|frame| frame.function.is_none()) {
            last.function = loader.find_symbol(probe).map(demangled);
        }
        if frames.is_empty() {
            frames.push(Frame { function: loader.find_symbol(probe).map(demangled), ..bare });
        }
        frames
    }
}

fn demangled(name: &str) -> String {
    addr2line::demangle_auto(name.into(), None).into_owned()
}

/// Without the folders of the machine that built it: `crates/…/file.rs`, `library/std/…`, `package-1.0/src/…`.
fn short(file: &str) -> String {
    let marks: [(&str, usize); 4] = [("/crates/", 1), ("/library/", 1), ("/registry/src/", 14), ("/src/", 1)];
    for (mark, skip) in marks {
        if let Some(at) = file.rfind(mark).filter(|_| mark != "/registry/src/").or_else(|| file.find(mark)) {
            let rest = &file[at + skip..];
            // Behind the registry's own folder.
            return match mark {
                "/registry/src/" => rest.split_once('/').map_or(rest, |(_, rest)| rest).to_owned(),
                _ => rest.to_owned(),
            };
        }
    }
    file.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_without_the_builders_folders() {
        for (file, shown) in [
            ("/home/a/jianzi/crates/rooms/src/shard/turn.rs", "crates/rooms/src/shard/turn.rs"),
            ("/rustc/f2d3/library/std/src/thread/mod.rs", "library/std/src/thread/mod.rs"),
            ("/home/a/.cargo/registry/src/index-1/tokio-1.0.0/src/task.rs", "tokio-1.0.0/src/task.rs"),
            ("relative.rs", "relative.rs"),
        ] {
            assert_eq!(short(file), shown);
        }
    }
}
