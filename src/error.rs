//! The core's counterpart of the contract's `types.error`.

/// Why a call failed. `wit/types.wit` documents the cases.
///
/// No error holds an id, a password or a value. Some name a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// The session does not exist any more.
    Gone,
    /// The session has moved to a new id.
    Rotated,
    /// A counter's field does not hold a number. Carries the field's name.
    NotANumber(String),
    /// A counter would exceed its range.
    Overflow,
    /// An argument is invalid. Says which, and why.
    InvalidArgument(String),
    /// A limit is exceeded. Carries the limit.
    TooLarge(u64),
    /// A stored value or name is not UTF-8. Carries the field's name, with invalid bytes replaced.
    Corrupt(String),
    /// The key does not hold a hash.
    WrongType,
    /// The server refused the credentials, or a command. Carries the error's code and the command's name.
    Denied(String),
    /// The server could not be reached, or did not execute the call. It is safe to try again.
    Unavailable(String),
    /// Too many calls are waiting already.
    Busy,
    /// The application has already asked for the response's headers.
    TooLate,
    /// The call was sent, and no usable reply came back. Says what went wrong.
    OutcomeUnknown(String),
    /// The write was applied, but fewer replicas than asked for have it. Carries their number.
    NotReplicated(u32),
    /// The server, or the host, cannot do it. Says what is missing.
    Unsupported(String),
    /// Another error reply, with arguments masked.
    Server(String),
    /// A reply is not RESP, or does not match its command.
    Protocol(String),
}

impl Error {
    /// An invalid argument.
    pub(crate) fn invalid(why: &str) -> Self {
        Error::InvalidArgument(why.into())
    }
}
