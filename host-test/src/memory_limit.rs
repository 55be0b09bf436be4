//! How much memory a guest may have, and how much it has.

use wasmtime::{ResourceLimiter, Result, StoreLimits, StoreLimitsBuilder};

/// Holds one store's guests to a limit, and counts.
pub(crate) struct MemoryLimit {
    limits: StoreLimits,
    allocated: usize,
}

impl MemoryLimit {
    /// Past so many bytes a guest traps.
    pub(crate) fn new(bytes: usize) -> Self {
        let limits = StoreLimitsBuilder::new().memory_size(bytes).trap_on_grow_failure(true).build();
        Self { limits, allocated: 0 }
    }

    /// The bytes of all memories together.
    pub(crate) fn allocated(&self) -> usize {
        self.allocated
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let allowed = self.limits.memory_growing(current, desired, maximum)?;
        if allowed {
            self.allocated += desired - current;
        }
        Ok(allowed)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.limits.table_growing(current, desired, maximum)
    }
}
