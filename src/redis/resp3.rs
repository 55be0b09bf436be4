//! RESP3 replies, rewritten as RESP2 (<https://redis.io/docs/latest/develop/reference/protocol-spec/>).
//!
//! redis-protocol's own RESP3 decoder puts maps into hash maps, which loses the order of a session's fields, and adds
//! 72 KB to the component. Only replies that the fast path does not read get here.

use crate::text::parse_int;
use bytes::Bytes;

/// Rewrites a frame that the scanner has accepted. `None` if a number in it is malformed.
pub(super) fn to_resp2(frame: &[u8]) -> Option<Bytes> {
    let mut out = Vec::with_capacity(frame.len() + 16);
    let mut rest = frame;
    // The number of elements that still belong to an attribute. Attributes answer no command, so they are skipped.
    let mut skipped = 0_usize;
    while !rest.is_empty() {
        let kind = rest[0];
        let (line, after) = split_line(&rest[1..])?;
        let (string, after) = match kind {
            b'$' | b'=' | b'!' if line != b"-1" => {
                let length: usize = parse_int(line)?;
                (after.get(..length)?, after.get(length + 2..)?)
            }
            _ => (line, after),
        };
        rest = after;
        let count = match kind {
            b'*' | b'~' | b'>' if line != b"-1" => parse_int(line)?,
            b'%' | b'|' => parse_int::<usize>(line)?.checked_mul(2)?,
            _ => 0,
        };
        if skipped > 0 {
            // An attribute inside an attribute is not one of its elements.
            skipped = skipped - usize::from(kind != b'|') + count;
            continue;
        }
        match kind {
            b'|' => skipped = count,
            b'*' | b'~' | b'>' | b'%' if line != b"-1" => header(&mut out, b'*', count),
            b'_' => out.extend_from_slice(b"$-1\r\n"),
            b'*' | b'$' if line == b"-1" => out.extend_from_slice(b"$-1\r\n"),
            b'$' => bulk(&mut out, string),
            // A verbatim string begins with three letters for its format, and a colon.
            b'=' => bulk(&mut out, string.get(4..)?),
            b':' => simple(&mut out, b':', string),
            b'-' | b'!' => simple(&mut out, b'-', string),
            // A status. Or a double, a boolean or a big number, none of which is in a reply to our commands.
            _ => bulk(&mut out, string),
        }
    }
    Some(out.into())
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\r')?;
    Some((&bytes[..end], bytes.get(end + 2..)?))
}

fn header(out: &mut Vec<u8>, kind: u8, count: usize) {
    out.push(kind);
    out.extend_from_slice(itoa::Buffer::new().format(count as i64).as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn bulk(out: &mut Vec<u8>, string: &[u8]) {
    header(out, b'$', string.len());
    out.extend_from_slice(string);
    out.extend_from_slice(b"\r\n");
}

/// A RESP3 error may hold line breaks, a RESP2 line may not.
fn simple(out: &mut Vec<u8>, kind: u8, line: &[u8]) {
    out.push(kind);
    out.extend(line.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
    out.extend_from_slice(b"\r\n");
}
