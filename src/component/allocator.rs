//! The allocator: TLSF. It is 7 KB smaller than the standard library's, and its time does not depend on the state of
//! the heap.

use rlsf::{GlobalTlsf, GlobalTlsfOptions};

#[global_allocator]
static ALLOCATOR: GlobalTlsf<Options> = GlobalTlsf::new();

struct Options;

impl GlobalTlsfOptions for Options {
    // A block that grows is copied. The code to grow it in place would be larger.
    const ENABLE_REALLOCATION: bool = false;
    // Pages that the host adds are merged, so that large values leave no holes.
    const COALESCE_POOLS: bool = true;
}
