//! The allocator: TLSF, which is 7 KB smaller than the one that comes with std, and as quick however memory is used.

use rlsf::{GlobalTlsf, GlobalTlsfOptions};

#[global_allocator]
static ALLOCATOR: GlobalTlsf<Options> = GlobalTlsf::new();

struct Options;

impl GlobalTlsfOptions for Options {
    // What grows is copied: a special way for it would be larger by itself.
    const ENABLE_REALLOCATION: bool = false;
    // Pages that the host gives one after another are one pool: else large values would leave holes.
    const COALESCE_POOLS: bool = true;
}
