//! Calls that are under way together, and are cancelled when they have been polled so many times.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::bindings::Report;

type Pending<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;

/// One of them.
pub(crate) struct Call<'a> {
    future: Pending<'a>,
    /// How often it is polled before it is cancelled; none: it is waited for.
    polls: Option<u64>,
    begun: bool,
}

impl<'a> Call<'a> {
    pub(crate) fn new(future: Pending<'a>, polls: Option<u64>) -> Self {
        Self { future, polls, begun: false }
    }
}

/// Ends with the first that fails, or when all have come to an end.
pub(crate) struct Calls<'a> {
    calls: Vec<Call<'a>>,
    report: Report,
}

impl<'a> Calls<'a> {
    pub(crate) fn new(calls: impl Iterator<Item = Call<'a>>) -> Self {
        Self { calls: calls.collect(), report: Report { completed: 0, unpolled: 0, cancelled: 0 } }
    }
}

impl Future for Calls<'_> {
    type Output = Result<Report, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { calls, report } = &mut *self;
        let mut failure = None;
        calls.retain_mut(|call| {
            if call.polls == Some(0) {
                if call.begun {
                    report.cancelled += 1;
                } else {
                    report.unpolled += 1;
                }
                // Dropped here, it is cancelled.
                return false;
            }
            call.polls = call.polls.map(|polls| polls - 1);
            call.begun = true;
            match call.future.as_mut().poll(context) {
                Poll::Pending => true,
                Poll::Ready(result) => {
                    report.completed += 1;
                    failure = failure.take().or(result.err());
                    false
                }
            }
        });
        match failure {
            Some(error) => Poll::Ready(Err(error)),
            None if calls.is_empty() => Poll::Ready(Ok(*report)),
            None => Poll::Pending,
        }
    }
}
