//! Calls that need no script: reads of a session whose expiry a former call has seen to, and with the guard off all that
//! one command does atomically.
//!
//! ```text
//! HMGET key field… \0created \0moved \0ended       several fields and the guard
//! HKEYS key  |  HGETALL key                        the names tell the guard
//! MULTI, HMGET key (reserved fields), …, EXEC      every other read, where there are no scripts
//! HSET key field value…  |  HSETNX  |  HDEL  |  …  with the guard off
//! ```

use super::{
    call::{Answer, Call, Mode},
    layout::{GUARD, RESERVED, RESERVED_WORDS},
    reading::{self, Unexpected},
    step::{Outcome, Step},
};
use crate::{
    error::Error,
    redis::{Batch, Client, Host, Reply, batch::word},
};

/// The commands that suit a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// One HMGET.
    Fields,
    /// One HKEYS or HGETALL.
    All,
    /// Reads within MULTI and EXEC.
    Reads,
    /// One HSET of several fields.
    Set,
    /// One HSETNX, HDEL, HEXISTS or PTTL.
    Single,
}

impl Form {
    /// Which commands suit this call; none where it needs a script, or is served better by one: out of memory, Redis takes
    /// no transaction, not even of reads.
    pub fn of(call: &Call, scripts: bool) -> Option<Self> {
        let guarded = call.mode != Mode::Unguarded;
        if guarded && (call.renew || !call.settled) {
            return None;
        }
        let all = |matches: fn(&Step) -> bool| !call.steps.is_empty() && call.steps.iter().all(matches);
        if all(|step| matches!(step, Step::Get(_))) {
            return Some(Form::Fields);
        }
        match call.steps {
            [Step::Keys | Step::Items] => Some(Form::All),
            [Step::SetIfAbsent(..) | Step::Delete(_) | Step::Contains(_) | Step::Ttl] if !guarded => Some(Form::Single),
            _ if !guarded && all(|step| matches!(step, Step::Set(..))) => Some(Form::Set),
            _ if !scripts && all(|step| !step.writes()) => Some(Form::Reads),
            _ => None,
        }
    }

    /// Sends the call and reads its answer.
    pub async fn perform<H: Host>(self, client: &Client<H>, call: &Call<'_>) -> Result<Answer, Error> {
        let mut batch = client.spare.batch();
        self.commands(&mut batch, call);
        let rule = call.rule();
        call.replicas.ask(&mut batch, rule);
        let mut replies = client.exchange(call.key, &batch, rule).await?;
        call.replicas.take(&batch, &mut replies);
        client.spare.keep(batch);
        self.read(call, replies).map_err(|unexpected| unexpected.told(rule.writes))
    }

    fn commands(self, batch: &mut Batch, call: &Call) {
        let guard = if call.mode == Mode::Unguarded { 0 } else { GUARD };
        match self {
            Form::Fields => {
                batch.begin(2 + call.steps.len() + guard);
                batch.word(word!(b"HMGET"));
                batch.argument(call.key);
                for step in call.steps {
                    batch.argument(step.field().unwrap_or_default().as_bytes());
                }
                RESERVED_WORDS[..guard].iter().for_each(|field| batch.word(*field));
            }
            Form::All | Form::Single => call.steps.iter().for_each(|step| command(batch, call.key, step)),
            Form::Reads => {
                batch.command(&[b"MULTI"]);
                batch.begin(2 + RESERVED.len());
                batch.word(word!(b"HMGET"));
                batch.argument(call.key);
                RESERVED_WORDS.iter().for_each(|field| batch.word(*field));
                call.steps.iter().for_each(|step| command(batch, call.key, step));
                batch.command(&[b"EXEC"]);
            }
            Form::Set => {
                batch.begin(2 + 2 * call.steps.len());
                batch.word(word!(b"HSET"));
                batch.argument(call.key);
                for step in call.steps {
                    if let Step::Set(field, value) = step {
                        batch.argument(field.as_bytes());
                        batch.argument(value);
                    }
                }
            }
        }
    }

