//! Calls as one script: guard, lifetimes and every step in one atomic round trip. The Lua is in `scripts/`.
//!
//! ```text
//! EVALSHA sha 1 key mode renew idle absolute undo (step field …)…
//! EVAL script 1 …                                                  where the server does not know it yet
//! ```

use super::{
    call::{Answer, Call, Mode},
    reading::{self, Unexpected},
    step::{Outcome, Step, Swap},
};
use crate::{
    error::Error,
    options::{Lifetime, Settings},
    redis::{
        Batch, Client, Host, Reply,
        batch::{Word, word},
        client::Rule,
        refusal,
        replicas::Replicas,
    },
};
use std::num::NonZeroU32;

/// A script, and the name that the server knows it by.
pub struct Script {
    /// Its text is all of these, one behind the other.
    parts: &'static [&'static str],
    sha1: Word,
}

/// What several scripts have.
const SHARED: &str = include_str!(concat!(env!("OUT_DIR"), "/shared.lua"));

const OPERATE: Script = Script {
    parts: &[
        include_str!(concat!(env!("OUT_DIR"), "/usual.lua")),
        SHARED,
        include_str!(concat!(env!("OUT_DIR"), "/operate.lua")),
    ],
    sha1: word!(include_bytes!(concat!(env!("OUT_DIR"), "/operate.sha1"))),
};

/// The script that moves a session.
pub const ROTATE: Script = Script {
    parts: &[SHARED, include_str!(concat!(env!("OUT_DIR"), "/rotate.lua"))],
    sha1: word!(include_bytes!(concat!(env!("OUT_DIR"), "/rotate.sha1"))),
};

/// How many arguments stand before the steps.
pub const LEADING: usize = 5;

impl Script {
    /// Runs it and returns what it returned. `arguments` adds the number of keys, the keys, and all that follows, as
    /// many as `count` says.
    pub async fn run<H: Host>(
        &self,
        client: &Client<H>,
        key: &[u8],
        rule: Rule,
        replicas: &Replicas,
        count: usize,
        arguments: &dyn Fn(&mut Batch),
    ) -> Result<Reply, Error> {
        let run = async |script: &dyn Fn(&mut Batch)| {
            let mut batch = client.spare.batch();
            batch.begin(2 + count);
            script(&mut batch);
            arguments(&mut batch);
            replicas.ask(&mut batch, rule);
            let mut replies = client.exchange(key, &batch, rule).await?;
            replicas.take(&batch, &mut replies);
            client.spare.keep(batch);
            replies.pop().ok_or(Unexpected.told(rule.writes))
        };
        let known = |batch: &mut Batch| {
            batch.word(word!(b"EVALSHA"));
            batch.word(self.sha1);
        };
        match run(&known).await? {
            // NOSCRIPT, the only error that is left to us.
            Reply::Error(_) => {
                let whole = |batch: &mut Batch| {
                    batch.word(word!(b"EVAL"));
                    batch.argument(self.parts.concat().as_bytes());
                };
                run(&whole).await
            }
            reply => Ok(reply),
        }
    }
}

/// Performs a call.
pub async fn perform<H: Host>(client: &Client<H>, settings: &Settings, call: &Call<'_>) -> Result<Answer, Error> {
    let rule = call.rule();
    let count = 2 + LEADING + call.steps.iter().map(argument_count).sum::<usize>();
    let arguments = |batch: &mut Batch| {
        batch.word(word!(b"1"));
        batch.argument(call.key);
        leading_arguments(batch, call.mode, call.renew, settings.lifetime, needs_undo(call.steps));
        call.steps.iter().for_each(|step| step_arguments(batch, step));
    };
    let reply = OPERATE.run(client, call.key, rule, call.replicas, count, &arguments).await?;
    read(call.steps, reply).map_err(|unexpected| unexpected.told(rule.writes))
}

/// What both scripts want to know before the steps.
pub fn leading_arguments(batch: &mut Batch, mode: Mode, renew: bool, lifetime: Lifetime, undo: bool) {
    batch.word(match mode {
        Mode::Require => word!(b"require"),
        Mode::Create => word!(b"create"),
        Mode::Unguarded => word!(b"unguarded"),
    });
    batch.word(flag(renew));
    batch.number(seconds(lifetime.idle));
    batch.number(seconds(lifetime.absolute));
    batch.word(flag(undo));
}

fn flag(on: bool) -> Word {
    if on { word!(b"1") } else { word!(b"0") }
}

