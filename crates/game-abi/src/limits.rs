//! What a guest may cost. Part of the ABI: whether a call ends badly must depend on the module alone, not on the node.
//! A later version of the ABI may widen a limit; none is ever narrowed.

/// Of a module's file, in bytes.
pub const MODULE_BYTES: usize = 4 << 20;
/// Of linear memory, in pages of 64 KiB: 16 MiB.
pub const MEMORY_PAGES: u32 = 256;
/// Of the module's one table.
pub const TABLE_ELEMENTS: u32 = 4096;
/// Variable globals of a module: an image holds each of them.
pub const VARIABLE_GLOBALS: usize = 1024;
/// Of the stack that the compiled code uses, in bytes; how deep that is depends on the compiler.
pub const STACK_BYTES: usize = 1 << 20;

/// Fuel of `jz_init` (with start section and `_initialize`), `jz_load` and `jz_save`. About 10⁷ are a millisecond.
pub const FUEL_RARE_CALL: u64 = 200_000_000;
/// Fuel of every other call.
pub const FUEL_CALL: u64 = 50_000_000;

/// Fuel of calling an import, besides one for each byte that it is handed: the host's work is paid like the guest's own.
pub const FUEL_IMPORT: u64 = 200;

/// Of one message: `send`, `broadcast`, an effect's data.
pub const MESSAGE_BYTES: usize = 32 * 1024;
/// Of all messages and effects of one call; answers do not count.
pub const SAID_BYTES: usize = 64 * 1024;
/// Messages, effects and ends of one call.
pub const SAID_ITEMS: usize = 1024;
/// Of the answer to `jz_view`.
pub const VIEW_BYTES: usize = 48 * 1024;
/// Of the answer to `jz_save`.
pub const SAVE_BYTES: usize = 4 << 20;
/// Of the result that `end` tells.
pub const RESULT_BYTES: usize = 4096;
/// Of an effect's kind and a metric's name.
pub const NAME_BYTES: usize = 64;

/// A longer log line is cut.
pub const LOG_BYTES: usize = 1024;
/// Log lines of one call; more are dropped.
pub const LOG_LINES: usize = 64;
/// Metrics of one call; more are dropped.
pub const METRICS: usize = 64;
