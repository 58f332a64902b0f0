//! The bytes of journals, images and replays: varints (LEB128), and texts and bytes behind their length.

use std::borrow::Cow;

/// Bytes or events that no room ever wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged room record: {what}")]
pub struct Damaged {
    pub what: Cow<'static, str>,
}

impl Damaged {
    pub(crate) fn new(what: impl Into<Cow<'static, str>>) -> Damaged {
        Damaged { what: what.into() }
    }
}

pub(crate) fn put_varint(out: &mut Vec<u8>, value: impl Into<u64>) {
    let mut value = value.into();
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

/// Present as 1 and the value, absent as 0.
pub(crate) fn put_option<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(out, value);
    }
}

pub(crate) const fn varint_bytes(value: u32) -> usize {
    match value {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        0x20_0000..0x1000_0000 => 4,
        _ => 5,
    }
}

/// Reads what the functions above wrote. Never panics, never allocates more than it was given.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.rest.split_first().ok_or_else(|| Damaged::new("it ends too early"))?;
        self.rest = rest;
        Ok(*first)
    }

    pub fn u64(&mut self) -> Result<u64, Damaged> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Damaged::new("a number is too large"))
    }

    pub fn u32(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.u64()?).map_err(|_| Damaged::new("a number is too large"))
    }

    pub fn u16(&mut self) -> Result<u16, Damaged> {
        u16::try_from(self.u64()?).map_err(|_| Damaged::new("a number is too large"))
    }

    pub fn bool(&mut self) -> Result<bool, Damaged> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Damaged::new("neither yes nor no")),
        }
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let length = self.u64()?;
        let length = usize::try_from(length).map_err(|_| Damaged::new("it ends too early"))?;
        let (bytes, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| Damaged::new("it ends too early"))?;
        self.rest = rest;
        Ok(bytes)
    }

    pub fn text(&mut self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damaged::new("a text is not UTF-8"))
    }

    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, Damaged>,
    ) -> Result<Option<T>, Damaged> {
        Ok(if self.bool()? { Some(read(self)?) } else { None })
    }

    /// A count, then so many items. A false count runs out of bytes, not out of memory.
    pub fn list<T, C: Default + Extend<T>>(
        &mut self,
        mut read: impl FnMut(&mut Reader<'a>) -> Result<T, Damaged>,
    ) -> Result<C, Damaged> {
        let count = self.u64()?;
        let mut list = C::default();
        for _ in 0..count {
            let item = read(self)?;
            list.extend([item]);
        }
        Ok(list)
    }

    pub fn end(&self) -> Result<(), Damaged> {
        if self.rest.is_empty() { Ok(()) } else { Err(Damaged::new("bytes follow its end")) }
    }
}
