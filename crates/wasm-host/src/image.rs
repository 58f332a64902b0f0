//! A room's image: everything that its later calls depend on and a fresh instance has not.
//!
//! Layout, little-endian: format `u8` = 1 · first 8 bytes of the module's hash · pages of memory (64 KiB) `u32` · chance
//! `u64` · the variable globals in the order of the module, each as wide as its type · number of blocks `u32` · their
//! indices `u32`, rising · their contents, 4 KiB each.
//!
//! Blocks equal to those of a fresh instance are left out. That is smaller and faster than leaving out zeros, and the rest
//! stays shared between rooms. It rests on every fresh instance of a module being equal.

use std::borrow::Cow;

use room_core::Damaged;
use room_core::modules::ModuleHash;
use wasmtime::{Val, ValType};

pub(crate) const BLOCK: usize = 4096;

const FORMAT: u8 = 1;
const ZEROS: [u8; BLOCK] = [0; BLOCK];

/// What is the same in every fresh instance of a module.
pub(crate) struct Pristine {
    /// Memory up to its last block that is not zero.
    memory: Vec<u8>,
    pub pages: u32,
    pub globals: Vec<ValType>,
}

impl Pristine {
    pub fn new(memory: &[u8], globals: Vec<ValType>) -> Pristine {
        let used = memory.chunks_exact(BLOCK).rposition(|block| block != ZEROS).map_or(0, |last| last + 1);
        let pages = (memory.len() / (64 * 1024)) as u32;
        Pristine { memory: memory[..used * BLOCK].to_vec(), pages, globals }
    }

    fn block(&self, index: usize) -> &[u8] {
        self.memory.get(index * BLOCK..(index + 1) * BLOCK).unwrap_or(&ZEROS)
    }
}

/// Writes an image. `globals` in the module's order, of the types that [`Pristine`] tells.
pub(crate) fn write(
    module: &ModuleHash,
    pristine: &Pristine,
    memory: &[u8],
    globals: &[Val],
    chance: u64,
    out: &mut Vec<u8>,
) {
    out.push(FORMAT);
    out.extend_from_slice(&module.0[..8]);
    out.extend_from_slice(&((memory.len() / (64 * 1024)) as u32).to_le_bytes());
    out.extend_from_slice(&chance.to_le_bytes());
    for global in globals {
        put_global(global, out);
    }
    let count_at = out.len();
    out.extend_from_slice(&[0; 4]);
    let mut count: u32 = 0;
    for (index, block) in memory.chunks_exact(BLOCK).enumerate() {
        if block != pristine.block(index) {
            out.extend_from_slice(&(index as u32).to_le_bytes());
            count += 1;
        }
    }
    out[count_at..count_at + 4].copy_from_slice(&count.to_le_bytes());
    let indices = count_at + 4..out.len();
    out.reserve(count as usize * BLOCK);
    for at in indices.step_by(4) {
        let index = u32::from_le_bytes([out[at], out[at + 1], out[at + 2], out[at + 3]]) as usize;
        out.extend_from_slice(&memory[index * BLOCK..(index + 1) * BLOCK]);
    }
}

/// An image that was read and found whole.
pub(crate) struct Image<'a> {
    pub pages: u32,
    pub chance: u64,
    pub globals: Vec<Val>,
    indices: &'a [[u8; 4]],
    contents: &'a [u8],
}

impl<'a> Image<'a> {
    pub fn read(
        mut bytes: &'a [u8],
        module: &ModuleHash,
        pristine: &Pristine,
        most_pages: u32,
    ) -> Result<Image<'a>, Damaged> {
        let input = &mut bytes;
        let format = take::<1>(input)?[0];
        if format != FORMAT {
            return Err(damaged(format!("an image of format {format}")));
        }
        if take::<8>(input)? != module.0[..8] {
            return Err(damaged("the image of another module"));
        }
        let pages = u32::from_le_bytes(take(input)?);
        if pages < pristine.pages || pages > most_pages {
            return Err(damaged(format!("an image of {pages} pages")));
        }
        let chance = u64::from_le_bytes(take(input)?);
        let globals = pristine.globals.iter().map(|ty| take_global(ty, input)).collect::<Result<_, _>>()?;
        let count = u32::from_le_bytes(take(input)?) as usize;
        let (indices, contents) = count
            .checked_mul(4)
            .and_then(|bytes| input.split_at_checked(bytes))
            .ok_or_else(|| damaged("an image that is cut"))?;
        let (indices, _) = indices.as_chunks::<4>();
        let blocks = pages as usize * (64 * 1024 / BLOCK);
        let numbers = || indices.iter().map(|index| u32::from_le_bytes(*index) as usize);
        if contents.len() != count * BLOCK || !numbers().is_sorted_by(|one, next| one < next) {
            return Err(damaged("an image whose blocks are not whole or not in order"));
        }
        if numbers().next_back().is_some_and(|last| last >= blocks) {
            return Err(damaged("an image with a block outside of its memory"));
        }
        Ok(Image { pages, chance, globals, indices, contents })
    }

    /// Makes the memory of a fresh instance, grown to this image's size, what it was.
    pub fn put_into_fresh(&self, memory: &mut [u8]) {
        for (index, content) in self.blocks() {
            memory[index * BLOCK..(index + 1) * BLOCK].copy_from_slice(content);
        }
    }

    /// The same for the memory of any instance of the module that has the same size.
    pub fn put_into(&self, memory: &mut [u8], pristine: &Pristine) {
        let mut kept = self.blocks().peekable();
        for (index, block) in memory.chunks_exact_mut(BLOCK).enumerate() {
            let content = match kept.next_if(|(at, _)| *at == index) {
                Some((_, content)) => content,
                None => pristine.block(index),
            };
            // A page that is equal stays shared.
            if block != content {
                block.copy_from_slice(content);
            }
        }
    }

    fn blocks(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let indices = self.indices.iter().map(|index| u32::from_le_bytes(*index) as usize);
        indices.zip(self.contents.chunks_exact(BLOCK))
    }
}

fn put_global(global: &Val, out: &mut Vec<u8>) {
    match global {
        Val::I32(value) => out.extend_from_slice(&value.to_le_bytes()),
        Val::I64(value) => out.extend_from_slice(&value.to_le_bytes()),
        Val::F32(bits) => out.extend_from_slice(&bits.to_le_bytes()),
        Val::F64(bits) => out.extend_from_slice(&bits.to_le_bytes()),
        Val::V128(value) => out.extend_from_slice(&value.as_u128().to_le_bytes()),
        // Modules with variable references are refused.
        _ => {}
    }
}

fn take_global(ty: &ValType, input: &mut &[u8]) -> Result<Val, Damaged> {
    Ok(match ty {
        ValType::I32 => Val::I32(i32::from_le_bytes(take(input)?)),
        ValType::I64 => Val::I64(i64::from_le_bytes(take(input)?)),
        ValType::F32 => Val::F32(u32::from_le_bytes(take(input)?)),
        ValType::F64 => Val::F64(u64::from_le_bytes(take(input)?)),
        ValType::V128 => Val::V128(u128::from_le_bytes(take(input)?).into()),
        ValType::Ref(_) => return Err(damaged("the image of a reference")),
    })
}

fn take<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], Damaged> {
    let (taken, rest) = input.split_first_chunk().ok_or_else(|| damaged("an image that is cut"))?;
    *input = rest;
    Ok(*taken)
}

pub(crate) fn damaged(what: impl Into<Cow<'static, str>>) -> Damaged {
    Damaged { what: what.into() }
}
