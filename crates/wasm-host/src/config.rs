//! What the host is given: how many rooms, where to keep compiled code, what a guest may cost.

use std::path::PathBuf;
use std::time::Duration;

/// What one node chooses, and the limits, which must be equal wherever a room may run.
#[derive(Clone, Debug)]
pub struct WasmConfig {
    /// Guests that can exist at the same time, one for each room. Address space is reserved for all of them (4 GiB each,
    /// memory is not), and each takes [`MAPPINGS_PER_ROOM`](crate::MAPPINGS_PER_ROOM) mappings of the process.
    pub rooms: u32,
    /// A folder for compiled modules; it must belong to this process's user and nobody else may write there. None: every
    /// start compiles again.
    pub cache: Option<PathBuf>,
    /// Compile with all processors; else with one.
    pub compile_in_parallel: bool,
    /// After this time a call is interrupted, whatever fuel it has left. The last resort, for a machine that is far
    /// slower than fuel assumes: what it ends is no function of the room's log and has to be recorded.
    pub interrupt_after: Duration,
    pub limits: Limits,
}

/// What a guest may cost. The defaults are those of the ABI (`game_abi::limits`). Whoever changes them changes which calls
/// end badly: they must be the same on all nodes, and no tighter than when a journal that may still be replayed was
/// written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of a module's file.
    pub module_bytes: usize,
    /// Of linear memory, in pages of 64 KiB.
    pub memory_pages: u32,
    pub table_elements: u32,
    /// Of the compiled code's stack, in bytes. The calling thread's own stack must be larger by 512 KiB at least.
    pub stack_bytes: usize,
    pub fuel: Fuel,
    /// Of one message.
    pub message_bytes: usize,
    /// Of all messages and effects of one call.
    pub said_bytes: usize,
    /// Messages, effects and ends of one call.
    pub said_items: usize,
    /// Of the answer to `jz_view`.
    pub view_bytes: usize,
    /// Of the answer to `jz_save`.
    pub save_bytes: usize,
}

/// Fuel by kind of call; about 10⁷ are a millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fuel {
    /// Includes the start section and `_initialize`, which have as much once more.
    pub init: u64,
    pub load: u64,
    pub save: u64,
    /// Of every other call.
    pub call: u64,
}

impl WasmConfig {
    /// The limits of the ABI, no folder for compiled code.
    pub fn new(rooms: u32) -> WasmConfig {
        WasmConfig {
            rooms,
            cache: None,
            compile_in_parallel: true,
            interrupt_after: Duration::from_secs(1),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        use game_abi::limits as abi;
        Limits {
            module_bytes: abi::MODULE_BYTES,
            memory_pages: abi::MEMORY_PAGES,
            table_elements: abi::TABLE_ELEMENTS,
            stack_bytes: abi::STACK_BYTES,
            fuel: Fuel {
                init: abi::FUEL_RARE_CALL,
                load: abi::FUEL_RARE_CALL,
                save: abi::FUEL_RARE_CALL,
                call: abi::FUEL_CALL,
            },
            message_bytes: abi::MESSAGE_BYTES,
            said_bytes: abi::SAID_BYTES,
            said_items: abi::SAID_ITEMS,
            view_bytes: abi::VIEW_BYTES,
            save_bytes: abi::SAVE_BYTES,
        }
    }
}
