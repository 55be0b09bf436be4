//! How a value is encrypted: by AES-SIV (RFC 5297), bound to its session's id and its field's name.
//!
//! The same value in the same field of the same session is the same text each time. So a text can be compared on the server, which
//! `compare-and-set` lives by, and there is no nonce that could be used twice. The price: who reads Redis sees that a field has
//! the value again that it had before.

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

/// Bytes of a key: 256 bits to authenticate, 256 to encrypt.
const KEY_LENGTH: usize = 64;
/// What sets these texts apart from all else that the same key may encrypt, and from later forms.
const FORM: &[u8] = b"drsession encryption 1";

/// The keys: the first one encrypts, all decrypt.
pub(crate) struct Cipher {
    keys: Vec<[u8; KEY_LENGTH]>,
}

/// Where a value is: under any other id or name it doesn't decrypt.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) id: &'a str,
    pub(crate) field: &'a str,
}

impl Cipher {
    /// Keys in hexadecimal, separated by commas. None where one of them is none, or there is none at all.
    pub(crate) fn parse(keys: &str) -> Option<Self> {
        let parse = |key: &str| HEXLOWER_PERMISSIVE.decode(key.trim().as_bytes()).ok()?.try_into().ok();
        Some(Self { keys: keys.split(',').map(parse).collect::<Option<_>>()? })
    }

    /// The value's encrypted form: a string, as JSON.
    pub(crate) fn encrypt(&self, place: Place<'_>, value: &[u8]) -> String {
        let encrypted = siv(&self.keys[0]).encrypt(headers(place), value).expect("two headers are not too many");
        format!("\"{}\"", BASE64URL_NOPAD.encode(&encrypted))
    }

    /// The value, if this is its encrypted form, by one of the keys, at this place.
    pub(crate) fn decrypt(&self, place: Place<'_>, stored: &[u8]) -> Option<Vec<u8>> {
        let text = stored.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        let encrypted = BASE64URL_NOPAD.decode(text).ok()?;
        self.keys.iter().find_map(|key| siv(key).decrypt(headers(place), &encrypted).ok())
    }
}

fn siv(key: &[u8; KEY_LENGTH]) -> Aes256Siv {
    Aes256Siv::new(key.into())
}

fn headers(place: Place<'_>) -> [&[u8]; 3] {
    [FORM, place.id.as_bytes(), place.field.as_bytes()]
}

#[cfg(test)]
mod tests {
    use super::{Cipher, KEY_LENGTH, Place};

    const PLACE: Place<'_> = Place { id: "a", field: "b" };

    fn key(byte: u8) -> String {
        format!("{byte:02x}").repeat(KEY_LENGTH)
    }

    fn cipher(keys: &str) -> Cipher {
        Cipher::parse(keys).unwrap()
    }

    #[test]
    fn every_value_comes_back() {
        let cipher = cipher(&key(1));
        for value in [&b""[..], b"1", b"\"text\"", &[0xff; 15], &[0; 16], &[7; 70_000]] {
            let stored = cipher.encrypt(PLACE, value);
            assert_eq!(cipher.decrypt(PLACE, stored.as_bytes()).as_deref(), Some(value));
            assert_eq!(cipher.encrypt(PLACE, value), stored);
        }
    }

    #[test]
    fn nothing_comes_back_at_another_place_or_by_another_key() {
        let cipher = cipher(&key(1));
        let stored = cipher.encrypt(PLACE, b"value");
        for (id, field) in [("b", "b"), ("a", "a"), ("ab", ""), ("", "ab"), ("a", "b\0")] {
            assert!(cipher.decrypt(Place { id, field }, stored.as_bytes()).is_none(), "{id} {field}");
        }
        assert!(super::Cipher::parse(&key(2)).unwrap().decrypt(PLACE, stored.as_bytes()).is_none());
    }

    #[test]
    fn a_changed_text_is_refused() {
        let cipher = cipher(&key(1));
        let stored = cipher.encrypt(PLACE, b"value").into_bytes();
        for place in 0..stored.len() {
            let mut changed = stored.clone();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert!(cipher.decrypt(PLACE, &changed).is_none(), "{place}");
        }
        for other in [&b""[..], b"\"\"", b"\"", b"1", b"{}", b"\"value\"", &[0xff]] {
            assert!(cipher.decrypt(PLACE, other).is_none());
        }
    }

    #[test]
    fn a_former_key_decrypts_and_the_first_encrypts() {
        let (old, new) = (cipher(&key(1)), cipher(&format!("{}, {}", key(2), key(1))));
        let stored = old.encrypt(PLACE, b"value");
        assert_eq!(new.decrypt(PLACE, stored.as_bytes()).as_deref(), Some(&b"value"[..]));
        assert!(old.decrypt(PLACE, new.encrypt(PLACE, b"value").as_bytes()).is_none());
    }

    #[test]
    fn what_is_no_list_of_keys_is_refused() {
        for keys in ["", ",", "00", &key(1)[1..], &format!("{},", key(1)), &key(1).replace('1', "x")] {
            assert!(Cipher::parse(keys).is_none(), "{keys}");
        }
        assert!(Cipher::parse(&key(0xAB).to_uppercase()).is_some());
    }
}