/// A lifetime as scripts and the session's own fields write it: 0 is never.
pub fn seconds(lifetime: Option<NonZeroU32>) -> i64 {
    lifetime.map_or(0, |seconds| seconds.get().into())
}

/// Whether a step may fail after something was written.
pub fn needs_undo(steps: &[Step]) -> bool {
    let several = steps.len() > 1 && !steps.iter().all(|step| matches!(step, Step::Set(..)));
    // Only the sum tells whether it is still a finite double.
    several || steps.iter().any(|step| matches!(step, Step::IncrementFloat(..)))
}

/// How many arguments a step takes.
pub fn argument_count(step: &Step) -> usize {
    match step {
        Step::Get(_) | Step::Contains(_) | Step::Delete(_) | Step::Pop(_) => 2,
        Step::Set(..) | Step::SetIfAbsent(..) | Step::Increment(..) | Step::IncrementFloat(..) => 3,
        Step::CompareAndSet { .. } => 6,
        Step::Len | Step::Keys | Step::Items | Step::Clear | Step::Ttl => 2,
        Step::SetLifetime(_) => 3,
        Step::Destroy(_) => 2,
    }
}

/// Adds a step's arguments.
pub fn step_arguments(batch: &mut Batch, step: &Step) {
    batch.word(match step {
        Step::Get(_) => word!(b"HGET"),
        Step::Contains(_) => word!(b"HEXISTS"),
        Step::Set(..) => word!(b"HSET"),
        Step::SetIfAbsent(..) => word!(b"HSETNX"),
        Step::CompareAndSet { .. } => word!(b"COMPARE"),
        Step::Delete(_) => word!(b"HDEL"),
        Step::Pop(_) => word!(b"POP"),
        Step::Increment(..) => word!(b"HINCRBY"),
        Step::IncrementFloat(..) => word!(b"HINCRBYFLOAT"),
        Step::Len => word!(b"HLEN"),
        Step::Keys => word!(b"HKEYS"),
        Step::Items => word!(b"HGETALL"),
        Step::Clear => word!(b"CLEAR"),
        Step::Ttl => word!(b"PTTL"),
        Step::SetLifetime(_) => word!(b"LIFETIME"),
        Step::Destroy(_) => word!(b"DESTROY"),
    });
    match *step {
        Step::SetLifetime(lifetime) => {
            batch.number(seconds(lifetime.idle));
            batch.number(seconds(lifetime.absolute));
            return;
        }
        Step::Destroy(token) => batch.argument(token.as_bytes()),
        _ => batch.argument(step.field().unwrap_or_default().as_bytes()),
    }
    match *step {
        Step::Set(_, value) | Step::SetIfAbsent(_, value) => batch.argument(value),
        Step::CompareAndSet { expected, value, .. } => {
            for side in [expected, value] {
                batch.word(flag(side.is_some()));
                batch.argument(side.unwrap_or_default());
            }
        }
        Step::Increment(_, by) => batch.number(by),
        Step::IncrementFloat(_, by) => batch.argument(ryu::Buffer::new().format_finite(by).as_bytes()),
        _ => {}
    }
}