    fn read(self, call: &Call, mut replies: Vec<Reply>) -> Result<Answer, Unexpected> {
        let guarded = call.mode != Mode::Unguarded;
        let last = replies.pop().ok_or(Unexpected)?;
        match self {
            Form::Fields => {
                let mut values = reading::list(last)?;
                if guarded && let Some(end) = ended(&mut values)? {
                    return Ok(end);
                }
                outcomes(call.steps, values)
            }
            Form::All => {
                if guarded && let Some(end) = ended_by_names(&call.steps[0], &last)? {
                    return Ok(end);
                }
                outcomes(call.steps, [last])
            }
            Form::Reads => {
                let mut replies = reading::list(last)?.into_iter();
                let mut reserved = reading::list(replies.next().ok_or(Unexpected)?)?;
                let hidden = reserved.iter().filter(|value| **value != Reply::Null).count() as i64;
                reserved.truncate(GUARD);
                if guarded && let Some(end) = ended(&mut reserved)? {
                    return Ok(end);
                }
                let mut answer = outcomes(call.steps, replies)?;
                if let Answer::Done(outcomes) = &mut answer {
                    for (step, outcome) in call.steps.iter().zip(outcomes) {
                        if let (Step::Len, Outcome::Integer(length)) = (step, outcome) {
                            *length -= hidden;
                        }
                    }
                }
                Ok(answer)
            }
            Form::Set => {
                reading::integer(last)?;
                Ok(Answer::Done(vec![Outcome::Done; call.steps.len()]))
            }
            Form::Single => outcomes(call.steps, [last]),
        }
    }
}

/// The one command that performs a step by itself. The others need a script, or a transaction.
fn command(batch: &mut Batch, key: &[u8], step: &Step) {
    match step {
        Step::Get(field) => batch.command(&[b"HGET", key, field.as_bytes()]),
        Step::Contains(field) => batch.command(&[b"HEXISTS", key, field.as_bytes()]),
        Step::Len => batch.command(&[b"HLEN", key]),
        Step::Keys => batch.command(&[b"HKEYS", key]),
        Step::Items => batch.command(&[b"HGETALL", key]),
        Step::Ttl => batch.command(&[b"PTTL", key]),
        Step::SetIfAbsent(field, value) => batch.command(&[b"HSETNX", key, field.as_bytes(), value]),
        Step::Delete(field) => batch.command(&[b"HDEL", key, field.as_bytes()]),
        Step::Set(field, value) => batch.command(&[b"HSET", key, field.as_bytes(), value]),
        Step::CompareAndSet { .. } | Step::Pop(_) | Step::Increment(..) | Step::IncrementFloat(..) => {}
        Step::Clear | Step::SetLifetime(_) | Step::Destroy(_) => {}
    }
}

fn outcomes(
    steps: &[Step],
    replies: impl IntoIterator<Item = Reply, IntoIter: ExactSizeIterator>,
) -> Result<Answer, Unexpected> {
    let replies = replies.into_iter();
    if replies.len() != steps.len() {
        return Err(Unexpected);
    }
    Ok(Answer::Done(reading::outcomes(steps, replies)?))
}

/// Takes the guard's fields from the end: none where the session lives. A former call saw it created, so without that mark
/// it is gone.
fn ended(values: &mut Vec<Reply>) -> Result<Option<Answer>, Unexpected> {
    let mut last = || reading::value(values.pop().ok_or(Unexpected)?);
    let (ended, moved, created) = (last()?, last()?, last()?);
    Ok(match (created, moved, ended) {
        (_, Some(digest), _) => Some(Answer::Rotated(digest)),
        (_, _, Some(token)) => Some(Answer::Gone(token)),
        (None, None, None) => Some(Answer::Missing),
        (Some(_), None, None) => None,
    })
}

