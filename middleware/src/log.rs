//! Log lines for the operator, on standard error.

use crate::bindings::wasi::cli::stderr::write_via_stream;
use crate::bindings::wit_stream;

/// Writes a line. A failure to write is ignored.
pub(crate) async fn line(text: &str) {
    let (mut writer, lines) = wit_stream::new();
    let written = write_via_stream(lines);
    writer.write_all(format!("drsession-middleware: {text}\n").into_bytes()).await;
    drop(writer);
    let _ = written.await;
}
