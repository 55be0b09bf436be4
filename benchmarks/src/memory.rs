//! How much memory a guest has.

use wasmtime::ResourceLimiter;

/// Counts what a guest's memory grows by.
#[derive(Default)]
pub struct Memory(usize);

impl Memory {
    /// The bytes that all memories have together.
    pub fn bytes(&self) -> usize {
        self.0
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.0 += desired - current;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}
