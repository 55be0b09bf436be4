//! The floor: bytes that are ready made, over a plain socket.

use std::io::{Read as _, Write as _};
use std::mem;
use std::net::TcpStream;

use anyhow::ensure;

/// A connection to Redis, and one request that is sent again and again.
pub struct Raw {
    stream: TcpStream,
    request: Vec<u8>,
    /// By how many line ends the answer is known to be whole: no value of a benchmark holds one.
    lines: usize,
    buffer: Vec<u8>,
}

impl Raw {
    /// Connects. The request's answer has so many lines.
    ///
    /// # Errors
    ///
    /// Redis can't be reached.
    pub fn connect(port: u16, request: Vec<u8>, lines: usize) -> anyhow::Result<Self> {
        Ok(Self { stream: connected(port)?, request, lines, buffer: vec![0; 1 << 16] })
    }

    /// Connects once more, and returns the connection before, which is still open.
    ///
    /// # Errors
    ///
    /// Redis can't be reached any more.
    pub fn reconnect(&mut self, port: u16) -> anyhow::Result<TcpStream> {
        Ok(mem::replace(&mut self.stream, connected(port)?))
    }

    /// One round trip.
    ///
    /// # Errors
    ///
    /// Redis has gone, or answers with an error.
    pub fn exchange(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.request)?;
        let mut lines = 0;
        let mut first = None;
        while lines < self.lines {
            let count = self.stream.read(&mut self.buffer)?;
            let bytes = &self.buffer[..count];
            ensure!(*first.get_or_insert(bytes.first().copied()) != Some(b'-') && count > 0, "Redis refuses");
            lines += line_ends(bytes);
        }
        Ok(())
    }
}

fn connected(port: u16) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// How many lines end in these bytes.
pub fn line_ends(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// A command as it is sent.
pub fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_command_is_an_array_of_bulk_strings() {
        assert_eq!(super::command(&["GET", "a"]), b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
        assert_eq!(super::line_ends(b"$1\r\na\r\n"), 2);
    }
}
