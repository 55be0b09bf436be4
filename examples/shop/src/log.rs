//! Lines for the operator.

use std::io::Write;

use wasip2::cli::stderr::get_stderr;

/// Writes a line to standard error, as far as there is one.
pub(crate) fn line(text: &str) {
    let _ = get_stderr().write_all(format!("shop: {text}\n").as_bytes());
}
