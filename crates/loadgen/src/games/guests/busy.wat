;; Burns nearly all the fuel of a call (50 million) in every tick, and ends well.
(module
  (import "jianzi" "broadcast" (func $broadcast (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "jz_abi") (result i32) (i32.const 1))
  (func (export "jz_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "jz_init") (param i32 i32) (result i32) (i32.const 0))
  (func (export "jz_join") (param i32 i32 i32) (result i32) (i32.const 0))
  (func (export "jz_leave") (param i32 i32) (result i32) (i32.const 0))
  (func (export "jz_input") (param i32 i32 i32) (result i32) (i32.const 0))
  (func (export "jz_tick") (param $number i32) (result i32)
    (local $left i32)
    (local.set $left (i32.const 9000000))
    (loop $again ;; 5 units of fuel each time
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.store (i32.const 0) (local.get $number))
    (call $broadcast (i32.const 0) (i32.const 4))
    (i32.const 0)))
