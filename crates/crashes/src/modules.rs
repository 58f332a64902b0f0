//! What was mapped where: the program and its libraries, as `/proc/self/maps` lists them.

use std::fs::File;
use std::ops::Range;

use object::read::ReadCache;
use object::{Object, ObjectSection, ObjectSegment, SegmentFlags};

/// One line of `/proc/self/maps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub range: Range<u64>,
    pub readable: bool,
    pub writable: bool,
    pub executable: bool,
    /// Where in the file it begins.
    pub offset: u64,
    /// Empty for memory without a file.
    pub path: String,
}

/// A file of which code was mapped, and what unwinding needs of it.
pub(crate) struct Module {
    pub path: String,
    /// Where it lay.
    pub range: Range<u64>,
    /// Address in memory minus address as the file counts.
    pub bias: u64,
    pub eh_frame: Option<Section>,
    pub eh_frame_hdr: Option<Section>,
    pub text: Option<Section>,
    /// The lowest address as the file counts.
    pub base: u64,
}

pub(crate) struct Section {
    /// As the file counts.
    pub address: u64,
    pub bytes: Vec<u8>,
}

impl Mapping {
    /// `None` if it is no such line.
    pub fn read(line: &str) -> Option<Mapping> {
        let mut rest = line;
        let mut word = || {
            let (word, later) = rest.trim_start().split_once(' ').unwrap_or((rest.trim_start(), ""));
            rest = later;
            word
        };
        let (begin, end) = word().split_once('-')?;
        let hex = |text: &str| u64::from_str_radix(text, 16).ok();
        let range = hex(begin)?..hex(end)?;
        let rights = word();
        let offset = hex(word())?;
        let (_device, _inode) = (word(), word());
        Some(Mapping {
            range,
            readable: rights.starts_with('r'),
            writable: rights.as_bytes().get(1) == Some(&b'w'),
            executable: rights.as_bytes().get(2) == Some(&b'x'),
            offset,
            path: rest.trim().trim_end_matches(" (deleted)").to_owned(),
        })
    }
}

/// Reads the files of which code was mapped; those that are gone or no ELF files are left out.
pub(crate) fn modules(maps: &[Mapping]) -> Vec<Module> {
    let mut paths: Vec<&str> = maps
        .iter()
        .filter(|mapping| mapping.executable && mapping.path.starts_with('/'))
        .map(|mapping| mapping.path.as_str())
        .collect();
    paths.dedup();
    paths.into_iter().filter_map(|path| module(path, maps)).collect()
}

fn module(path: &str, maps: &[Mapping]) -> Option<Module> {
    let cache = ReadCache::new(File::open(path).ok()?);
    let file = object::File::parse(&cache).ok()?;
    let own = || maps.iter().filter(|mapping| mapping.path == path);
    let code = own().find(|mapping| mapping.executable)?;
    // The linker may place the file's pages at addresses that differ from their offsets.
    let segment = file.segments().find(|segment| {
        const EXECUTABLE: u32 = 1;
        let code_flag = matches!(segment.flags(), SegmentFlags::Elf { p_flags } if p_flags & EXECUTABLE != 0);
        let (offset, size) = segment.file_range();
        // A mapping begins at a page, the segment anywhere in it.
        code_flag && (offset & !0xFFF) <= code.offset && code.offset < offset.saturating_add(size)
    })?;
    let bias = code
        .range
        .start
        .wrapping_sub(segment.address().wrapping_sub(segment.file_range().0).wrapping_add(code.offset));
    let section = |name: &str| {
        let section = file.section_by_name(name)?;
        Some(Section { address: section.address(), bytes: section.data().ok()?.to_vec() })
    };
    Some(Module {
        path: path.to_owned(),
        range: own().map(|m| m.range.start).min()?..own().map(|m| m.range.end).max()?,
        bias,
        eh_frame: section(".eh_frame"),
        eh_frame_hdr: section(".eh_frame_hdr"),
        text: section(".text"),
        base: file.segments().map(|segment| segment.address()).min().unwrap_or(0),
    })
}

/// The mark that the linker gave a file, in hex; empty if it gave none or the file cannot be read.
pub(crate) fn build_id(path: &std::path::Path) -> String {
    let read = || {
        let cache = ReadCache::new(File::open(path).ok()?);
        let file = object::File::parse(&cache).ok()?;
        let id = file.build_id().ok()??;
        Some(id.iter().map(|byte| format!("{byte:02x}")).collect())
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernel_are_read() {
        let line = "55d0c0a00000-55d0c0a21000 r-xp 00012000 08:01 131 /opt/my app/jianzi (deleted)";
        let mapping = Mapping::read(line).unwrap();
        assert_eq!(mapping.range, 0x55d0_c0a0_0000..0x55d0_c0a2_1000);
        assert!(mapping.readable && !mapping.writable && mapping.executable);
        assert_eq!((mapping.offset, mapping.path.as_str()), (0x12000, "/opt/my app/jianzi"));
        let anonymous = Mapping::read("7f00-8f00 ---p 00000000 00:00 0 ").unwrap();
        assert!(anonymous.path.is_empty() && !anonymous.readable);
        for bad in ["", "x", "12-", "12-zz r-xp 0"] {
            assert_eq!(Mapping::read(bad), None, "{bad:?}");
        }
    }
}
