//! What a client asks, as the servers see it that a test puts in Redis's place.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::io::AsyncRead;

use crate::resp::{FrameReader, parse_command};

/// One command of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its place among all that came to this server, over whatever connection; the first is 1.
    pub number: usize,
    /// The command's name and its arguments.
    pub command: Vec<Vec<u8>>,
}

impl Request {
    /// The command's name, in capitals.
    pub fn name(&self) -> String {
        let name = self.command.first().map(Vec::as_slice).unwrap_or_default();
        String::from_utf8_lossy(name).to_uppercase()
    }
}

/// Counts requests over all connections of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestCounter(Arc<AtomicUsize>);

impl RequestCounter {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// Reads requests off a stream, one by one.
pub(crate) struct RequestReader<R> {
    frames: FrameReader<R>,
    counter: RequestCounter,
}

impl<R: AsyncRead + Unpin> RequestReader<R> {
    pub(crate) fn new(stream: R, counter: RequestCounter) -> Self {
        Self { frames: FrameReader::new(stream), counter }
    }

    /// The next request, with its bytes; none once the client has closed.
    pub(crate) async fn next(&mut self) -> io::Result<Option<(Request, Vec<u8>)>> {
        let Some(frame) = self.frames.next().await? else {
            return Ok(None);
        };
        let request = Request { command: parse_command(&frame)?, number: self.counter.next() };
        Ok(Some((request, frame)))
    }
}
