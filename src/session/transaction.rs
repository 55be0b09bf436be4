//! Requests without Lua, for servers whose ACL forbids it: read the session under WATCH, decide here, and write in a transaction, which
//! fails if anything has changed in between, the expiry included.
//!
//! ```text
//! WATCH key, HMGET key (reserved fields) field…, PTTL key, TIME
//! MULTI, …, EXEC      or UNWATCH if there is nothing to do
//! ```

mod commands;
mod plan;
mod seen;

pub use commands::Transaction;
pub use plan::{Simulation, Stop};
pub use seen::{Held, Seen, read_commands};

use super::{
    decode::Unexpected,
    request::{Received, Request, Response},
};
use crate::{
    error::Error,
    few::Few,
    options::Lifetime,
    redis::{
        Batch, Client, Connection, ConnectionError, Host, Limits, Reply, Rule, Value,
        client::{self, TryError, replica_count},
        node::ReadyConnection,
        retry::Transient,
    },
    session::operation::Outcome,
};

/// Sends a request.
pub async fn send<H: Host>(client: &Client<H>, lifetime: Lifetime, request: &Request<'_>) -> Result<Received, Error> {
    let mut look = Batch::new();
    look.command(&[b"WATCH", request.key]);
    read_commands(&mut look, request.key, request.operations);
    let rule = request.rule();
    let received = optimistically(client, request.key, rule, request.limits, look, &|replies| {
        let mut replies = replies.iter().skip(1).map(Reply::value);
        let seen = Seen::read(&mut replies, request.operations)?;
        Ok(plan::plan(lifetime, request, &seen))
    })
    .await;
    match (&received, request.operations) {
        // If Redis is out of memory, it refuses every transaction, even one that frees memory. A logout has to work
        // nevertheless, without a tombstone. The read before the transaction has found the session.
        (Err(Error::Unavailable(code)), [operation]) if code == "OOM" && operation.describe().tombstone().is_some() => {
            let batch = Batch::of(&[b"DEL", request.key]);
            let replies = client.send(request.key, batch, rule, request.limits).await?;
            Ok(Received { response: Response::Done(Few::one(Outcome::Done)), replicas: replies.replicas })
        }
        _ => received,
    }
}

/// What to do after reading.
pub enum Plan<'a> {
    /// Nothing: this is the response.
    Respond(Response),
    /// Nothing: a transaction cannot do it.
    Refuse(Error),
    /// A transaction.
    Write(Transaction<'a>),
}

/// Decides what to do, from the replies to the commands that read.
pub type Decide<'a> = dyn Fn(&[Reply]) -> Result<Plan<'a>, Unexpected> + 'a;

/// The limit of the random pause before the second try, in milliseconds. It doubles with each further try.
const FIRST_PAUSE: u32 = 2;
/// The highest limit of a pause.
const LONGEST_PAUSE: u32 = 64;

/// Reads, decides and writes. Starts over, after a random pause, as long as other clients change the session in
/// between.
pub async fn optimistically<H: Host>(
    client: &Client<H>,
    key: &[u8],
    rule: Rule,
    limits: &Limits,
    mut look: Batch,
    decide: &Decide<'_>,
) -> Result<Received, Error> {
    look.opens_transaction();
    let mut longest = FIRST_PAUSE;
    loop {
        let once = async |connection: &ReadyConnection<H>| once::<H>(connection, rule, limits, &look, decide).await;
        if let Some(received) = client.on_connection(key, rule, limits, once).await? {
            return Ok(received);
        }
        let pause = u32::from_le_bytes(client.host().random()) % longest;
        longest = (longest * 2).min(LONGEST_PAUSE);
        if u64::from(pause) >= limits.time_left(client.host().now()) {
            return Err(Error::Unavailable("other clients kept changing the session".into()));
        }
        client.host().wait(pause).await;
    }
}

/// One try. `None` if another client has changed the session.
async fn once<H: Host>(
    connection: &ReadyConnection<H>,
    rule: Rule,
    limits: &Limits,
    look: &Batch,
    decide: &Decide<'_>,
) -> Result<Option<Received>, TryError> {
    // Nothing is written yet, so a lost reply is no worse than a failed connection.
    let read = connection.round_trip(look, limits).await.map_err(|error| match error {
        ConnectionError::Unanswered(error) => TryError::Retryable(Transient::NoConnection(error)),
        ConnectionError::NotSent => TryError::from(ConnectionError::NotSent),
        unreadable => TryError::Fatal(unreadable.into_error(false)),
    })?;
    for (index, reply) in read.iter().enumerate() {
        client::check(reply.value(), look, index)?;
    }
    let result = match decide(&read).map_err(|unexpected| TryError::Fatal(unexpected.into_error(false)))? {
        Plan::Respond(response) => Ok(Some(Received { response, replicas: None })),
        Plan::Refuse(error) => Err(TryError::Fatal(error)),
        Plan::Write(transaction) => return write::<H>(connection, rule, limits, transaction).await,
    };
    // The result is known, so an error does not matter: the connection is closed then, which also ends the WATCH.
    let _ = connection.round_trip(&Batch::of(&[b"UNWATCH"]), limits).await;
    result
}

async fn write<H: Host>(
    connection: &ReadyConnection<H>,
    rule: Rule,
    limits: &Limits,
    mut transaction: Transaction<'_>,
) -> Result<Option<Received>, TryError> {
    let batch = transaction.finish();
    if let Some(wait) = rule.wait() {
        batch.wait(wait);
    }
    let mut replies = connection.round_trip(batch, limits).await?;
    let replicas = rule.wait().and_then(|_| replies.pop()).map(|reply| replica_count(&reply));
    for (index, reply) in replies.iter().enumerate() {
        client::check(reply.value(), batch, index)?;
    }
    let Some(exec) = replies.pop() else { return Err(TryError::Fatal(Unexpected.into_error(rule.writes))) };
    match exec.value() {
        Value::Null => Ok(None),
        Value::List(results) => {
            for (index, value) in results.into_iter().enumerate() {
                // A command that fails within EXEC does not undo the others.
                client::check(value, batch, 1 + index).map_err(|error| match error {
                    TryError::Fatal(_) if rule.writes => {
                        TryError::Fatal(Error::OutcomeUnknown("a command of the transaction failed".into()))
                    }
                    error => error,
                })?;
            }
            let response = transaction.response(results);
            let response = response.map_err(|unexpected| TryError::Fatal(unexpected.into_error(rule.writes)))?;
            Ok(Some(Received { response, replicas }))
        }
        _ => Err(TryError::Fatal(Unexpected.into_error(rule.writes))),
    }
}
