//! Requests as plain commands: reads of a session whose expiry an earlier call has ensured, and with the guard off
//! everything that a single command can do.
//!
//! ```text
//! HMGET key field… \0created \0moved \0ended       several fields, and whether the session is alive
//! HKEYS key  |  HGETALL key                        the names show a tombstone too
//! MULTI, HMGET key (reserved fields), …, EXEC      every other read, without scripts
//! HSET key field value…  |  HSETNX  |  HDEL  |  …  with the guard off
//! ```

use super::{
    decode::{self, Unexpected},
    layout::{LIVENESS, RESERVED, RESERVED_ARGS},
    operation::{Outcome, Plain},
    request::{Request, Response},
};
use crate::{
    few::Few,
    redis::{Batch, Value, batch::static_arg, reply::List},
};

/// The commands for a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// One HMGET.
    Fields,
    /// One HKEYS or HGETALL.
    Listing,
    /// Reads between MULTI and EXEC.
    Reads,
    /// One HSET of several fields.
    Pairs,
    /// One command.
    Single,
}

impl Form {
    /// The commands for this request. `None` if it needs a script, or if a script is better: if Redis is out of memory,
    /// it refuses every transaction, even one that only reads.
    pub fn of(request: &Request, scripts: bool) -> Option<Self> {
        let guarded = request.is_guarded();
        if guarded && (request.renew || !request.settled) {
            return None;
        }
        let [first, others @ ..] = request.operations else { return None };
        let plain = first.describe().kind().plain;
        match plain {
            Plain::Field | Plain::Pair if others.iter().any(|other| other.describe().kind().plain != plain) => {}
            Plain::Field => return Some(Form::Fields),
            Plain::Pair if !guarded => return Some(Form::Pairs),
            Plain::Listing if others.is_empty() => return Some(Form::Listing),
            Plain::Read | Plain::Write if others.is_empty() && !guarded => return Some(Form::Single),
            _ => {}
        }
        (!scripts && request.only_reads()).then_some(Form::Reads)
    }

    /// Encodes the request.
    pub fn encode(self, batch: &mut Batch, request: &Request) {
        let operations = request.operations.iter().map(|operation| operation.describe());
        match self {
            Form::Fields => {
                let liveness = if request.is_guarded() { &RESERVED_ARGS[..LIVENESS] } else { &[] };
                batch.begin_with(2 + operations.len() + liveness.len());
                batch.static_argument(static_arg!(b"HMGET"));
                batch.argument(request.key);
                operations.for_each(|operation| operation.script_arguments(batch));
                liveness.iter().for_each(|field| batch.static_argument(*field));
            }
            Form::Listing | Form::Single => operations.for_each(|operation| operation.command(request.key, batch)),
            Form::Reads => {
                batch.command(&[b"MULTI"]);
                batch.begin_with(2 + LIVENESS);
                batch.static_argument(static_arg!(b"HMGET"));
                batch.argument(request.key);
                RESERVED_ARGS[..LIVENESS].iter().for_each(|field| batch.static_argument(*field));
                operations.for_each(|operation| operation.command(request.key, batch));
                batch.command(&[b"EXEC"]);
            }
            Form::Pairs => {
                batch.begin_with(2 + 2 * operations.len());
                batch.static_argument(static_arg!(b"HSET"));
                batch.argument(request.key);
                operations.for_each(|operation| operation.script_arguments(batch));
            }
        }
    }