/// Reads what a script returned.
pub fn read(steps: &[Step], reply: Reply) -> Result<Answer, Unexpected> {
    let mut replies = reading::list(reply)?.into_iter();
    let status = reading::value(replies.next().ok_or(Unexpected)?)?.ok_or(Unexpected)?;
    let marker =
        |replies: &mut std::vec::IntoIter<Reply>| reading::value(replies.next().ok_or(Unexpected)?)?.ok_or(Unexpected);
    match &status[..] {
        b"missing" => Ok(Answer::Missing),
        b"gone" => Ok(Answer::Gone(marker(&mut replies)?)),
        b"rotated" => Ok(Answer::Rotated(marker(&mut replies)?)),
        b"failed" => {
            let index = reading::integer(replies.next().ok_or(Unexpected)?)?;
            let stored = reading::value(replies.next().ok_or(Unexpected)?)?;
            let text = marker(&mut replies)?;
            let step = usize::try_from(index).ok().and_then(|index| steps.get(index)).ok_or(Unexpected)?;
            let error = reading::counter_error(step, stored.as_deref());
            // Neither of the two: the server's own reason counts.
            let mut sent = Batch::new();
            sent.begin(argument_count(step));
            step_arguments(&mut sent, step);
            Ok(Answer::Failed(error.unwrap_or_else(|| refusal::error(&text, &sent, 0))))
        }
        b"ok" => {
            if replies.len() != steps.len() {
                return Err(Unexpected);
            }
            Ok(Answer::Done(reading::outcomes(steps, replies)?))
        }
        // A rotation's.
        b"moved" if steps.is_empty() => Ok(Answer::Conflict(Vec::new())),
        b"conflict" => {
            let stored = reading::value(replies.next_back().ok_or(Unexpected)?)?;
            let mut outcomes = reading::outcomes(steps, replies)?;
            let Some(Step::CompareAndSet { .. }) = steps.get(outcomes.len()) else { return Err(Unexpected) };
            outcomes.push(Outcome::Swap(Swap::Conflict(stored)));
            Ok(Answer::Conflict(outcomes))
        }
        _ => Err(Unexpected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 16] = [
        Step::Get("f"),
        Step::Contains("f"),
        Step::Set("f", b"v"),
        Step::SetIfAbsent("f", b"v"),
        Step::CompareAndSet { field: "f", expected: Some(b"a"), value: None },
        Step::Delete("f"),
        Step::Pop("f"),
        Step::Increment("f", i64::MIN),
        Step::IncrementFloat("f", 0.5),
        Step::Len,
        Step::Keys,
        Step::Items,
        Step::Clear,
        Step::Ttl,
        Step::SetLifetime(Lifetime { idle: None, absolute: None }),
        Step::Destroy("token"),
    ];

    fn text(text: &'static str) -> Reply {
        Reply::Text(text.into())
    }

    #[test]
    fn as_many_arguments_are_sent_as_are_announced() {
        for step in STEPS {
            let mut batch = Batch::new();
            batch.begin(argument_count(&step));
            step_arguments(&mut batch, &step);
            assert_eq!(batch.arguments().count(), argument_count(&step));
        }
    }

    #[test]
    fn a_script_is_named_by_its_sha1_and_holds_no_comments() {
        for script in [OPERATE, ROTATE] {
            let mut batch = Batch::new();
            batch.begin(1);
            batch.word(script.sha1);
            assert_eq!(batch.name(0).len(), 40);
            assert!(script.parts.iter().all(|part| part.lines().all(|line| !line.starts_with("--"))));
        }
    }

    #[test]
    fn every_status_is_read() {
        let steps = [Step::Get("a"), Step::Increment("n", 1)];
        let read = |elements: Vec<Reply>| super::read(&steps, Reply::Array(elements));
        let done = Answer::Done(vec![Outcome::Value(None), Outcome::Integer(9_007_199_254_740_993)]);
        assert_eq!(read(vec![text("ok"), Reply::Null, text("9007199254740993")]), Ok(done));
        assert_eq!(read(vec![text("missing")]), Ok(Answer::Missing));
        assert_eq!(read(vec![text("gone"), text("t")]), Ok(Answer::Gone("t".into())));
        assert_eq!(read(vec![text("rotated"), text("d")]), Ok(Answer::Rotated("d".into())));
        let failed = vec![text("failed"), text("1"), text("x"), text("ERR hash value is not an integer")];
        assert_eq!(read(failed), Ok(Answer::Failed(Error::NotANumber("n".into()))));
        let refused = vec![text("failed"), text("1"), Reply::Null, text("OOM command not allowed")];
        assert_eq!(read(refused), Ok(Answer::Failed(Error::Unavailable("OOM".into()))));
        for strange in [vec![], vec![text("ok")], vec![text("hello")], vec![text("failed"), text("7")]] {
            assert_eq!(read(strange), Err(Unexpected));
        }
    }

    #[test]
    fn a_conflict_ends_the_outcomes() {
        let swap = Step::CompareAndSet { field: "a", expected: None, value: None };
        let steps = [Step::Contains("b"), swap, Step::Get("c")];
        let reply = Reply::Array(vec![text("conflict"), Reply::Integer(1), text("stored")]);
        let conflict = Outcome::Swap(Swap::Conflict(Some("stored".into())));
        let expected = Answer::Conflict(vec![Outcome::Flag(true), conflict]);
        assert_eq!(read(&steps, reply), Ok(expected));
        assert_eq!(read(&[], Reply::Array(vec![text("moved")])), Ok(Answer::Conflict(Vec::new())));
        assert_eq!(read(&steps, Reply::Array(vec![text("moved")])), Err(Unexpected));
        for elsewhere in
            [&[][..], &[Reply::Integer(1), Reply::Integer(1)], &[Reply::Integer(1), Reply::Null, Reply::Null]]
        {
            let reply = [&[text("conflict")], elsewhere, &[text("stored")]].concat();
            assert_eq!(read(&steps, Reply::Array(reply)), Err(Unexpected));
        }
    }
}
