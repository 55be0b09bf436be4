//! Whether to send something again.

use super::{
    connection::ExchangeError,
    host::SocketError,
    refusal::{Passing, Redirect},
};

/// What may be done with a command whose reply was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// Send it again: twice is as good as once.
    Always,
    /// Send it again only if it surely was not executed; else nobody knows what became of it.
    IfNotExecuted,
}

impl Repeat {
    /// The rule for two things that travel together.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Repeat::Always, Repeat::Always) => Repeat::Always,
            (Repeat::IfNotExecuted, _) | (_, Repeat::IfNotExecuted) => Repeat::IfNotExecuted,
        }
    }
}

/// Why a try did not succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// No connection could be made, or the handshake on it was cut off.
    NoConnection(SocketError),
    /// There was a connection, and no reply.
    NoReply(ExchangeError),
    /// The server said that it did not execute it, for now.
    Refused(Passing),
    /// The server said that another one has the key.
    Redirected(Redirect),
}

/// The most tries of what needs no time to pass.
const MAX_TRIES: u32 = 4;
/// The pause before the second try, in milliseconds; it doubles with each further one.
const FIRST_PAUSE: u32 = 8;
/// The longest pause.
const LONGEST_PAUSE: u32 = 128;

/// How long to pause before the next try; none where there is to be none. `tries` have failed, and `time_left`
/// milliseconds remain for pauses. `several`: another server may take over from one that is gone.
pub fn pause(failure: &Failure, repeat: Repeat, several: bool, tries: u32, time_left: u64) -> Option<u32> {
    let growing = || (1..tries).fold(FIRST_PAUSE, |pause, _| (pause * 2).min(LONGEST_PAUSE));
    let in_time = |pause: u32| (u64::from(pause) <= time_left).then_some(pause);
    let pause = match (failure, repeat) {
        (Failure::Refused(_), _) => return in_time(growing()),
        // Somebody else may be there for it soon, and says so.
        (Failure::NoConnection(_), _) if several => return in_time(growing()),
        (Failure::Redirected(_), _) if !several => return None,
        (Failure::Redirected(_), _) if tries >= MAX_TRIES => return in_time(growing()),
        (Failure::Redirected(_), _) => 0,
        // A server that is about to be there again. What took its time already, or will not change, is final.
        (Failure::NoConnection(SocketError::Refused | SocketError::Closed), _) => growing(),
        (Failure::NoConnection(_), _) => return None,
        // The pool handed out a connection that had ended; the next one is new.
        (Failure::NoReply(ExchangeError::NotSent), _) => 0,
        (Failure::NoReply(ExchangeError::Unanswered(SocketError::TimedOut)), _) => return None,
        (Failure::NoReply(ExchangeError::Unanswered(_)), Repeat::Always) => 0,
        (Failure::NoReply(ExchangeError::Unanswered(_)), Repeat::IfNotExecuted) => return None,
        (Failure::NoReply(ExchangeError::Busy | ExchangeError::Unreadable(_)), _) => return None,
    };
    (tries < MAX_TRIES).then_some(pause).and_then(in_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNANSWERED: Failure = Failure::NoReply(ExchangeError::Unanswered(SocketError::Closed));
    const NOT_SENT: Failure = Failure::NoReply(ExchangeError::NotSent);

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
        let unreachable = Failure::NoConnection(SocketError::Unreachable);
        assert_eq!(pause(&unreachable, Repeat::IfNotExecuted, false, 1, 2000), None);
        assert_eq!(pause(&unreachable, Repeat::IfNotExecuted, true, 99, 2000), Some(LONGEST_PAUSE));
        assert_eq!(pause(&unreachable, Repeat::IfNotExecuted, true, 99, 100), None);
    }

    #[test]
    fn who_is_sent_elsewhere_goes_at_once_and_not_in_circles() {
        let redirected = Failure::Redirected(Redirect { asks: false, slot: 1, host: "h".into(), port: 1 });
        assert_eq!(pause(&redirected, Repeat::IfNotExecuted, true, 1, 2000), Some(0));
        assert_eq!(pause(&redirected, Repeat::IfNotExecuted, true, 99, 2000), Some(LONGEST_PAUSE));
        assert_eq!(pause(&redirected, Repeat::IfNotExecuted, false, 1, 2000), None);
    }

    #[test]
    fn pauses_grow_and_stay_at_the_longest() {
        let loading = Failure::Refused(Passing::Wait);
        let pauses: Vec<_> =
            (1..=70).map(|tries| pause(&loading, Repeat::Always, false, tries, 2000).unwrap()).collect();
        assert_eq!(pauses[..6], [8, 16, 32, 64, 128, 128]);
        assert!(pauses[6..].iter().all(|pause| *pause == LONGEST_PAUSE));
    }

    #[test]
    fn tries_end() {
        for failure in [NOT_SENT, UNANSWERED, Failure::NoConnection(SocketError::Refused)] {
            assert_eq!(pause(&failure, Repeat::Always, false, MAX_TRIES, 2000), None);
        }
    }

    #[test]
    fn a_server_that_is_loading_is_waited_for_as_long_as_there_is_time() {
        let loading = Failure::Refused(Passing::Wait);
        assert_eq!(pause(&loading, Repeat::IfNotExecuted, false, 1, 2000), Some(FIRST_PAUSE));
        assert_eq!(pause(&loading, Repeat::IfNotExecuted, false, 99, 2000), Some(LONGEST_PAUSE));
        assert_eq!(pause(&loading, Repeat::IfNotExecuted, false, 99, 100), None);
    }
}
