//! Retries: which failed commands may be sent again, and when.
//!
//! A command that never reached the server can always be repeated. A command whose reply was lost may have been applied, so only
//! operations that are safe to apply twice ([`Repeat::Always`]) are sent again; for all others the caller gets `outcome-unknown`.

use super::{
    connection::ConnectionError,
    error_reply::{Redirect, RetryHint},
    host::SocketError,
};

/// Whether a command may be sent again after its reply was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// Yes: applying it twice has the effect of applying it once.
    Always,
    /// Only if it certainly was not executed.
    IfNotExecuted,
}

impl Repeat {
    /// The rule for two operations that are sent together.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Repeat::Always, Repeat::Always) => Repeat::Always,
            (Repeat::IfNotExecuted, _) | (_, Repeat::IfNotExecuted) => Repeat::IfNotExecuted,
        }
    }
}

/// A failure after which another try may succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Transient {
    /// No connection could be made, or it was lost during the handshake.
    NoConnection(SocketError),
    /// There was a connection, but no usable reply.
    NoReply(ConnectionError),
    /// The server did not execute the command, for now.
    Refused(RetryHint),
    /// Another server owns the key.
    Redirected(Redirect),
}

/// The most tries. Failures that pass with time, such as a failover, are retried until the call's time is over.
const MAX_TRIES: u32 = 4;
/// The pause before the second try, in milliseconds. It doubles with each further try.
const FIRST_PAUSE: u32 = 8;
/// The longest pause.
const LONGEST_PAUSE: u32 = 128;

/// Milliseconds to wait before the next try; `None` if there must be no other. `tries` have failed, and the call has `time_left`
/// milliseconds. `several`: another server may take over from one that is down.
pub fn pause(failure: &Transient, repeat: Repeat, several: bool, tries: u32, time_left: u64) -> Option<u32> {
    let growing = || (1..tries).fold(FIRST_PAUSE, |pause, _| (pause * 2).min(LONGEST_PAUSE));
    let in_time = |pause: u32| (u64::from(pause) <= time_left).then_some(pause);
    let pause = match (failure, repeat) {
        (Transient::Refused(_), _) => return in_time(growing()),
        (Transient::NoConnection(_), _) if several => return in_time(growing()),
        (Transient::Redirected(_), _) if !several => return None,
        (Transient::Redirected(_), _) if tries >= MAX_TRIES => return in_time(growing()),
        (Transient::Redirected(_), _) => 0,
        // Connection refused: the server may be restarting. Time-outs and permanent errors are not retried.
        (Transient::NoConnection(SocketError::Refused | SocketError::Closed), _) => growing(),
        (Transient::NoConnection(_), _) => return None,
        // The server had closed the idle connection. The next try uses another.
        (Transient::NoReply(ConnectionError::NotSent), _) => 0,
        (Transient::NoReply(ConnectionError::Unanswered(SocketError::TimedOut)), _) => return None,
        (Transient::NoReply(ConnectionError::Unanswered(_)), Repeat::Always) => 0,
        (Transient::NoReply(ConnectionError::Unanswered(_)), Repeat::IfNotExecuted) => return None,
        (Transient::NoReply(ConnectionError::Busy | ConnectionError::Unreadable(_)), _) => return None,
    };
    (tries < MAX_TRIES).then_some(pause).and_then(in_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNANSWERED: Transient = Transient::NoReply(ConnectionError::Unanswered(SocketError::Closed));
    const NOT_SENT: Transient = Transient::NoReply(ConnectionError::NotSent);

    #[test]
    fn a_lost_answer_is_asked_for_again_only_where_twice_is_as_good_as_once() {
        assert_eq!(pause(&UNANSWERED, Repeat::Always, false, 1, 2000), Some(0));
        assert_eq!(pause(&UNANSWERED, Repeat::IfNotExecuted, false, 1, 2000), None);
    }

    #[test]
    fn what_was_not_sent_is_sent_again_whatever_it_is() {
        assert_eq!(pause(&NOT_SENT, Repeat::IfNotExecuted, false, 1, 2000), Some(0));
    }

    #[test]
    fn a_server_that_is_gone_is_waited_for_where_another_one_may_take_over() {
        let unreachable = Transient::NoConnection(SocketError::Unreachable);
        assert_eq!(pause(&unreachable, Repeat::IfNotExecuted, false, 1, 2000), None);
        assert_eq!(pause(&unreachable, Repeat::IfNotExecuted, true, 99, 2000), Some(LONGEST_PAUSE));
        assert_eq!(pause(&unreachable, Repeat::IfNotExecuted, true, 99, 100), None);
    }

    #[test]
    fn who_is_sent_elsewhere_goes_at_once_and_not_in_circles() {
        let redirected = Transient::Redirected(Redirect { asks: false, slot: 1, host: "h".into(), port: 1 });
        assert_eq!(pause(&redirected, Repeat::IfNotExecuted, true, 1, 2000), Some(0));
        assert_eq!(pause(&redirected, Repeat::IfNotExecuted, true, 99, 2000), Some(LONGEST_PAUSE));
        assert_eq!(pause(&redirected, Repeat::IfNotExecuted, false, 1, 2000), None);
    }

    #[test]
    fn pauses_grow_and_stay_at_the_longest() {
        let loading = Transient::Refused(RetryHint::Wait);
        let pauses: Vec<_> =
            (1..=70).map(|tries| pause(&loading, Repeat::Always, false, tries, 2000).unwrap()).collect();
        assert_eq!(pauses[..6], [8, 16, 32, 64, 128, 128]);
        assert!(pauses[6..].iter().all(|pause| *pause == LONGEST_PAUSE));
    }

    #[test]
    fn tries_end() {
        for failure in [NOT_SENT, UNANSWERED, Transient::NoConnection(SocketError::Refused)] {
            assert_eq!(pause(&failure, Repeat::Always, false, MAX_TRIES, 2000), None);
        }
    }

    #[test]
    fn a_server_that_is_loading_is_waited_for_as_long_as_there_is_time() {
        let loading = Transient::Refused(RetryHint::Wait);
        assert_eq!(pause(&loading, Repeat::IfNotExecuted, false, 1, 2000), Some(FIRST_PAUSE));
        assert_eq!(pause(&loading, Repeat::IfNotExecuted, false, 99, 2000), Some(LONGEST_PAUSE));
        assert_eq!(pause(&loading, Repeat::IfNotExecuted, false, 99, 100), None);
    }
}
