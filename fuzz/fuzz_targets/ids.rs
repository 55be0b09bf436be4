//! Ids: strict base64url, and the cluster's slots.

#![no_main]

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use drsession::{id::Id, redis::slots::slot};
use libfuzzer_sys::fuzz_target;
use redis_protocol::redis_keyslot;

fuzz_target!(|bytes: &[u8]| {
    let theirs = BASE64_URL_SAFE_NO_PAD.decode(bytes).ok().and_then(|decoded| <[u8; 32]>::try_from(decoded).ok());
    let ours = Id::parse(bytes);
    assert!(ours == theirs.map(Id::from_random), "strict base64url of 32 bytes");
    assert!(ours.is_none_or(|id| id.as_str().as_bytes() == bytes));

    assert_eq!(slot(bytes), redis_keyslot(bytes));

    if let Some((random, prefix)) = bytes.split_first_chunk::<32>() {
        let old = Id::from_random([random[0]; 32]);
        let new = old.in_slot_of(prefix, *random);
        let slot_of = |id: Id| slot(&[prefix, id.as_str().as_bytes()].concat());
        assert_eq!(slot_of(new), slot_of(old));
        assert!(Id::parse(new.as_str().as_bytes()) == Some(new));
    }
});
