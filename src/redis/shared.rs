//! Many calls over one socket: what is ready together leaves in one write, and each reply goes to the call whose turn it
//! is, for Redis answers in order.
//!
//! No task of its own serves the connection, the calls do it themselves: one of those that wait reads for all, one of those whose
//! commands have not left writes for all. Who is done, or is cancelled, passes its duty on. A cancelled call takes its commands
//! along if they have not left; else its replies are read and forgotten, so that the others stay in step.

mod call;
mod queue;

use self::{
    call::Call,
    queue::{Duty, Queue},
};
use super::{
    batch::Batch,
    connection::{Connection, ExchangeError},
    host::{Socket, SocketError},
    reply::Reply,
};
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
};

/// How much to ask for in one read.
const READ_SIZE: u32 = 64 << 10;

/// A socket, and the calls that wait for it.
pub struct Shared<S: Socket> {
    socket: Rc<S>,
    queue: RefCell<Queue>,
    /// The read under way. It is the connection's and not the call's that polls it: a read that has returned has taken its bytes, even
    /// where nobody has seen the result yet, so that to drop it could lose a reply.
    incoming: RefCell<Option<Read>>,
}

type Read = Pin<Box<dyn Future<Output = Result<Vec<u8>, SocketError>>>>;

impl<S: Socket> Shared<S> {
    /// Over a socket on which no answer is outstanding.
    pub fn new(socket: S) -> Self {
        Self { socket: Rc::new(socket), queue: RefCell::default(), incoming: RefCell::default() }
    }

    /// Whether another call may join.
    pub fn is_usable(&self) -> bool {
        let queue = self.queue.borrow();
        !queue.ended && !queue.retired
    }

    /// No other call is to join, and nobody is to take the connection over.
    pub fn retire(&self) {
        self.queue.borrow_mut().retired = true;
    }

    /// Sends what waits to be sent, for this call and for all others.
    async fn write(&self, call: &Call) {
        self.queue.borrow_mut().writing = Duty::Taken;
        let _free = OnDrop(|| self.queue.borrow_mut().written());
        self.queue.borrow_mut().pass_on();
        if self.queue.borrow().is_shared() {
            // Calls that are ready too come before what others wait for: one write for all of them.
            once_more_later().await;
        }
        let bytes = self.queue.borrow_mut().take_unsent();
        match self.unless_ended(call, self.socket.write(&bytes)).await {
            None | Some(Ok(())) => {}
            Some(Err(SocketError::Closed)) => self.queue.borrow_mut().end_unwritten(),
            Some(Err(error)) => self.queue.borrow_mut().end(&error),
        }
    }

    /// Waits for bytes, and hands out the replies in them.
    async fn read(&self, call: &Call) {
        self.queue.borrow_mut().begin_reading();
        let _free = OnDrop(|| self.queue.borrow_mut().reading = Duty::Free);
        self.queue.borrow_mut().pass_on();
        let incoming = poll_fn(|context| {
            let mut incoming = self.incoming.take().unwrap_or_else(|| {
                let socket = self.socket.clone();
                Box::pin(async move { socket.read(READ_SIZE).await })
            });
            let polled = incoming.as_mut().poll(context);
            if polled.is_pending() {
                self.incoming.replace(Some(incoming));
            }
            polled
        });
        match self.unless_ended(call, incoming).await {
            // Nobody would wait for it any more but the task that began it.
            None => drop(self.incoming.take()),
            Some(Ok(bytes)) if bytes.is_empty() => self.queue.borrow_mut().end(&SocketError::Closed),
            Some(Ok(bytes)) => self.queue.borrow_mut().receive(&bytes),
            Some(Err(error)) => self.queue.borrow_mut().end(&error),
        }
    }

    /// The result of a future, unless the connection ends before.
    async fn unless_ended<T>(&self, call: &Call, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|context| {
            if self.queue.borrow().ended {
                return Poll::Ready(None);
            }
            call.wake_by(context);
            future.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// A call is over: others go on with what it did for them.
    fn leave(&self, call: &Call) {
        let mut queue = self.queue.borrow_mut();
        queue.leave(call);
        queue.pass_on();
        if queue.becomes_idle() {
            // Nothing is to come that could be lost.
            self.incoming.take();
            self.socket.set_idle();
        }
    }
}

impl<S: Socket> Connection for Shared<S> {
    async fn exchange(&self, batch: &Batch) -> Result<Vec<Reply>, ExchangeError> {
        let call = self.queue.borrow_mut().join(batch)?;
        let _leave = OnDrop(|| self.leave(&call));
        loop {
            if let Some(outcome) = call.outcome() {
                return outcome;
            }
            let duty = self.queue.borrow().duty_of(&call);
            match duty {
                queue::Task::Write => self.write(&call).await,
                queue::Task::Read => self.read(&call).await,
                queue::Task::Wait => {
                    self.queue.borrow_mut().pass_on();
                    call.wait().await;
                }
            }
        }
    }
}

/// Comes back after the other tasks that can go on have had their turn.
async fn once_more_later() {
    let mut is_later = false;
    poll_fn(|context| {
        if std::mem::replace(&mut is_later, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Does something at the end of a scope, be it the end of a future that is dropped where it waits.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests;
