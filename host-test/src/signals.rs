//! How a program is told that it is enough. One that ends by itself then leaves no servers and no folders behind.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Asks for the signals that would end this program, and resolves when one comes. Needs a tokio runtime.
pub fn enough() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}
