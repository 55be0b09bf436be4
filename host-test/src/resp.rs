//! As much of RESP as it takes to stand between a client and its server: where a frame ends, and what a request says.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// One command: its name and its arguments.
pub(crate) type Command = Vec<Vec<u8>>;

const LINE_END: &[u8] = b"\r\n";

/// How many bytes the first frame takes; none where it isn't whole yet. Knows the types of RESP2 and RESP3, but no
/// streamed ones.
pub(crate) fn frame_length(bytes: &[u8]) -> io::Result<Option<usize>> {
    let mut position = 0;
    let mut frames_left = 1_u64;
    while frames_left > 0 {
        let Some(line) = line_at(bytes, position) else {
            return Ok(None);
        };
        position += line.len() + LINE_END.len();
        frames_left -= 1;
        match line.first() {
            Some(b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(') => {}
            Some(b'$' | b'!' | b'=') => {
                if let Some(length) = length_in(line)? {
                    position += length as usize + LINE_END.len();
                }
            }
            Some(b'*' | b'~' | b'>') => frames_left += length_in(line)?.unwrap_or(0),
            Some(b'%') => frames_left += 2 * length_in(line)?.unwrap_or(0),
            // An attribute stands before the frame that it belongs to.
            Some(b'|') => frames_left += 2 * length_in(line)?.unwrap_or(0) + 1,
            _ => return Err(malformed("a frame of an unknown type")),
        }
        if position > bytes.len() {
            return Ok(None);
        }
    }
    Ok(Some(position))
}

/// The bulk strings of a request's frame.
pub(crate) fn parse_command(frame: &[u8]) -> io::Result<Command> {
    let header = line_at(frame, 0).ok_or_else(|| malformed("an empty request"))?;
    if header.first() != Some(&b'*') {
        return Err(malformed("a request that is no array"));
    }
    let mut position = header.len() + LINE_END.len();
    let count = length_in(header)?.unwrap_or(0);
    (0..count)
        .map(|_| {
            let line = line_at(frame, position)
                .filter(|line| line.first() == Some(&b'$'))
                .ok_or_else(|| malformed("a request with something else than bulk strings"))?;
            let start = position + line.len() + LINE_END.len();
            let end = start + length_in(line)?.unwrap_or(0) as usize;
            position = end + LINE_END.len();
            frame.get(start..end).map(<[u8]>::to_vec).ok_or_else(|| malformed("a request that is cut short"))
        })
        .collect()
}

/// Reads frames off a stream, whole, one by one.
pub(crate) struct FrameReader<R> {
    stream: R,
    buffer: Vec<u8>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// The next frame's bytes; none once the peer has closed.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(length) = frame_length(&self.buffer)? {
                return Ok(Some(self.buffer.drain(..length).collect()));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// The line that begins at `start`, without its end.
fn line_at(bytes: &[u8], start: usize) -> Option<&[u8]> {
    let rest = bytes.get(start..)?;
    let end = rest.windows(LINE_END.len()).position(|window| window == LINE_END)?;
    Some(&rest[..end])
}

/// The length behind the type byte; none for RESP2's null.
fn length_in(line: &[u8]) -> io::Result<Option<u64>> {
    let text = std::str::from_utf8(&line[1..]).map_err(|_| malformed("a length that is no text"))?;
    if text == "-1" {
        return Ok(None);
    }
    let length = text.parse().map_err(|_| malformed("a length that is no number"))?;
    Ok(Some(length))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: [&[u8]; 10] = [
        b"+OK\r\n",
        b"-ERR no\r\n",
        b":12\r\n",
        b"_\r\n",
        b"$-1\r\n",
        b"$4\r\na\r\nb\r\n",
        b"*-1\r\n",
        b"*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
        b"%1\r\n+a\r\n,1.5\r\n",
        b"|1\r\n+ttl\r\n:3\r\n$1\r\na\r\n",
    ];

    #[test]
    fn frames_end_where_they_end_and_not_a_byte_sooner() {
        for frame in FRAMES {
            for cut in 0..frame.len() {
                let length = frame_length(&frame[..cut]).expect("a frame");
                assert_eq!(length, None, "{frame:?} cut at {cut}");
            }
            let two = [frame, b"+more\r\n"].concat();
            assert_eq!(frame_length(&two).expect("a frame"), Some(frame.len()));
        }
    }

    #[test]
    fn what_is_no_frame_is_an_error() {
        assert!(frame_length(b"hello\r\n").is_err());
        assert!(frame_length(b"$x\r\n").is_err());
        assert!(parse_command(b"+PING\r\n").is_err());
        assert!(parse_command(b"*1\r\n:1\r\n").is_err());
    }

    #[test]
    fn a_request_is_its_words_byte_for_byte() {
        let command = parse_command(b"*3\r\n$4\r\nHGET\r\n$0\r\n\r\n$3\r\n\x00\r\n\r\n");
        let words: Command = vec![b"HGET".to_vec(), b"".to_vec(), b"\x00\r\n".to_vec()];
        assert_eq!(command.expect("a request"), words);
    }
}
