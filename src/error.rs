//! Why a call failed: the contract's `types.error`, as the core knows it.

/// Why a call failed; each case says what the contract's case of the same name says (`wit/types.wit`).
///
/// No case but [`Error::NotANumber`] and [`Error::Corrupt`], which name a field, holds what a caller sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// The session is no more.
    Gone,
    /// The session has moved to a new id within the last minute.
    Rotated,
    /// A counter's operation on a field that holds no number; the field's name.
    NotANumber(String),
    /// A counter would leave its range.
    Overflow,
    /// An argument can't be used; which and why.
    InvalidArgument(String),
    /// Past a limit; the limit.
    TooLarge(u64),
    /// A stored field is not text in UTF-8; the field's name.
    Corrupt(String),
    /// The key holds something that is no hash.
    WrongType,
    /// Credentials or a command refused; the server's first word and the command.
    Denied(String),
    /// Not reached or not executed; trying again is safe.
    Unavailable(String),
    /// Too many calls wait already.
    Busy,
    /// The response's headers have been asked for already.
    TooLate,
    /// Sent, and no answer came.
    OutcomeUnknown(String),
    /// Written, and fewer replicas than asked for have it; how many do.
    NotReplicated(u32),
    /// The server is too old, or this build does not have it.
    Unsupported(String),
    /// Any other error reply, masked.
    Server(String),
    /// Not RESP, or not an answer to what was asked.
    Protocol(String),
}

impl Error {
    /// An argument that can't be used.
    pub(crate) fn invalid(why: &str) -> Self {
        Error::InvalidArgument(why.into())
    }
}
