;; A guest that asks one question and leaves its connection marked idle without dropping it.
(component
  (import "drsession:session/socket@0.1.0" (instance $socket
    (type $error-cases (variant
      (case "name-not-found" string)
      (case "refused")
      (case "unreachable")
      (case "timed-out")
      (case "closed")
      (case "denied" string)
      (case "tls" string)
      (case "unsupported" string)
      (case "other" string)))
    (export "error" (type $error (eq $error-cases)))
    (type $address-cases (variant
      (case "tcp" (tuple string u16))
      (case "tls" (tuple string u16))
      (case "unix" string)))
    (export "address" (type $address (eq $address-cases)))
    (type $timeouts-fields (record (field "connect" u32) (field "answer" u32)))
    (export "timeouts" (type $timeouts (eq $timeouts-fields)))
    (export "connection" (type $connection (sub resource)))
    (export "now" (func (result u64)))
    (export "wait" (func (param "milliseconds" u32)))
    (export "[static]connection.connect" (func
      (param "to" $address) (param "timeouts" $timeouts) (param "state" string)
      (result (result (own $connection) (error $error)))))
    (export "[method]connection.reused" (func (param "self" (borrow $connection)) (result bool)))
    (export "[method]connection.set-state" (func (param "self" (borrow $connection)) (param "state" string)))
    (export "[method]connection.set-idle" (func (param "self" (borrow $connection))))
    (export "[method]connection.write" (func
      (param "self" (borrow $connection)) (param "bytes" (list u8))
      (result (result (error $error)))))
    (export "[method]connection.read" (func
      (param "self" (borrow $connection)) (param "max" u32)
      (result (result (list u8) (error $error)))))))

  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 0) "127.0.0.1")
    (data (i32.const 16) "user 1")
    (data (i32.const 32) "PING\0d\0a")
    ;; What comes from the host goes to 1024 and following: nothing is kept that long.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $m))
  (alias core export $memory "realloc" (core func $realloc))

  (core func $now (canon lower (func $socket "now")))
  (core func $wait (canon lower (func $socket "wait")))
  (core func $connect (canon lower (func $socket "[static]connection.connect") (memory $m) (realloc $realloc)))
  (core func $reused (canon lower (func $socket "[method]connection.reused")))
  (core func $set-state (canon lower (func $socket "[method]connection.set-state") (memory $m)))
  (core func $set-idle (canon lower (func $socket "[method]connection.set-idle")))
  (core func $write (canon lower (func $socket "[method]connection.write") (memory $m) (realloc $realloc)))
  (core func $read (canon lower (func $socket "[method]connection.read") (memory $m) (realloc $realloc)))

  (core module $guest
    (import "memory" "memory" (memory 1))
    (import "socket" "now" (func $now (result i64)))
    (import "socket" "wait" (func $wait (param i32)))
    (import "socket" "connect" (func $connect (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "socket" "reused" (func $reused (param i32) (result i32)))
    (import "socket" "set-state" (func $set-state (param i32 i32 i32)))
    (import "socket" "set-idle" (func $set-idle (param i32)))
    (import "socket" "write" (func $write (param i32 i32 i32 i32)))
    (import "socket" "read" (func $read (param i32 i32 i32)))

    ;; Traps unless the result at 64 is `ok`.
    (func $expect-ok
      (if (i32.load8_u (i32.const 64)) (then unreachable)))

    ;; 0: a new connection, 1: a reused one, 100 and more: the error's case.
    (func (export "exchange") (param $port i32) (result i32)
      (local $connection i32)
      (call $connect
        (i32.const 0) (i32.const 0) (i32.const 9) (local.get $port)
        (i32.const 20000) (i32.const 20000)
        (i32.const 16) (i32.const 6)
        (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then
        (return (i32.add (i32.const 100) (i32.load8_u (i32.const 68))))))
      (local.set $connection (i32.load (i32.const 68)))
      (call $write (local.get $connection) (i32.const 32) (i32.const 6) (i32.const 64))
      (call $expect-ok)
      (call $read (local.get $connection) (i32.const 7) (i32.const 64))
      (call $expect-ok)
      (if (i32.ne (i32.load (i32.const 72)) (i32.const 7)) (then unreachable))
      (call $set-state (local.get $connection) (i32.const 16) (i32.const 6))
      (call $set-idle (local.get $connection))
      (call $reused (local.get $connection)))

    ;; The milliseconds that a pause of so many takes.
    (func (export "pause") (param $milliseconds i32) (result i64)
      (local $begun i64)
      (local.set $begun (call $now))
      (call $wait (local.get $milliseconds))
      (i64.sub (call $now) (local.get $begun))))
  (core instance $guest (instantiate $guest
    (with "memory" (instance $memory))
    (with "socket" (instance
      (export "now" (func $now))
      (export "wait" (func $wait))
      (export "connect" (func $connect))
      (export "reused" (func $reused))
      (export "set-state" (func $set-state))
      (export "set-idle" (func $set-idle))
      (export "write" (func $write))
      (export "read" (func $read))))))

  (func (export "exchange") (param "port" u16) (result u32) (canon lift (core func $guest "exchange")))
  (func (export "pause") (param "milliseconds" u32) (result u64) (canon lift (core func $guest "pause"))))
