//! What an error reply means. In most cases its code (the first word) decides, because texts differ between versions of
//! Redis.

use super::batch::Batch;
use crate::{
    error::Error,
    text::{concat, parse_int},
};

/// The longest error text that is passed on, in bytes.
const MAX_TEXT: usize = 512;
/// The longest batch whose arguments are searched for in an error text, in bytes. For a longer batch only the error's code is passed
/// on.
const MAX_SEARCHED: usize = 16 << 10;
/// The longest piece of an argument that is searched for, in bytes. A shorter piece reveals little.
const LONGEST_PIECE: usize = 8;

/// The error's code: its first word.
pub fn code(text: &[u8]) -> &str {
    let end = text.iter().position(|byte| *byte == b' ');
    let word = &text[..end.unwrap_or(text.len())];
    std::str::from_utf8(word).unwrap_or("")
}

/// The error that caused this one. If EXEC was refused, its reply contains the reason.
pub fn cause(text: &[u8]) -> &[u8] {
    match text.split_at_checked("EXECABORT Transaction discarded because of: ".len()) {
        Some((prefix, cause)) if prefix.starts_with(b"EXECABORT") && prefix.ends_with(b": ") => cause,
        _ => text,
    }
}

/// What to do if the server did not execute a command, for a temporary reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RetryHint {
    /// Wait, and send it again.
    Wait,
    /// Wait, and connect again: by then, the address may lead to another server.
    Reconnect,
}

/// The hint that an error gives. `None` if the error is final.
pub fn retry_hint(text: &[u8]) -> Option<RetryHint> {
    match code(text) {
        "LOADING" | "BUSY" | "TRYAGAIN" => Some(RetryHint::Wait),
        "READONLY" | "MASTERDOWN" | "CLUSTERDOWN" => Some(RetryHint::Reconnect),
        _ => None,
    }
}

/// Another node owns the key: `MOVED slot host:port`, or `ASK` while the key is moving there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redirect {
    /// ASK: it holds for one command only.
    pub asks: bool,
    /// The key's slot.
    pub slot: u16,
    /// The other node's host. Empty: the host of the node that replied.
    pub host: String,
    /// The other node's port.
    pub port: u16,
}

/// Reads a redirect from an error reply (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>).
pub fn redirect(text: &[u8]) -> Option<Redirect> {
    let mut words = std::str::from_utf8(text).ok()?.split(' ');
    let asks = match words.next()? {
        "MOVED" => false,
        "ASK" => true,
        _ => return None,
    };
    let slot = parse_int(words.next()?.as_bytes())?;
    let (host, port) = words.next()?.rsplit_once(':')?;
    Some(Redirect { asks, slot, host: host.into(), port: parse_int(port.as_bytes())? })
}

/// The call's error for an error reply to the command at this index of the batch. It repeats nothing that was sent
/// except the command's name.
pub fn into_error(text: &[u8], batch: &Batch, index: usize) -> Error {
    let with_command = |word: &str| concat(&[word, " ", batch.name(index)]);
    match code(text) {
        "WRONGTYPE" => Error::WrongType,
        word @ ("NOAUTH" | "WRONGPASS" | "NOPERM" | "DENIED") => Error::Denied(with_command(word)),
        // An unauthenticated client may only send short commands.
        "ERR" if text.starts_with(b"ERR Protocol error: unauthenticated") => Error::Denied(with_command("NOAUTH")),
        // Before Redis 7.2, the ACL refuses a command in a script with the general code ERR.
        "ERR" if text.starts_with(b"ERR The user executing the script can't") => {
            Error::Denied("ERR a command of the script".into())
        }
        word @ ("OOM" | "MISCONF" | "NOREPLICAS" | "LOADING" | "BUSY" | "READONLY" | "MASTERDOWN" | "CLUSTERDOWN"
        | "TRYAGAIN" | "UNBLOCKED") => Error::Unavailable(word.into()),
        "CROSSSLOT" => Error::Unsupported("CROSSSLOT: for a Redis Cluster, add cluster=true to the Redis URL".into()),
        "NOPROTO" => Error::Unsupported("NOPROTO: the server does not support RESP3".into()),
        "ERR" if is_unknown_command(text) => Error::Unsupported(with_command("the server does not know")),
        _ => Error::Server(masked(text, batch)),
    }
}

fn is_unknown_command(text: &[u8]) -> bool {
    let text = text.get(4..).unwrap_or_default();
    text.starts_with(b"unknown command") || text.starts_with(b"unknown subcommand")
}

