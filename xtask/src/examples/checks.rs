//! The book-keeping: what held and what did not.

use std::fmt::{self, Display};

/// How many checks came out how.
#[derive(Default)]
pub(crate) struct Checks {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Checks {
    /// Runs one check and says how it came out.
    pub(super) fn check(&mut self, name: &str, check: impl FnOnce() -> anyhow::Result<()>) {
        match check() {
            Ok(()) => {
                self.passed += 1;
                println!("ok      {name}");
            }
            Err(error) => {
                self.failed += 1;
                println!("FAILED  {name}: {error:#}");
            }
        }
    }
}

impl Display for Checks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}
