//! Many calls over one socket. Commands that are ready together are sent in one write, and each reply goes to the
//! oldest call that still waits for one, because Redis answers in order.
//!
//! No background task drives the connection. In a component, a task runs only within a call from outside: one that outlived its call
//! would stand still, and with it every other call. So the calls drive it themselves: one of those that wait reads for all, and one of
//! those whose commands were not sent writes for all. When that call finishes or is cancelled, another waiting call takes over.
//!
//! A cancelled call removes its commands if they were not sent. Otherwise its replies are read and dropped, so that the other calls
//! still get their own.

mod call;
mod queue;

pub(super) use self::queue::MAX_CALLS;
use self::{
    call::Call,
    queue::{Queue, Role, Task},
};
use super::{
    batch::Batch,
    connection::{Connection, ConnectionError},
    host::{Socket, SocketError},
    limits::Limits,
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

/// The size of one read, in bytes.
const READ_SIZE: u32 = 64 << 10;

/// A socket, and the calls that use it.
pub struct MultiplexedConnection<S: Socket> {
    socket: Rc<S>,
    queue: RefCell<Queue>,
    /// The write and the read under way. They belong to the connection, not to the call that began them: a write that is dropped with
    /// a cancelled call might never be sent, and a read might take replies with it.
    outgoing: RefCell<Option<Operation<Written>>>,
    incoming: RefCell<Option<Operation<Received>>>,
}

type Operation<T> = Pin<Box<dyn Future<Output = T>>>;
/// The result of a write, and its buffer.
type Written = (Result<(), SocketError>, Vec<u8>);
/// The result of a read.
type Received = Result<Vec<u8>, SocketError>;

thread_local! {
    /// Operations that were under way on dropped connections. Dropping such an operation cancels a subtask, which may
    /// block, and wasmtime traps if a resource's destructor blocks ("cannot block a synchronous task before
    /// returning"). So the next call on any connection drops them.
    static ABANDONED: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

impl<S: Socket> Drop for MultiplexedConnection<S> {
    fn drop(&mut self) {
        ABANDONED.with_borrow_mut(|abandoned| {
            abandoned.extend(self.outgoing.take().map(|outgoing| Box::new(outgoing) as Box<dyn Any>));
            abandoned.extend(self.incoming.take().map(|incoming| Box::new(incoming) as Box<dyn Any>));
        });
    }
}

impl<S: Socket> MultiplexedConnection<S> {
    /// A connection over a socket on which no answer is outstanding.
    pub fn new(socket: S) -> Self {
        let (queue, outgoing, incoming) = Default::default();
        Self { socket: Rc::new(socket), queue, outgoing, incoming }
    }

    /// Whether another call may join.
    pub fn is_usable(&self) -> bool {
        let queue = self.queue.borrow();
        !queue.ended && !queue.retired
    }

    /// Lets no further call join, and keeps the connection from being marked idle.
    pub fn retire(&self) {
        self.queue.borrow_mut().retired = true;
    }

    /// Writes for all calls. If a cancelled writer has left a write under way, this continues that write first.
    async fn write(&self, call: &Call) {
        self.queue.borrow_mut().begin_writing(call);
        let _free = OnDrop(|| self.queue.borrow_mut().writer = Role::Free);
        self.queue.borrow_mut().hand_over();
        if self.outgoing.borrow().is_none() {
            if self.queue.borrow().is_shared() {
                // Other tasks may be about to send commands too: one write for all of them.
                yield_once().await;
            }
            let bytes = self.queue.borrow_mut().take_unsent();
            let socket = self.socket.clone();
            self.outgoing.replace(Some(Box::pin(async move { (socket.write(&bytes).await, bytes) })));
        }
        self.unless_ended(call, poll_fn(|context| self.poll_outgoing(context))).await;
    }

    /// Continues the write under way.
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

    /// Reads for all calls.
    async fn read(&self, call: &Call) {
        self.queue.borrow_mut().reader = Role::Taken;
        let _free = OnDrop(|| self.queue.borrow_mut().reader = Role::Free);
        self.queue.borrow_mut().hand_over();
        if self.incoming.borrow().is_none() {
            self.queue.borrow_mut().read_begins();
            let socket = self.socket.clone();
            self.incoming.replace(Some(Box::pin(async move { socket.read(READ_SIZE).await })));
        }
        let incoming = poll_fn(|context| {
            if self.queue.borrow().has_unattended_write() {
                // No other task may be left to continue it, and the awaited reply may depend on it.
                let _ = self.poll_outgoing(context);
            }
            ready(&self.incoming, context).map_or(Poll::Pending, Poll::Ready)
        });
        match self.unless_ended(call, incoming).await {
            None => {}
            Some(Ok(bytes)) if bytes.is_empty() => self.queue.borrow_mut().end(&SocketError::Closed),
            Some(Ok(bytes)) => {
                let mut queue = self.queue.borrow_mut();
                if !queue.receive(bytes) && queue.is_late(self.socket.now()) {
                    queue.end(&SocketError::TimedOut);
                }
            }
            Some(Err(error)) => self.queue.borrow_mut().end(&error),
        }
    }

    /// The result of a future, or `None` if the connection ends first.
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
            // No other task waits for them.
            self.outgoing.take();
            self.incoming.take();
        }
        result
    }

    /// The call has ended or was cancelled: others take over its roles.
    fn leave(&self, call: &Call) {
        let mut queue = self.queue.borrow_mut();
        queue.leave(call);
        queue.hand_over();
        if queue.becomes_idle() {
            // Nothing is left to send or to receive, so nothing is lost.
            self.outgoing.take();
            self.incoming.take();
            self.socket.set_idle();
        }
    }
}

/// The result of an operation under way, once it has one.
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

impl<S: Socket> Connection for MultiplexedConnection<S> {
    async fn round_trip(&self, batch: &Batch, limits: &Limits) -> Result<Vec<Reply>, ConnectionError> {
        drop(ABANDONED.take());
        let call = self.queue.borrow_mut().join(batch, limits)?;
        let _leave = OnDrop(|| self.leave(&call));
        loop {
            if let Some(outcome) = call.outcome() {
                limits.leave(call.bytes_left());
                return outcome;
            }
            let task = self.queue.borrow().next_task(&call);
            match task {
                Task::Write => self.write(&call).await,
                Task::Read => self.read(&call).await,
                Task::Wait => {
                    self.queue.borrow_mut().hand_over();
                    call.wait().await;
                }
            }
        }
    }
}

/// Lets the other tasks that are ready run first.
async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a function at the end of a scope, also when the scope ends because its future is dropped.
pub(super) struct OnDrop<F: FnMut()>(pub(super) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests;
