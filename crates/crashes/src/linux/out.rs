//! Writing within a signal handler: straight to a file descriptor.

use std::ffi::{CStr, c_void};

/// A file descriptor and the kernel's `write`. What cannot be written is lost; a handler has nobody to tell.
#[derive(Clone, Copy)]
pub(super) struct Out(pub i32);

impl Out {
    pub fn text(self, text: &str) -> Out {
        self.memory(text.as_ptr().cast(), text.len());
        self
    }

    pub fn number(self, number: u64) -> Out {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        let mut rest = number;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.memory(digits[at..].as_ptr().cast(), digits.len() - at);
        self
    }

    pub fn signed(self, number: i32) -> Out {
        if number < 0 {
            self.text("-");
        }
        self.number(u64::from(number.unsigned_abs()))
    }

    pub fn hex(self, number: u64) -> Out {
        let mut digits = *b"0x0000000000000000";
        for (place, digit) in digits[2..].iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(number >> (60 - 4 * place)) as usize & 15];
        }
        self.memory(digits.as_ptr().cast(), digits.len());
        self
    }

    /// Lets the kernel read memory of which we do not know whether it is there. Gives the bytes written.
    pub fn memory(self, from: *const c_void, length: usize) -> usize {
        let mut done = 0;
        while done < length {
            // SAFETY: the kernel checks the range itself and answers EFAULT for memory that is not there.
            let written = unsafe { libc::write(self.0, from.wrapping_byte_add(done), length - done) };
            match usize::try_from(written) {
                Ok(written @ 1..) => done += written,
                _ => break,
            }
        }
        done
    }

    /// A file of the kernel, as it is.
    pub fn copy_of(self, path: &CStr) {
        // SAFETY: `open`, `read` and `close` are safe in handlers; the buffer is ours.
        unsafe {
            let file = libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            if file < 0 {
                return;
            }
            let mut buffer = [0_u8; 512];
            loop {
                let read = libc::read(file, buffer.as_mut_ptr().cast(), buffer.len());
                match usize::try_from(read) {
                    Ok(read @ 1..) => self.memory(buffer.as_ptr().cast(), read),
                    _ => break,
                };
            }
            libc::close(file);
        }
    }

    /// `stack <address> <length>` with up to `length` bytes of a stack, as far as there are any.
    pub fn stack(self, from: u64, length: usize) {
        const PAGE: u64 = 4096;
        /// After an overflow the pointer stands in the guard, up to some frames' sizes below the stack.
        const PAGES_OF_GUARD: u64 = 64;

        let numbers = self.text("stack ").position();
        self.text("00000000000000000000 00000000\n");
        let mut begin = from & !7;
        let mut written = 0;
        for _ in 0..PAGES_OF_GUARD {
            written = self.memory(begin as *const c_void, length - (begin % PAGE) as usize);
            if written > 0 {
                break;
            }
            begin = (begin | (PAGE - 1)).wrapping_add(1);
        }
        self.text("\n");
        // Only now the numbers are known.
        self.put_at(numbers, &digits::<20>(begin));
        self.put_at(numbers + 21, &digits::<8>(written as u64));
    }

    fn position(self) -> i64 {
        // SAFETY: numbers only.
        unsafe { libc::lseek(self.0, 0, libc::SEEK_CUR) }
    }

    fn put_at(self, position: i64, bytes: &[u8]) {
        // SAFETY: the bytes are ours. A failure leaves the length 0, which the reader takes for damage.
        unsafe { libc::pwrite(self.0, bytes.as_ptr().cast(), bytes.len(), position) };
    }
}

fn digits<const N: usize>(number: u64) -> [u8; N] {
    let mut digits = [b'0'; N];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    digits
}