fn ended_by_names(step: &Step, reply: &Reply) -> Result<Option<Answer>, Unexpected> {
    let Reply::Array(elements) = reply else { return Err(Unexpected) };
    let apart = if matches!(step, Step::Items) { 2 } else { 1 };
    let mut guard = vec![Reply::Null; GUARD];
    for element in elements.chunks(apart) {
        let Reply::Text(name) = &element[0] else { return Err(Unexpected) };
        if let Some(index) = RESERVED[..GUARD].iter().position(|reserved| reserved == name) {
            // Without its value, a name stands for itself.
            guard[index] = element[apart - 1..].first().cloned().ok_or(Unexpected)?;
        }
    }
    ended(&mut guard)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::replicas::Replicas;

    thread_local! {
        static NONE: &'static Replicas = Box::leak(Box::new(Replicas::new(None)));
    }

    fn call<'a>(mode: Mode, settled: bool, steps: &'a [Step<'a>]) -> Call<'a> {
        Call { key: b"k", mode, renew: false, settled, steps, replicas: NONE.with(|none| *none) }
    }

    fn words(form: Form, call: &Call) -> Vec<String> {
        let mut batch = Batch::new();
        form.commands(&mut batch, call);
        batch.arguments().map(|argument| String::from_utf8_lossy(argument).replace('\0', "0")).collect()
    }

    #[test]
    fn only_settled_reads_go_without_a_script() {
        let read = [Step::Get("a")];
        assert_eq!(Form::of(&call(Mode::Require, true, &read), true), Some(Form::Fields));
        assert_eq!(Form::of(&call(Mode::Require, false, &read), true), None);
        assert_eq!(Form::of(&call(Mode::Require, true, &[Step::Set("a", b"1")]), true), None);
        assert_eq!(Form::of(&Call { renew: true, ..call(Mode::Require, true, &read) }, true), None);
        assert_eq!(Form::of(&call(Mode::Require, true, &[]), true), None);
        let len = [Step::Len];
        assert_eq!(Form::of(&call(Mode::Require, true, &len), true), None);
        assert_eq!(Form::of(&call(Mode::Require, true, &len), false), Some(Form::Reads));
    }

    #[test]
    fn without_the_guard_plain_commands_leave() {
        let unguarded = |steps: &[Step]| {
            let call = call(Mode::Unguarded, false, steps);
            words(Form::of(&call, true).unwrap(), &call).join(" ")
        };
        assert_eq!(unguarded(&[Step::Get("a"), Step::Get("b")]), "HMGET k a b");
        assert_eq!(unguarded(&[Step::Set("a", b"1"), Step::Set("b", b"2")]), "HSET k a 1 b 2");
        assert_eq!(unguarded(&[Step::SetIfAbsent("a", b"1")]), "HSETNX k a 1");
        assert_eq!(unguarded(&[Step::Delete("a")]), "HDEL k a");
        assert_eq!(unguarded(&[Step::Items]), "HGETALL k");
        let pop = [Step::Pop("a")];
        assert_eq!(Form::of(&call(Mode::Unguarded, false, &pop), true), None);
    }

    #[test]
    fn the_guard_comes_along_with_a_read() {
        let steps = [Step::Get("a")];
        let call = call(Mode::Require, true, &steps);
        assert_eq!(words(Form::Fields, &call).join(" "), "HMGET k a 0created 0moved 0ended");
        let read = |created: Reply, moved: Reply, ended: Reply| {
            let fields = Reply::Array(vec![Reply::Text("1".into()), created, moved, ended]);
            Form::Fields.read(&call, vec![fields])
        };
        let text = || Reply::Text("x".into());
        let value = Answer::Done(vec![Outcome::Value(Some("1".into()))]);
        assert_eq!(read(text(), Reply::Null, Reply::Null), Ok(value));
        assert_eq!(read(Reply::Null, text(), Reply::Null), Ok(Answer::Rotated("x".into())));
        assert_eq!(read(Reply::Null, Reply::Null, text()), Ok(Answer::Gone("x".into())));
        assert_eq!(read(Reply::Null, Reply::Null, Reply::Null), Ok(Answer::Missing));
        assert_eq!(read(Reply::Integer(1), Reply::Null, Reply::Null), Err(Unexpected));
    }

    #[test]
    fn names_tell_the_guard() {
        let steps = [Step::Keys];
        let call = call(Mode::Require, true, &steps);
        let read = |names: &[&'static str]| {
            let names = names.iter().map(|name| Reply::Text((*name).into())).collect();
            Form::All.read(&call, vec![Reply::Array(names)])
        };
        let keys = Answer::Done(vec![Outcome::Keys(vec!["a".into()])]);
        assert_eq!(read(&["\0created", "a"]), Ok(keys));
        assert_eq!(read(&["\0moved", "a"]), Ok(Answer::Rotated("\0moved".into())));
        assert_eq!(read(&[]), Ok(Answer::Missing));
    }
}
