//! Many calls over one socket: what is ready together leaves in one write, and each reply goes to the call whose turn it
//! is, for Redis answers in order.
//!
//! No task of its own serves the connection, the calls do it themselves: one of those that wait reads for all, one of those whose
//! commands have not left writes for all. Who is done, or is cancelled, passes its duty on. A cancelled call takes its commands
//! along if they have not left; else its replies are read and forgotten, so that the others stay in step.

mod call;
mod queue;

pub(super) use self::queue::MAX_CALLS;
use self::{
    call::Call,
    queue::{Duty, Queue},
};
use super::{
    batch::Batch,
    connection::{Connection, ExchangeError},
    deadline::Deadline,
    host::{Socket, SocketError},
    reply::Reply,
};
use std::{
    any::Any,
    cell::RefCell,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
};

/// How much to ask for in one read.
const READ_SIZE: u32 = 64 << 10;

/// A socket, and the calls that wait for it.
pub struct Shared<S: Socket> {
    socket: Rc<S>,
    /// Of the answer that is to come next.
    deadline: Deadline,
    queue: RefCell<Queue>,
    /// The write and the read under way. They are the connection's and not the call's that began them: what a cancelled call
    /// dropped might never be sent, or might have taken a reply along that nobody has seen yet.
    outgoing: RefCell<Option<Operation<Written>>>,
    incoming: RefCell<Option<Operation<Received>>>,
}

type Operation<T> = Pin<Box<dyn Future<Output = T>>>;
/// What came of a write, and the buffer that it was made from.
type Written = (Result<(), SocketError>, Vec<u8>);
/// What came of a read.
type Received = Result<Vec<u8>, SocketError>;

thread_local! {
    /// What was under way on connections that are no more.
    static ABANDONED: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

impl<S: Socket> Drop for Shared<S> {
    /// The last handle on a store may be dropped while a cancelled call's read is under way. In a destructor nothing may wait, and
    /// ending that read could: whoever tried would end the whole instance. So it is left to the next call.
    fn drop(&mut self) {
        ABANDONED.with_borrow_mut(|abandoned| {
            abandoned.extend(self.outgoing.take().map(|outgoing| Box::new(outgoing) as Box<dyn Any>));
            abandoned.extend(self.incoming.take().map(|incoming| Box::new(incoming) as Box<dyn Any>));
        });
    }
}

impl<S: Socket> Shared<S> {
    /// Over a socket on which no answer is outstanding, with so many milliseconds for each.
    pub fn new(socket: S, limit: u32) -> Self {
        let (queue, outgoing, incoming) = Default::default();
        Self { socket: Rc::new(socket), deadline: Deadline::new(limit), queue, outgoing, incoming }
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

    /// Sends what waits to be sent, for this call and for all others; first of all what a cancelled call has left.
    async fn write(&self, call: &Call) {
        self.queue.borrow_mut().begin_writing(call);
        let _free = OnDrop(|| self.queue.borrow_mut().writing = Duty::Free);
        self.queue.borrow_mut().pass_on();
        if self.outgoing.borrow().is_none() {
            if self.queue.borrow().is_shared() {
                // Calls that are ready too come before what others wait for: one write for all of them.
                once_more_later().await;
            }
            let bytes = self.queue.borrow_mut().take_unsent();
            let socket = self.socket.clone();
            self.outgoing.replace(Some(Box::pin(async move { (socket.write(&bytes).await, bytes) })));
        }
        self.unless_ended(call, poll_fn(|context| self.poll_outgoing(context))).await;
    }

    /// Goes on with the write under way.
    fn poll_outgoing(&self, context: &mut Context<'_>) -> Poll<()> {
        let Some((result, buffer)) = ready(&self.outgoing, context) else { return Poll::Pending };
        let mut queue = self.queue.borrow_mut();
        match result {
            Ok(()) => queue.written(buffer),
            Err(SocketError::Closed) => queue.end_unwritten(),
            Err(error) => queue.end(&error),
        }
        Poll::Ready(())
    }

    /// Waits for bytes, and hands out the replies in them.
    async fn read(&self, call: &Call) {
        self.queue.borrow_mut().reading = Duty::Taken;
        let _free = OnDrop(|| self.queue.borrow_mut().reading = Duty::Free);
        self.queue.borrow_mut().pass_on();
        if self.incoming.borrow().is_none() {
            self.queue.borrow_mut().read_begins();
            let socket = self.socket.clone();
            self.incoming.replace(Some(Box::pin(async move { socket.read(READ_SIZE).await })));
        }
        let incoming = poll_fn(|context| {
            if self.queue.borrow().has_orphan() {
                // There may be nobody else, and what this call waits for may be the answer to it.
                let _ = self.poll_outgoing(context);
            }
            ready(&self.incoming, context).map_or(Poll::Pending, Poll::Ready)
        });
        match self.unless_ended(call, incoming).await {
            None => {}
            Some(Ok(bytes)) if bytes.is_empty() => self.queue.borrow_mut().end(&SocketError::Closed),
            Some(Ok(bytes)) => {
                let mut queue = self.queue.borrow_mut();
                if queue.receive(bytes) {
                    self.deadline.lift();
                } else if self.deadline.has_passed(self.socket.now()) {
                    queue.end(&SocketError::TimedOut);
                }
            }
            Some(Err(error)) => self.queue.borrow_mut().end(&error),
        }
    }

    /// The result of a future, unless the connection ends before.
    async fn unless_ended<T>(&self, call: &Call, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let result = poll_fn(|context| {
            if self.queue.borrow().ended {
                return Poll::Ready(None);
            }
            call.wake_by(context);
            future.as_mut().poll(context).map(Some)
        })
        .await;
        if self.queue.borrow().ended {
            // Nobody would wait for them any more but the tasks that began them.
            self.outgoing.take();
            self.incoming.take();
        }
        result
    }

    /// A call is over: others go on with what it did for them.
    fn leave(&self, call: &Call) {
        let mut queue = self.queue.borrow_mut();
        queue.leave(call);
        queue.pass_on();
        if queue.becomes_idle() {
            // Nothing is to leave or to come that could be lost.
            self.outgoing.take();
            self.incoming.take();
            self.socket.set_idle();
        }
    }
}

/// The result of an operation under way, once it is there.
fn ready<T>(operation: &RefCell<Option<Operation<T>>>, context: &mut Context<'_>) -> Option<T> {
    let mut under_way = operation.take()?;
    match under_way.as_mut().poll(context) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => {
            operation.replace(Some(under_way));
            None
        }
    }
}

impl<S: Socket> Connection for Shared<S> {
    async fn exchange(&self, batch: &Batch) -> Result<Vec<Reply>, ExchangeError> {
        drop(ABANDONED.take());
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
pub(super) struct OnDrop<F: FnMut()>(pub(super) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests;
