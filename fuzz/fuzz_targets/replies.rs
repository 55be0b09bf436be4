//! Bytes from a server, in any pieces: the scanner and the decoder, held against redis-protocol, and the quicker way of the
//! plainest replies, held against both.

#![no_main]

use std::cell::Cell;

use bytes::Bytes;
use drsession::redis::{
    Reply,
    incoming::Incoming,
    reply::{MALFORMED, decode},
    scanner::{Frame, MAX_DEPTH, MAX_ELEMENTS, ScanError, Scanner},
};
use drsession_fuzz::reference;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (frames, end) = read(bytes, |_| bytes.len());
    assert!(frames == read(bytes, |arrived| arrived + 1).0, "read byte by byte");
    assert_eq!(end, read(bytes, |arrived| arrived + 1).1, "read byte by byte");
    // Pieces of sizes that the bytes themselves decide.
    let place = Cell::new(0);
    let uneven = |arrived: usize| {
        place.set(place.get() + 1);
        arrived + 1 + usize::from(bytes[place.get() % bytes.len()]) % 64
    };
    let (in_pieces, its_end) = read(bytes, uneven);
    assert!(frames == in_pieces && end == its_end, "read in pieces");

    let expected = answers(&frames, end);
    for size in [bytes.len(), 1, 7] {
        assert!(arrive(bytes, size) == expected, "arriving in pieces of {size}");
    }

    let mut at = 0;
    for (frame, reply) in frames {
        let found = &bytes[at..at + frame.length];
        reference::check(found, frame, reply.as_ref());
        if let Some(reply) = &reply {
            assert!(depth(reply) <= MAX_DEPTH && elements(reply) <= MAX_ELEMENTS);
        }
        at += frame.length;
    }
});

type Read = (Vec<(Frame, Option<Reply>)>, Result<(), ScanError>);

/// Reads frame by frame. `more` says how much has arrived, after so much was not enough.
fn read(bytes: &[u8], more: impl Fn(usize) -> usize) -> Read {
    let (mut frames, mut begin, mut arrived) = (Vec::new(), 0, 0);
    let mut scanner = Scanner::default();
    loop {
        match scanner.scan(&bytes[begin..arrived]) {
            Ok(Some(frame)) => {
                let whole = Bytes::copy_from_slice(&bytes[begin..begin + frame.length]);
                frames.push((frame, decode(&whole, frame)));
                begin += frame.length;
            }
            Ok(None) if arrived == bytes.len() => return (frames, Ok(())),
            Ok(None) => arrived = more(arrived).min(bytes.len()),
            Err(error) => return (frames, Err(error)),
        }
    }
}

type Answers = (Vec<Reply>, Result<(), ScanError>);

/// The replies among the frames, up to one that can't be decoded.
fn answers(frames: &[(Frame, Option<Reply>)], end: Result<(), ScanError>) -> Answers {
    let mut replies = Vec::new();
    for (frame, reply) in frames {
        match reply {
            _ if !frame.answers => {}
            Some(reply) => replies.push(reply.clone()),
            None => return (replies, Err(MALFORMED)),
        }
    }
    (replies, end)
}

/// Reads replies as a connection does, from pieces of this size.
fn arrive(bytes: &[u8], size: usize) -> Answers {
    let (mut incoming, mut replies) = (Incoming::default(), Vec::new());
    for piece in bytes.chunks(size.max(1)) {
        incoming.add(piece.to_vec());
        loop {
            match incoming.next_reply() {
                Ok(None) => break,
                Ok(Some(reply)) => replies.push(reply),
                Err(error) => return (replies, Err(error)),
            }
        }
    }
    (replies, Ok(()))
}

fn depth(reply: &Reply) -> usize {
    match reply {
        Reply::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn elements(reply: &Reply) -> usize {
    match reply {
        Reply::Array(inner) => inner.len() + inner.iter().map(elements).sum::<usize>(),
        _ => 0,
    }
}
