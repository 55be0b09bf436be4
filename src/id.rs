//! Session ids: 256 random bits in base64url without padding (RFC 4648, section 5).

use crate::text::to_hex;
use sha2::{Digest, Sha256};
use std::rc::Rc;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The number of random bytes in an id.
const RANDOM_BYTES: usize = 32;
/// The number of characters of an id.
pub const LENGTH: usize = 43;
/// The number of characters at the end of an id that are varied until its key is in a certain cluster slot. The other
/// 39 keep 234 random bits. Three characters would not reach every slot.
const SEARCHED: usize = 4;
/// A slot is the lower 14 bits of the key's CRC.
const SLOT_MASK: u16 = 0x3fff;

/// A session's id. It is a credential, so it has no `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Id([u8; LENGTH]);

/// A session's key in Redis: the prefix and the id. Clones share their text, and are compared by its address first.
#[derive(Clone)]
pub struct Key(Rc<[u8]>);

impl Id {
    /// Encodes random bytes.
    pub fn from_random(random: [u8; RANDOM_BYTES]) -> Self {
        // The last character encodes four bits, every other six.
        let bit = |index: usize| random.get(index / 8).map_or(0, |byte| byte >> (7 - index % 8) & 1);
        let value = |place: usize| (0..6).fold(0, |value, offset| value << 1 | bit(place * 6 + offset));
        Id(std::array::from_fn(|place| ALPHABET[usize::from(value(place))]))
    }

    /// Parses an id. Only the canonical encoding is accepted: 43 characters, the last of which encodes two zero bits at its end.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let characters: [u8; LENGTH] = text.try_into().ok()?;
        let mut last = 0;
        for character in characters {
            last = value(character)?;
        }
        (last & 3 == 0).then_some(Id(characters))
    }

    /// A new id for a session that moves within a Redis Cluster. The new key is in the same slot as the old one,
    /// whatever hash tag the prefix holds, because a move between slots cannot be atomic
    /// (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>).
    pub fn in_slot_of(self, prefix: &[u8], random: [u8; RANDOM_BYTES]) -> Self {
        let mut id = Self::from_random(random);
        let Some(tail) = hashed_tail(prefix) else {
            return id;
        };
        let after_prefix = crc16(0, tail);
        let wanted = crc16(after_prefix, &self.0) & SLOT_MASK;
        let after_kept = crc16(after_prefix, &id.0[..LENGTH - SEARCHED]);

        // The search starts at a random candidate, so that the result is random too.
        let begin = id.0[LENGTH - SEARCHED..]
            .iter()
            .fold(0_usize, |number, character| number * 64 + usize::from(value(*character).unwrap_or(0)));
        const CANDIDATES: usize = 1 << (6 * SEARCHED - 2);
        for step in 0..CANDIDATES {
            let candidate = (((begin >> 2) + step) % CANDIDATES) << 2;
            let mut characters = [0; SEARCHED];
            for (place, character) in characters.iter_mut().rev().enumerate() {
                *character = ALPHABET[candidate >> (6 * place) & 63];
            }
            if crc16(after_kept, &characters) & SLOT_MASK == wanted {
                id.0[LENGTH - SEARCHED..].copy_from_slice(&characters);
                break;
            }
        }
        id
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        // The alphabet is ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// A name for the session in logs, from which the id cannot be derived.
    pub fn for_logs(&self) -> String {
        to_hex(&Sha256::digest(self.0)[..6])
    }

    /// The digest that a tombstone holds. It identifies the id without revealing it.
    pub fn digest(&self) -> String {
        to_hex(&Sha256::digest(self.0))
    }
}

impl Key {
    /// The key of the session with this id.
    pub fn new(prefix: &[u8], id: Id) -> Self {
        Self([prefix, &id.0].concat().into())
    }

    /// The id: the end of the key.
    pub fn id(&self) -> Id {
        let mut id = Id([0; LENGTH]);
        id.0.copy_from_slice(&self.0[self.0.len() - LENGTH..]);
        id
    }

    /// Its text.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

/// A random token, by which a call recognizes its own tombstone.
pub fn token(random: [u8; 16]) -> String {
    to_hex(&random)
}

fn value(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

/// The part of the prefix that counts for the slot. `None` if the prefix contains a hash tag, because then only the tag
/// counts. Ids contain no braces, so the prefix has to close the tag as well.
fn hashed_tail(prefix: &[u8]) -> Option<&[u8]> {
    let open = prefix.iter().position(|byte| *byte == b'{');
    let tagged = open.is_some_and(|open| {
        let close = prefix[open + 1..].iter().position(|byte| *byte == b'}');
        close.is_some_and(|length| length > 0)
    });
    (!tagged).then_some(prefix)
}

/// CRC-16/XMODEM of these bytes, continued from the CRC of those before them.
fn crc16(crc: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(crc, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc >> 15 == 1 { crc << 1 ^ 0x1021 } else { crc << 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_is_base64url_of_its_bytes() {
        let bytes = std::array::from_fn(|index| index as u8);
        let id = Id::from_random(bytes);
        assert_eq!(id.as_str(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        let id = Id::from_random([0xff; 32]);
        assert_eq!(id.as_str(), "__________________________________________8");
    }

    #[test]
    fn only_canonical_ids_are_ids() {
        let id = Id::from_random([7; 32]);
        assert!(Id::parse(id.as_str().as_bytes()) == Some(id));
        let mut text = id.as_str().as_bytes().to_vec();
        for wrong in [b'=', b'+', b'/', b' ', b'"', 0, 0xff] {
            text[20] = wrong;
            assert!(Id::parse(&text).is_none(), "{wrong}");
        }
        assert!(Id::parse(b"").is_none());
        assert!(Id::parse(&[b'A'; 42]).is_none());
        assert!(Id::parse(&[b'A'; 44]).is_none());
        let mut last = [b'A'; 43];
        for (wrong, right) in [(b'B', b'A'), (b'9', b'8'), (b'_', b'8')] {
            last[42] = wrong;
            assert!(Id::parse(&last).is_none());
            last[42] = right;
            assert!(Id::parse(&last).is_some());
        }
    }

    #[test]
    fn a_key_is_prefix_and_id() {
        let id = Id::from_random([7; 32]);
        let key = Key::new(b"shop:", id);
        assert_eq!(key.bytes(), [b"shop:", id.as_str().as_bytes()].concat());
        assert!(key.id() == id);
        assert!(key == key.clone() && key == Key::new(b"shop:", id));
        assert!(key != Key::new(b"shop2:", id) && key != Key::new(b"shop:", Id::from_random([8; 32])));
    }

    proptest! {
        #[test]
        fn what_is_made_can_be_read(random: [u8; 32]) {
            let id = Id::from_random(random);
            prop_assert!(Id::parse(id.as_str().as_bytes()) == Some(id));
        }

        #[test]
        fn a_moved_session_stays_in_its_slot(old: [u8; 32], new: [u8; 32], prefix in "[a-z:{}]{0,12}") {
            let old = Id::from_random(old);
            let moved = old.in_slot_of(prefix.as_bytes(), new);
            let key = |id: Id| [prefix.as_bytes(), id.as_str().as_bytes()].concat();
            let slot = |key: &[u8]| redis_protocol::redis_keyslot(key);
            prop_assert_eq!(slot(&key(old)), slot(&key(moved)));
            prop_assert!(Id::parse(moved.as_str().as_bytes()) == Some(moved));
            prop_assert!(moved.as_str()[..39] == Id::from_random(new).as_str()[..39]);
        }
    }
}