    /// Decodes the last reply.
    pub fn decode(self, request: &Request, last: Value) -> Result<Response, Unexpected> {
        let end = |end: Option<Response>| end.filter(|_| request.is_guarded());
        match self {
            Form::Fields => {
                let fields = decode::list(last)?;
                let count = request.operations.len();
                if request.is_guarded() {
                    if let Some(end) = end_of(fields, count)? {
                        return Ok(end);
                    }
                } else if fields.len() != count {
                    return Err(Unexpected);
                }
                let mut outcomes = Few::with_capacity(count);
                for (index, operation) in request.operations.iter().enumerate() {
                    outcomes.push(operation.describe().decode(fields.get(index).ok_or(Unexpected)?)?);
                }
                Ok(Response::Done(outcomes))
            }
            Form::Listing => {
                let step = if request.operations[0].describe().kind().lists_values { 2 } else { 1 };
                match end(end_in_listing(decode::list(last)?, step)?) {
                    Some(end) => Ok(end),
                    None => done(request, [last].into_iter()),
                }
            }
            Form::Reads => {
                let mut replies = decode::list(last)?.into_iter();
                match end(end_of(decode::list(replies.next().ok_or(Unexpected)?)?, 0)?) {
                    Some(end) => Ok(end),
                    None => done(request, replies),
                }
            }
            Form::Pairs => {
                decode::integer(last)?;
                let mut outcomes = Few::with_capacity(request.operations.len());
                request.operations.iter().for_each(|_| outcomes.push(Outcome::Done));
                Ok(Response::Done(outcomes))
            }
            Form::Single => done(request, [last].into_iter()),
        }
    }
}

fn done<'a>(request: &Request, values: impl ExactSizeIterator<Item = Value<'a>>) -> Result<Response, Unexpected> {
    if values.len() != request.operations.len() {
        return Err(Unexpected);
    }
    let mut outcomes = Few::with_capacity(values.len());
    for (operation, value) in request.operations.iter().zip(values) {
        outcomes.push(operation.describe().decode(value)?);
    }
    Ok(Response::Done(outcomes))
}

/// Reads the fields that show whether the session is alive: those of the list from this index on. `None` if it is
/// alive. An earlier call has ensured that it has a time of creation, so if that is missing, so is the session.
fn end_of(fields: List, first: usize) -> Result<Option<Response>, Unexpected> {
    let field = |index| decode::optional_text(fields.get(first + index).ok_or(Unexpected)?);
    let end = match (field(0)?, field(1)?, field(2)?) {
        (_, Some(digest), _) => Some(Response::Moved(digest.to_vec())),
        (_, _, Some(token)) => Some(Response::Gone(token.to_vec())),
        (None, None, None) => Some(Response::Missing),
        (Some(_), None, None) => None,
    };
    if fields.len() == first + LIVENESS { Ok(end) } else { Err(Unexpected) }
}

