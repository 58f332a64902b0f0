//! The compiler and its settings. They decide what a guest can observe and what fuel counts, so a change here changes
//! which calls end badly: see `docs/decisions/0014-wasm-host.md`.

use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OperatorCost, OptLevel, PoolingAllocationConfig, Strategy,
    WasmFeatures,
};

use crate::config::WasmConfig;

/// What of WebAssembly a module may use: version 2 (with SIMD, reference types and bulk memory) and constant expressions.
/// Off: whatever differs between machines (relaxed SIMD, threads) or does not fit an image (objects of the host's
/// collector, exceptions), memories beyond one of 32 bits, and tail calls.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::BULK_MEMORY_OPT)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::EXTENDED_CONST);

/// Instances beside those of rooms: a module that is being prepared tries itself out.
const SPARE: u32 = 4;

const PAGE_BYTES: usize = 64 * 1024;

/// An engine with room for so many guests.
pub(crate) fn engine(config: &WasmConfig, rooms: u32) -> Result<Engine, wasmtime::Error> {
    Engine::new(&settings(config, rooms))
}

fn settings(config: &WasmConfig, rooms: u32) -> Config {
    let limits = &config.limits;
    let mut settings = Config::new();
    settings
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .wasm_features(FEATURES.complement(), false)
        .wasm_features(FEATURES, true)
        // The same bits on every processor.
        .cranelift_nan_canonicalization(true)
        .consume_fuel(true)
        .operator_cost(operator_cost())
        .epoch_interruption(true)
        .max_wasm_stack(limits.stack_bytes)
        // A fresh instance maps the module's image and copies a page when it is written.
        .memory_init_cow(true)
        .parallel_compilation(config.compile_in_parallel)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(config, rooms)));
    settings
}

/// One for an instruction, as Wasmtime has it, and as much as can be for a page of memory, which would otherwise be free:
/// a fine, not a bound; the bound is the limit of pages.
fn operator_cost() -> OperatorCost {
    let mut cost = OperatorCost::new();
    cost.variable.memory_grow_per_page = u8::MAX;
    cost
}

/// The default reservation of 4 GiB for each memory stays: with less, every access would be checked by instructions.
fn pool(config: &WasmConfig, rooms: u32) -> PoolingAllocationConfig {
    let instances = rooms.saturating_add(SPARE);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(instances)
        .total_memories(instances)
        .total_tables(instances)
        .max_memories_per_module(1)
        .max_tables_per_module(1)
        .max_memory_size(config.limits.memory_pages as usize * PAGE_BYTES)
        .table_elements(config.limits.table_elements as usize);
    pool
}
