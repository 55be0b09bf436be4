//! Calls without Lua, for servers whose ACL forbids it: look while watching, decide here, write in a transaction that
//! fails if anything has changed in between, expiry included.
//!
//! ```text
//! WATCH key, HMGET key (reserved fields) field…, PTTL key, TIME
//! MULTI, …, EXEC      or UNWATCH where there is nothing to do
//! ```

mod commands;
mod look;
mod plan;

pub use commands::Transaction;
pub use look::{Seen, look_commands};

use super::{
    call::{Answer, Call},
    reading::Unexpected,
    step::{Outcome, Step},
};
use crate::{
    error::Error,
    options::Settings,
    redis::{
        Batch, Client, Connection, ExchangeError, Host, Reply,
        client::{Attempt, Ready, Rule},
        node,
        replicas::Replicas,
        retry::Failure,
    },
};

/// Performs a call.
pub async fn perform<H: Host>(client: &Client<H>, settings: &Settings, call: &Call<'_>) -> Result<Answer, Error> {
    let mut look = Batch::new();
    look.command(&[b"WATCH", call.key]);
    look_commands(&mut look, call.key, call.steps);
    let answer = optimistically(client, call.key, call.rule(), call.replicas, look, &|replies| {
        let mut replies = replies.into_iter().skip(1);
        let seen = Seen::read(&mut replies, call.steps)?;
        Ok(plan::plan(settings.lifetime, call, &seen))
    })
    .await;
    match (&answer, call.steps) {
        // Out of memory, Redis takes no transaction, be it one that frees memory, and a logout has to work. There was a session.
        (Err(Error::Unavailable(word)), [Step::Destroy(_)]) if word == "OOM" => {
            let mut batch = Batch::of(&[b"DEL", call.key]);
            call.replicas.ask(&mut batch, call.rule());
            let mut replies = client.exchange(call.key, &batch, call.rule()).await?;
            call.replicas.take(&batch, &mut replies);
            Ok(Answer::Done(vec![Outcome::Done]))
        }
        _ => answer,
    }
}

/// What to do after looking.
pub enum Plan<'a> {
    /// Nothing: this is the answer.
    Answer(Answer),
    /// Nothing: it can't be done this way.
    Refuse(Error),
    /// A transaction.
    Write(Transaction<'a>),
}

/// What follows from the replies to a look.
pub type Decide<'a> = dyn Fn(Vec<Reply>) -> Result<Plan<'a>, Unexpected> + 'a;

/// The longest pause before the first new beginning, in milliseconds; it doubles with each.
const FIRST_PAUSE: u32 = 2;
/// The longest pause of all.
const LONGEST_PAUSE: u32 = 64;

/// Looks, decides and writes, and begins anew, after a random pause, as long as somebody else was faster and there is
/// time.
pub async fn optimistically<H: Host>(
    client: &Client<H>,
    key: &[u8],
    rule: Rule,
    replicas: &Replicas,
    mut look: Batch,
    decide: &Decide<'_>,
) -> Result<Answer, Error> {
    look.keeps_watching();
    let mut deadline = None;
    let mut longest = FIRST_PAUSE;
    loop {
        let answer = client
            .attempt(key, rule, async |connection| once::<H>(connection, rule, replicas, &look, decide).await)
            .await?;
        if let Some(answer) = answer {
            return Ok(answer);
        }
        let now = client.host().now();
        let deadline = *deadline.get_or_insert(now + u64::from(client.timeouts().answer));
        let pause = u32::from_le_bytes(client.host().random()) % longest;
        longest = (longest * 2).min(LONGEST_PAUSE);
        if now + u64::from(pause) > deadline {
            return Err(Error::Unavailable("others kept changing the session".into()));
        }
        client.host().wait(pause).await;
    }
}

/// None where somebody else was faster.
async fn once<H: Host>(
    connection: &Ready<H>,
    rule: Rule,
    replicas: &Replicas,
    look: &Batch,
    decide: &Decide<'_>,
) -> Result<Option<Answer>, Attempt> {
    // Nothing is written yet: if the answer is lost, it is as if there had been no connection.
    let looked = connection.exchange(look).await.map_err(|error| match error {
        ExchangeError::Unanswered(error) => Attempt::Failed(Failure::NoConnection(error)),
        ExchangeError::NotSent => Attempt::from(ExchangeError::NotSent),
        unreadable => Attempt::Final(unreadable.of_reading()),
    })?;
    node::check(&looked, look)?;
    let nothing_to_do = match decide(looked).map_err(|unexpected| Attempt::Final(unexpected.told(false)))? {
        Plan::Answer(answer) => Ok(Some(answer)),
        Plan::Refuse(error) => Err(Attempt::Final(error)),
        Plan::Write(transaction) => return write::<H>(connection, rule, replicas, transaction).await,
    };
    // The answer is known. If this one is lost, then so is the connection, and with it the watch.
    let _ = connection.exchange(&Batch::of(&[b"UNWATCH"])).await;
    nothing_to_do
}

async fn write<H: Host>(
    connection: &Ready<H>,
    rule: Rule,
    replicas: &Replicas,
    mut transaction: Transaction<'_>,
) -> Result<Option<Answer>, Attempt> {
    let batch = transaction.finished();
    replicas.ask(batch, rule);
    let mut replies = connection.exchange(batch).await?;
    let acknowledged = batch.waits().then(|| replies.pop()).flatten();
    node::check(&replies, batch)?;
    match replies.pop() {
        Some(Reply::Null) => Ok(None),
        Some(Reply::Array(replies)) => {
            // A command that fails within EXEC takes none of the others back.
            node::check_from(1, &replies, batch).map_err(|error| match error {
                Attempt::Final(_) if rule.writes => {
                    Attempt::Final(Error::OutcomeUnknown("a command of the transaction failed".into()))
                }
                error => error,
            })?;
            if let Some(acknowledged) = acknowledged {
                replicas.note(&acknowledged);
            }
            let answer = transaction.answer(replies);
            answer.map(Some).map_err(|unexpected| Attempt::Final(unexpected.told(rule.writes)))
        }
        _ => Err(Attempt::Final(Unexpected.told(rule.writes))),
    }
}
