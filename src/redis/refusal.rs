//! What an error reply means. Only its first word is looked at: the texts change from version to version.

use super::batch::Batch;
use crate::{decimal::whole, error::Error, joined::joined};

/// The longest error text that is passed on, in bytes.
const MAX_TEXT: usize = 512;
/// The longest batch whose arguments are looked for in an error text, in bytes; to a longer one, nothing but the error's
/// code is told.
const MAX_SEARCHED: usize = 16 << 10;
/// The longest piece of an argument that is looked for, in bytes. What is shorter tells little.
const LONGEST_PIECE: usize = 8;

/// The error's first word.
pub fn prefix(text: &[u8]) -> &str {
    let end = text.iter().position(|byte| *byte == b' ');
    let word = &text[..end.unwrap_or(text.len())];
    std::str::from_utf8(word).unwrap_or("")
}

/// What an error reply is about: that to an EXEC which was refused itself repeats why.
pub fn cause(text: &[u8]) -> &[u8] {
    match text.split_at_checked("EXECABORT Transaction discarded because of: ".len()) {
        Some((said, cause)) if said.starts_with(b"EXECABORT") && said.ends_with(b": ") => cause,
        _ => text,
    }
}

/// What may help, where the server has said that it did not execute the command for now.
pub fn passing(text: &[u8]) -> Option<Passing> {
    match prefix(text) {
        "LOADING" | "BUSY" | "TRYAGAIN" => Some(Passing::Wait),
        "READONLY" | "MASTERDOWN" | "CLUSTERDOWN" => Some(Passing::Reconnect),
        _ => None,
    }
}

/// Where the server says that the key is: `MOVED slot host:port`, or `ASK` while it is on its way there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redirect {
    /// For this one time.
    pub asks: bool,
    /// The slot that the key lies in.
    pub slot: u16,
    /// The other server's host; empty: the same as that of the one which says so.
    pub host: String,
    /// The other server's port.
    pub port: u16,
}

/// Reads it out of an error reply
/// (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>).
pub fn redirect(text: &[u8]) -> Option<Redirect> {
    let mut words = std::str::from_utf8(text).ok()?.split(' ');
    let asks = match words.next()? {
        "MOVED" => false,
        "ASK" => true,
        _ => return None,
    };
    let slot = whole(words.next()?.as_bytes())?;
    let (host, port) = words.next()?.rsplit_once(':')?;
    Some(Redirect { asks, slot, host: host.into(), port: whole(port.as_bytes())? })
}

/// What may help against a refusal that passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passing {
    /// Time.
    Wait,
    /// Time, and another server behind the same address.
    Reconnect,
}

/// An error reply as the caller is told it. `batch` is what was sent, of which nothing is repeated but the name of the
/// command that the reply of this index answers.
pub fn error(text: &[u8], batch: &Batch, index: usize) -> Error {
    let with_command = |word: &str| joined(&[word, " ", batch.name(index)]);
    match prefix(text) {
        "WRONGTYPE" => Error::WrongType,
        word @ ("NOAUTH" | "WRONGPASS" | "NOPERM" | "DENIED") => Error::Denied(with_command(word)),
        // How it refuses a command that is longer than what it reads of strangers.
        "ERR" if text.starts_with(b"ERR Protocol error: unauthenticated") => Error::Denied(with_command("NOAUTH")),
        // How the servers before 7.2 say that the ACL forbids a command of a script.
        "ERR" if text.starts_with(b"ERR The user executing the script can't") => {
            Error::Denied("ERR a command of the script".into())
        }
        word @ ("OOM" | "MISCONF" | "NOREPLICAS" | "LOADING" | "BUSY" | "READONLY" | "MASTERDOWN" | "CLUSTERDOWN"
        | "TRYAGAIN" | "UNBLOCKED") => Error::Unavailable(word.into()),
        "CROSSSLOT" => Error::Unsupported("CROSSSLOT: the URL does not say that this is a cluster".into()),
        "NOPROTO" => Error::Unsupported("NOPROTO: the server does not speak RESP3".into()),
        "ERR" if is_unknown_command(text) => Error::Unsupported(with_command("the server does not know")),
        _ => Error::Server(masked(text, batch)),
    }
}

fn is_unknown_command(text: &[u8]) -> bool {
    let text = text.get(4..).unwrap_or_default();
    text.starts_with(b"unknown command") || text.starts_with(b"unknown subcommand")
}

/// The text with everything masked that the call had sent, be it whole, cut short or a piece from inside.
fn masked(text: &[u8], batch: &Batch) -> String {
    let text = &text[..text.len().min(MAX_TEXT)];
    if batch.bytes().len() > MAX_SEARCHED {
        // What is no code may be something that was sent, and so may a long one together with the blank behind it.
        let word = prefix(text);
        let is_code = word.len() + 1 < LONGEST_PIECE && word.bytes().all(|byte| byte.is_ascii_uppercase());
        return joined(&[if is_code { word } else { "" }, " …"]);
    }
    let mut sent = vec![false; text.len()];
    // A single byte tells nothing, and masked everywhere it would make the text unreadable.
    for argument in batch.arguments().filter(|argument| argument.len() > 1) {
        // Without the quotes of a JSON string, too; and of a longer argument every piece that could tell something.
        let length = (argument.len() - 2).clamp(2, LONGEST_PIECE);
        for piece in argument.windows(length) {
            for (start, said) in text.windows(length).enumerate() {
                if piece.iter().copied().map(as_said).eq(said.iter().copied().map(as_said)) {
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

/// Errors are lines: Redis writes blanks for the ends of lines in what it repeats. RESP3 has errors that are none.
fn as_said(byte: u8) -> u8 {
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
        let shown = error(text, &batch, 0);
        assert_eq!(shown, Error::Server("ERR strange: '…' '…' '…' end".into()));
    }

    #[test]
    fn a_piece_from_inside_is_masked_and_lines_that_were_joined() {
        let batch = Batch::of(&[b"HSET", b"drsession:0123456789", b"f", b"[1,\r\n\"hunter2\"]", b"\"ab\""]);
        let text = b"ERR 0123456789 is [1,  \"hunter2\"] and not ab";
        assert_eq!(error(text, &batch, 0), Error::Server("ERR … is … and not …".into()));
        let text = b"ERR [1,\r\n\"hunter2\"]";
        assert_eq!(error(text, &batch, 0), Error::Server("ERR …".into()));
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
            assert_eq!(error(text, &batch, 0), Error::Server(told.into()));
        }
    }

    #[test]
    fn long_and_binary_texts_are_bounded() {
        let Error::Server(text) = error(&[0xff; 100_000], &Batch::of(&[b"PING"]), 0) else {
            panic!("another error");
        };
        assert!(text.len() <= 3 * MAX_TEXT);
    }

    #[test]
    fn an_exec_that_was_refused_is_told_by_why() {
        let text = b"EXECABORT Transaction discarded because of: NOPERM this user has no permissions";
        assert_eq!(error(cause(text), &Batch::of(&[b"EXEC"]), 0), Error::Denied("NOPERM EXEC".into()));
        let text = b"EXECABORT Transaction discarded because of previous errors.";
        assert_eq!(prefix(cause(text)), "EXECABORT");
    }

    #[test]
    fn a_script_that_the_acl_stops_is_denied() {
        let text = b"ERR The user executing the script can't run this command or subcommand script: 1";
        assert!(matches!(error(text, &Batch::of(&[b"EVALSHA"]), 0), Error::Denied(_)));
    }
}
