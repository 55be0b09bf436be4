//! Bytes from a server, in any pieces: compares the scanner, the fast path and the decoder with each other, and with
//! redis-protocol.

#![no_main]

use std::cell::Cell;

use drsession::redis::scanner::{Frame, MAX_DEPTH, MAX_ELEMENTS, ScanError, Scanner};
use drsession_fuzz::reference::{self, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (frames, end) = scan(bytes, |_| bytes.len());
    assert_eq!((&frames, end), as_ref(&scan(bytes, |arrived| arrived + 1)), "scanned byte by byte");
    // The bytes themselves decide the sizes of the pieces.
    let place = Cell::new(0);
    let uneven = |arrived: usize| {
        place.set(place.get() + 1);
        arrived + 1 + usize::from(bytes[place.get() % bytes.len()]) % 64
    };
    assert_eq!((&frames, end), as_ref(&scan(bytes, uneven)), "scanned in uneven pieces");

    let values = read_frames(bytes, &frames);
    let expected = replies(&frames, &values, end);
    for size in [bytes.len(), 1, 7, 64] {
        assert_eq!(reference::read_in_pieces(bytes, size), expected, "read in pieces of {size}");
    }

    let mut begin = 0;
    for (frame, value) in frames.iter().zip(&values) {
        let value = value.as_ref().ok().and_then(Option::as_ref);
        reference::check(&bytes[begin..begin + frame.length], *frame, value);
        if let Some(value) = value {
            assert!(value.depth() <= MAX_DEPTH && value.elements() <= MAX_ELEMENTS);
        }
        begin += frame.length;
    }
});

type Frames = (Vec<Frame>, Result<(), ScanError>);

fn as_ref((frames, end): &Frames) -> (&Vec<Frame>, Result<(), ScanError>) {
    (frames, *end)
}

/// Finds the frames. `more` tells how many bytes have arrived, when the bytes so far were not enough.
fn scan(bytes: &[u8], more: impl Fn(usize) -> usize) -> Frames {
    let (mut frames, mut begin, mut arrived) = (Vec::new(), 0, 0);
    let mut scanner = Scanner::default();
    loop {
        match scanner.scan(&bytes[begin..arrived]) {
            Ok(Some(frame)) => {
                frames.push(frame);
                begin += frame.length;
            }
            Ok(None) if arrived == bytes.len() => return (frames, Ok(())),
            Ok(None) => arrived = more(arrived).min(bytes.len()),
            Err(error) => return (frames, Err(error)),
        }
    }
}

type Read = Result<Option<Value>, ScanError>;

/// Reads each frame by itself, also those after a malformed one.
fn read_frames(bytes: &[u8], frames: &[Frame]) -> Vec<Read> {
    let mut begin = 0;
    let read = frames.iter().map(|frame| {
        let found = &bytes[begin..begin + frame.length];
        begin += frame.length;
        reference::read_frame(found, *frame)
    });
    read.collect()
}

/// The replies among the frames, up to the first malformed one, and how reading ends.
fn replies(frames: &[Frame], values: &[Read], end: Result<(), ScanError>) -> (Vec<Value>, Result<(), ScanError>) {
    let mut replies = Vec::new();
    for (frame, value) in frames.iter().zip(values) {
        match value {
            Ok(value) => replies.extend(value.iter().filter(|_| frame.answers).cloned()),
            Err(error) => return (replies, Err(*error)),
        }
    }
    (replies, end)
}
