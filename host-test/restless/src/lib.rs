//! A socket over another which behaves like that one, and on the way cancels the calls that wait: whatever holds for
//! the one below has to hold for this one, if cancelling keeps its promises.

#![cfg(target_arch = "wasm32")]

mod bindings;
mod convert;

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use bindings::drsession::session::socket_async as below;
use bindings::exports::drsession::session::socket_async::{
    self as contract, Address, Error, Guest, GuestConnection, Timeouts,
};

struct Restless;

struct Connection {
    below: below::Connection,
    /// How often it was read from: it decides how often the next call is cancelled.
    reads: Cell<u32>,
    under_way: Cell<u32>,
}

impl Guest for Restless {
    type Connection = Connection;

    fn now() -> u64 {
        below::now()
    }

    async fn wait(milliseconds: u32) {
        below::wait(milliseconds).await;
    }
}

impl Connection {
    fn begin(&self) -> Call<'_> {
        self.under_way.set(self.under_way.get() + 1);
        Call(&self.under_way)
    }
}

/// A call that is under way.
struct Call<'a>(&'a Cell<u32>);

impl Call<'_> {
    /// Where it is not, the component below may be busy; and a call that is cancelled before that could begin it was
    /// never made.
    fn is_alone(&self) -> bool {
        self.0.get() == 1
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// What the call comes to at once; else it is cancelled. Later would be too late: the bindings may already have the
/// result by then, and lose it.
async fn at_once<T>(call: impl Future<Output = T>) -> Option<T> {
    let mut call = pin!(call);
    poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

impl GuestConnection for Connection {
    async fn connect(to: Address, timeouts: Timeouts, state: String) -> Result<contract::Connection, Error> {
        let below = below::Connection::connect(to.into(), timeouts.into(), state).await?;
        Ok(contract::Connection::new(Self { below, reads: Cell::new(0), under_way: Cell::new(0) }))
    }

    fn reused(&self) -> bool {
        self.below.reused()
    }

    fn set_state(&self, state: String) {
        self.below.set_state(&state);
    }

    fn set_idle(&self) {
        self.below.set_idle();
    }

    /// Cancelled, the bytes are still sent; that, a write of nothing waits for.
    async fn write(&self, bytes: Vec<u8>) -> Result<(), Error> {
        let call = self.begin();
        if !call.is_alone() {
            return Ok(self.below.write(bytes).await?);
        }
        match at_once(self.below.write(bytes)).await {
            Some(result) => Ok(result?),
            None => Ok(self.below.write(Vec::new()).await?),
        }
    }

    async fn read(&self, max: u32) -> Result<Vec<u8>, Error> {
        let call = self.begin();
        let reads = self.reads.replace(self.reads.get().wrapping_add(1));
        for _ in 0..reads % 4 {
            if call.is_alone()
                && let Some(result) = at_once(self.below.read(max)).await
            {
                return Ok(result?);
            }
            below::wait(reads % 2).await;
        }
        Ok(self.below.read(max).await?)
    }
}

#[allow(unsafe_code, unreachable_pub, reason = "generated")]
mod export {
    use super::Restless;

    crate::bindings::export!(Restless with_types_in crate::bindings);
}
