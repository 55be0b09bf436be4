//! Ids are strict base64url, and slots are those of Redis Cluster.

#![no_main]

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use drsession::{id::Id, redis::slots::slot};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let theirs = BASE64_URL_SAFE_NO_PAD.decode(bytes).ok().and_then(|decoded| <[u8; 32]>::try_from(decoded).ok());
    let ours = Id::parse(bytes);
    assert!(ours == theirs.map(Id::from_random), "strict base64url of 32 bytes");
    assert!(ours.is_none_or(|id| id.as_str().as_bytes() == bytes));

    assert_eq!(slot(bytes), crc16(hash_tag(bytes)) % 16_384);

    if let Some((random, prefix)) = bytes.split_first_chunk::<32>() {
        let old = Id::from_random([random[0]; 32]);
        let new = old.in_slot_of(prefix, *random);
        let slot_of = |id: Id| slot(&[prefix, id.as_str().as_bytes()].concat());
        assert_eq!(slot_of(new), slot_of(old));
        assert!(Id::parse(new.as_str().as_bytes()) == Some(new));
    }
});

/// The part of a key that decides its slot: the text between the first `{` and the first `}` after it, unless it is empty.
fn hash_tag(key: &[u8]) -> &[u8] {
    let position = |bytes: &[u8], wanted: u8| bytes.iter().position(|byte| *byte == wanted);
    let tag = position(key, b'{').and_then(|open| {
        let rest = &key[open + 1..];
        position(rest, b'}').map(|close| &rest[..close])
    });
    tag.filter(|tag| !tag.is_empty()).unwrap_or(key)
}

/// CRC-16/XMODEM, bit by bit.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| crc << 1 ^ if crc >> 15 == 1 { 0x1021 } else { 0 })
    })
}
