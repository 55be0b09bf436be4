//! The randomness that components ask for. It is none: what is counted has to be the same each time.

use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::component::Linker;

/// Gives guests the import `wasi:random/random`, whose bytes are those of a counter: no two calls get the same.
///
/// # Errors
///
/// The linker has that import already.
pub fn add_to_linker<T: 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    let next = AtomicU64::new(1);
    linker.instance("wasi:random/random@0.2.0")?.func_wrap("get-random-bytes", move |_, (length,): (u64,)| {
        let number = next.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        let bytes: Vec<u8> = number.into_iter().cycle().take(usize::try_from(length)?).collect();
        Ok((bytes,))
    })
}