/// The text, in which everything from the batch is masked: whole arguments, shortened ones, and pieces of them.
fn masked(text: &[u8], batch: &Batch) -> String {
    let text = &text[..text.len().min(MAX_TEXT)];
    if batch.bytes().len() > MAX_SEARCHED {
        // The first word may be an argument, or a piece of one. It is passed on only if it looks like a code and is
        // short.
        let word = code(text);
        let is_code = word.len() + 1 < LONGEST_PIECE && word.bytes().all(|byte| byte.is_ascii_uppercase());
        return concat(&[if is_code { word } else { "" }, " …"]);
    }
    let mut sent = vec![false; text.len()];
    // A single byte reveals nothing, and masking it everywhere would make the text unreadable.
    for argument in batch.arguments().filter(|argument| argument.len() > 1) {
        // Shorter by two: this also finds a JSON string without its quotes.
        let length = (argument.len() - 2).clamp(2, LONGEST_PIECE);
        for piece in argument.windows(length) {
            for (start, window) in text.windows(length).enumerate() {
                if piece.iter().copied().map(in_error).eq(window.iter().copied().map(in_error)) {
                    sent[start..start + length].fill(true);
                }
            }
        }
    }
    let mut shown = Vec::with_capacity(text.len());
    for (index, byte) in text.iter().enumerate() {
        if !sent[index] {
            shown.push(*byte);
        } else if index == 0 || !sent[index - 1] {
            shown.extend_from_slice("…".as_bytes());
        }
    }
    String::from_utf8_lossy(&shown).into_owned()
}

/// The byte that stands for this byte of an argument in an error. An error is one line, so Redis writes line breaks as
/// blanks.
fn in_error(byte: u8) -> u8 {
    if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_masked_whole_or_cut_short() {
        let secret = b"a long secret that the server cuts short somewhere";
        let batch = Batch::of(&[b"HSET", b"drsession:id", b"f", secret]);
        let text = b"ERR strange: 'HSET' 'drsession:id' 'a long secret that t' end";
        let shown = into_error(text, &batch, 0);
        assert_eq!(shown, Error::Server("ERR strange: '…' '…' '…' end".into()));
    }

    #[test]
    fn a_piece_from_inside_is_masked_and_lines_that_were_joined() {
        let batch = Batch::of(&[b"HSET", b"drsession:0123456789", b"f", b"[1,\r\n\"hunter2\"]", b"\"ab\""]);
        let text = b"ERR 0123456789 is [1,  \"hunter2\"] and not ab";
        assert_eq!(into_error(text, &batch, 0), Error::Server("ERR … is … and not …".into()));
        let text = b"ERR [1,\r\n\"hunter2\"]";
        assert_eq!(into_error(text, &batch, 0), Error::Server("ERR …".into()));
    }

    #[test]
    fn of_what_answers_a_long_batch_the_code_is_told_and_nothing_else() {
        let batch = Batch::of(&[b"HSET", b"k", b"f", b"hunter2hunter2", &[b'x'; MAX_SEARCHED]]);
        for (text, told) in [
            (&b"ERR hunter2hunter2"[..], "ERR …"),
            (b"hunter2hunter2", " …"),
            (b"HUNTER is wrong", "HUNTER …"),
            (b"HUNTERS are wrong", " …"),
            (b"\xff", " …"),
        ] {
            assert_eq!(into_error(text, &batch, 0), Error::Server(told.into()));
        }
    }

    #[test]
    fn long_and_binary_texts_are_bounded() {
        let Error::Server(text) = into_error(&[0xff; 100_000], &Batch::of(&[b"PING"]), 0) else {
            panic!("another error");
        };
        assert!(text.len() <= 3 * MAX_TEXT);
    }

    #[test]
    fn an_exec_that_was_refused_is_told_by_why() {
        let text = b"EXECABORT Transaction discarded because of: NOPERM this user has no permissions";
        assert_eq!(into_error(cause(text), &Batch::of(&[b"EXEC"]), 0), Error::Denied("NOPERM EXEC".into()));
        let text = b"EXECABORT Transaction discarded because of previous errors.";
        assert_eq!(code(cause(text)), "EXECABORT");
    }

    #[test]
    fn a_script_that_the_acl_stops_is_denied() {
        let text = b"ERR The user executing the script can't run this command or subcommand script: 1";
        assert!(matches!(into_error(text, &Batch::of(&[b"EVALSHA"]), 0), Error::Denied(_)));
    }
}