/// Finds the same fields in a listing. If the listing has no values, a field's name is taken for its value.
fn end_in_listing(listing: List, step: usize) -> Result<Option<Response>, Unexpected> {
    let mut liveness = [None; LIVENESS];
    for index in (0..listing.len()).step_by(step) {
        let name = decode::text(listing.get(index).ok_or(Unexpected)?)?;
        if let Some(place) = RESERVED[..LIVENESS].iter().position(|reserved| *reserved == name) {
            liveness[place] = Some(decode::text(listing.get(index + step - 1).ok_or(Unexpected)?)?);
        }
    }
    Ok(match liveness {
        [_, Some(digest), _] => Some(Response::Moved(digest.to_vec())),
        [_, _, Some(token)] => Some(Response::Gone(token.to_vec())),
        [None, None, None] => Some(Response::Missing),
        [Some(_), None, None] => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        redis::{Limits, Timeouts, testing::reply},
        session::{Operation, request::Expect},
    };

    thread_local! {
        static LIMITS: &'static Limits =
            Box::leak(Box::new(Limits::begin(0, Timeouts { connect: 1, answer: 1 })));
    }

    fn request<'a>(expect: Expect, settled: bool, operations: &'a [Operation<'a>]) -> Request<'a> {
        let limits = LIMITS.with(|limits| *limits);
        Request { key: b"k", expect, renew: false, settled, operations, wait: None, limits }
    }

    fn words(form: Form, request: &Request) -> String {
        let mut batch = Batch::new();
        form.encode(&mut batch, request);
        let words = batch.arguments().map(|argument| String::from_utf8_lossy(argument).replace('\0', "0"));
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_settled_reads_go_without_a_script() {
        let read = [Operation::get("a")];
        assert_eq!(Form::of(&request(Expect::Alive, true, &read), true), Some(Form::Fields));
        assert_eq!(Form::of(&request(Expect::Alive, false, &read), true), None);
        assert_eq!(Form::of(&request(Expect::Alive, true, &[Operation::set("a", b"1")]), true), None);
        assert_eq!(Form::of(&Request { renew: true, ..request(Expect::Alive, true, &read) }, true), None);
        assert_eq!(Form::of(&request(Expect::Alive, true, &[]), true), None);
        let mixed = [Operation::get("a"), Operation::contains("b")];
        for operations in [&mixed[..], &[Operation::Len(crate::session::operation::Len)]] {
            assert_eq!(Form::of(&request(Expect::Alive, true, operations), true), None);
            assert_eq!(Form::of(&request(Expect::Alive, true, operations), false), Some(Form::Reads));
        }
    }

    #[test]
    fn without_the_guard_plain_commands_are_sent() {
        let unguarded = |operations: &[Operation]| {
            let request = request(Expect::Anything, false, operations);
            words(Form::of(&request, true).unwrap(), &request)
        };
        assert_eq!(unguarded(&[Operation::get("a"), Operation::get("b")]), "HMGET k a b");
        assert_eq!(unguarded(&[Operation::set("a", b"1"), Operation::set("b", b"2")]), "HSET k a 1 b 2");
        assert_eq!(unguarded(&[Operation::set_if_absent("a", "1")]), "HSETNX k a 1");
        assert_eq!(unguarded(&[Operation::delete("a")]), "HDEL k a");
        assert_eq!(unguarded(&[Operation::Items(crate::session::operation::Items)]), "HGETALL k");
        let pop = [Operation::pop("a")];
        assert_eq!(Form::of(&request(Expect::Anything, false, &pop), true), None);
    }

    #[test]
    fn a_read_also_reads_whether_the_session_is_alive() {
        let operations = [Operation::get("a")];
        let request = request(Expect::Alive, true, &operations);
        assert_eq!(words(Form::Fields, &request), "HMGET k a 0created 0moved 0ended");
        let read = |fields: &str| Form::Fields.decode(&request, reply(&format!("*4\r\n+1\r\n{fields}")).value());
        let value = Response::Done(Few::one(Outcome::Value(Some(b"1".to_vec()))));
        assert_eq!(read("+x\r\n$-1\r\n$-1\r\n"), Ok(value));
        assert_eq!(read("$-1\r\n+x\r\n$-1\r\n"), Ok(Response::Moved(b"x".to_vec())));
        assert_eq!(read("$-1\r\n$-1\r\n+x\r\n"), Ok(Response::Gone(b"x".to_vec())));
        assert_eq!(read("$-1\r\n$-1\r\n$-1\r\n"), Ok(Response::Missing));
        assert_eq!(read(":1\r\n$-1\r\n$-1\r\n"), Err(Unexpected));
    }

    #[test]
    fn names_show_a_tombstone() {
        let operations = [Operation::Keys(crate::session::operation::Keys)];
        let request = request(Expect::Alive, true, &operations);
        let read = |wire: &str| Form::Listing.decode(&request, reply(wire).value());
        let names = Response::Done(Few::one(Outcome::Names(vec![b"a".to_vec()])));
        assert_eq!(read("*2\r\n+\0created\r\n+a\r\n"), Ok(names));
        assert_eq!(read("*2\r\n+\0moved\r\n+a\r\n"), Ok(Response::Moved(b"\0moved".to_vec())));
        assert_eq!(read("*0\r\n"), Ok(Response::Missing));
    }
}
