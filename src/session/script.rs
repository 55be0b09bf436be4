//! Requests as one script: liveness check, expiry and every operation in one atomic round trip. The Lua is in `scripts/`, that of each
//! operation in `operation/`; `build.rs` assembles it.
//!
//! ```text
//! EVALSHA sha 1 key mode undo idle absolute (operation argument…)…
//! EVAL script 1 …                                                  if the server does not have the script yet
//! ```

use super::{
    Operation, decode as value,
    decode::Unexpected,
    layout::seconds,
    operation::{Outcome, Plain, Swap},
    request::{Expect, Request, Response},
};
use crate::{
    error::Error,
    few::Few,
    options::Lifetime,
    redis::{
        Batch, Client, Host, Limits, Replies, Reply, Rule, Value,
        batch::{StaticArg, static_arg},
        error_reply,
    },
};

/// A script, and the digest by which EVALSHA names it.
pub struct Script {
    /// Its text is all of these, one after another.
    pieces: &'static [&'static str],
    sha1: StaticArg,
}

/// Executes operations.
const OPERATE: Script = Script {
    pieces: include!(concat!(env!("OUT_DIR"), "/operate.rs")),
    sha1: static_arg!(include_bytes!(concat!(env!("OUT_DIR"), "/operate.sha1"))),
};

/// Moves a session.
pub const ROTATE: Script = Script {
    pieces: include!(concat!(env!("OUT_DIR"), "/rotate.rs")),
    sha1: static_arg!(include_bytes!(concat!(env!("OUT_DIR"), "/rotate.sha1"))),
};

/// The store's lifetimes, encoded once as the arguments of every script.
pub struct EncodedLifetime(Vec<u8>, usize);

impl EncodedLifetime {
    /// Encodes them.
    pub fn new(lifetime: Lifetime) -> Self {
        let (mut idle, mut absolute) = (itoa::Buffer::new(), itoa::Buffer::new());
        let lifetimes = [idle.format(seconds(lifetime.idle)), absolute.format(seconds(lifetime.absolute))];
        let (bytes, count) = Batch::arguments_encoded(&lifetimes.map(str::as_bytes));
        Self(bytes, count)
    }
}

impl Script {
    /// Begins the command that runs the script: by its digest, or with its text. The number of keys, the keys, and all other arguments
    /// have to follow.
    pub fn begin(&self, batch: &mut Batch, by_digest: bool) {
        batch.begin();
        if by_digest {
            batch.static_argument(static_arg!(b"EVALSHA"));
            batch.static_argument(self.sha1);
        } else {
            batch.static_argument(static_arg!(b"EVAL"));
            batch.argument(self.pieces.concat().as_bytes());
        }
    }
}

/// Sends what `encode` encodes, and returns the last reply, and the number of replicas that have the write. If the server replies that it
/// does not have the script, `encode` is called once more, with false for "by its digest".
pub async fn exchange<H: Host>(
    client: &Client<H>,
    key: &[u8],
    rule: Rule,
    limits: &Limits,
    encode: &dyn Fn(&mut Batch, bool),
) -> Result<(Reply, Option<u32>), Error> {
    let mut by_digest = true;
    loop {
        let mut batch = client.buffers.batch();
        encode(&mut batch, by_digest);
        let Replies { mut list, replicas } = client.send(key, batch, rule, limits).await?;
        let reply = list.pop().ok_or_else(|| Unexpected.into_error(rule.writes))?;
        // The error is NOSCRIPT: `send` returns no other error reply.
        if !by_digest || reply.error().is_none() {
            return Ok((reply, replicas));
        }
        by_digest = false;
    }
}

/// Encodes a request.
pub fn encode(batch: &mut Batch, by_digest: bool, request: &Request, lifetime: &EncodedLifetime) {
    OPERATE.begin(batch, by_digest);
    batch.static_argument(static_arg!(b"1"));
    batch.argument(request.key);
    leading_arguments(batch, request.expect, request.renew, needs_undo(request.operations), lifetime);
    request.operations.iter().for_each(|operation| operation_arguments(batch, operation));
    batch.end();
}

/// Adds the arguments that both scripts begin with.
pub fn leading_arguments(batch: &mut Batch, expect: Expect, renew: bool, undo: bool, lifetime: &EncodedLifetime) {
    batch.static_argument(match expect {
        Expect::Alive if renew => static_arg!(b"renew"),
        Expect::Alive => static_arg!(b"require"),
        Expect::New => static_arg!(b"create"),
        Expect::Anything => static_arg!(b"unguarded"),
    });
    batch.static_argument(if undo { static_arg!(b"1") } else { static_arg!(b"0") });
    batch.encoded_arguments((&lifetime.0, lifetime.1));
}

/// Whether an operation may fail after something was written.
pub fn needs_undo(operations: &[Operation]) -> bool {
    match operations {
        [] => false,
        [operation] => operation.describe().kind().fails_late,
        // If one HSET is refused, all of them are, so nothing was written.
        several => !several.iter().all(|operation| operation.describe().kind().plain == Plain::Pair),
    }
}

/// Adds an operation.
pub fn operation_arguments(batch: &mut Batch, operation: &Operation) {
    let operation = operation.describe();
    batch.static_argument(operation.kind().name);
    operation.script_arguments(batch);
}

/// Decodes what a script returned.
pub fn decode(operations: &[Operation], returned: Value) -> Result<Response, Unexpected> {
    let returned = value::list(returned)?;
    let mut values = returned.into_iter();
    let mut next = || values.next().ok_or(Unexpected);
    Ok(match value::text(next()?)? {
        b"ok" => Response::Done(outcomes(operations, values, operations.len())?),
        b"missing" => Response::Missing,
        b"gone" => Response::Gone(value::text(next()?)?.to_vec()),
        b"rotated" => Response::Moved(value::text(next()?)?.to_vec()),
        b"conflict" => {
            // The word, an outcome for each operation before the comparison, and what is stored.
            let before = returned.len().checked_sub(2).ok_or(Unexpected)?;
            let comparison = operations.get(before).ok_or(Unexpected)?.describe();
            if !comparison.kind().compares {
                return Err(Unexpected);
            }
            let stored = value::optional_text(returned.get(before + 1).ok_or(Unexpected)?)?.map(<[u8]>::to_vec);
            let mut outcomes = outcomes(operations, values.take(before), before)?;
            outcomes.push(Outcome::Swap(Swap::Conflict(stored)));
            Response::Conflict(outcomes)
        }
        b"failed" => {
            let index = usize::try_from(value::integer(next()?)?).map_err(|_| Unexpected)?;
            let stored = value::optional_text(next()?)?;
            let text = value::text(next()?)?;
            let operation = operations.get(index).ok_or(Unexpected)?;
            Response::Failed(operation.describe().field_error(stored).unwrap_or_else(|| {
                // The field's value is not the reason, so the error reply decides.
                let mut sent = Batch::new();
                sent.begin();
                operation_arguments(&mut sent, operation);
                sent.end();
                error_reply::into_error(text, &sent, 0)
            }))
        }
        _ => return Err(Unexpected),
    })
}

/// Decodes one outcome for each of the first operations.
fn outcomes<'a>(
    operations: &[Operation],
    values: impl ExactSizeIterator<Item = Value<'a>>,
    count: usize,
) -> Result<Few<Outcome>, Unexpected> {
    if values.len() != count {
        return Err(Unexpected);
    }
    let mut outcomes = Few::with_capacity(count);
    for (operation, value) in operations.iter().zip(values) {
        outcomes.push(operation.describe().decode(value)?);
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::testing::reply;

    fn read(operations: &[Operation], wire: &str) -> Result<Response, Unexpected> {
        decode(operations, reply(wire).value())
    }

    #[test]
    fn a_script_is_named_by_its_sha1_and_holds_no_comments() {
        for script in [OPERATE, ROTATE] {
            let mut batch = Batch::new();
            batch.begin();
            batch.static_argument(script.sha1);
            batch.end();
            assert_eq!(batch.name(0).len(), 40);
            assert!(script.pieces.concat().lines().all(|line| !line.starts_with("--")));
        }
    }

    #[test]
    fn every_operation_sends_the_arguments_that_its_lua_takes() {
        use crate::session::operation::{Clear, Items, Keys, Len, Ttl};
        let text = OPERATE.pieces.concat();
        for operation in [
            Operation::get("f"),
            Operation::contains("f"),
            Operation::set("f", b"v"),
            Operation::set_if_absent("f", "1"),
            Operation::compare_and_set("f", Some("1"), None),
            Operation::delete("f"),
            Operation::pop("f"),
            Operation::increment("f", i64::MIN),
            Operation::increment_float("f", 0.5),
            Operation::Len(Len),
            Operation::Keys(Keys),
            Operation::Items(Items),
            Operation::Clear(Clear),
            Operation::Ttl(Ttl),
            Operation::set_lifetime(Lifetime { idle: None, absolute: None }),
            Operation::destroy("token"),
        ] {
            let mut batch = Batch::new();
            batch.begin();
            operation_arguments(&mut batch, &operation);
            batch.end();
            let name = batch.name(0);
            let (_, branch) = text.split_once(&format!("=='{name}' then\n")).expect(name);
            // The branch steps over the name and its arguments: `at=at+3`.
            let step = branch.lines().find_map(|line| line.split_once('+').filter(|_| !line.contains("ARGV")));
            assert_eq!(step.map(|(_, step)| step.parse()), Some(Ok(batch.arguments().count())), "{name}");
        }
    }

    #[test]
    fn every_word_is_read() {
        let operations = [Operation::get("a"), Operation::increment("n", 1)];
        let done =
            Response::Done([Outcome::Value(None), Outcome::Integer(9_007_199_254_740_993)].into_iter().collect());
        assert_eq!(read(&operations, "*3\r\n+ok\r\n$-1\r\n+9007199254740993\r\n"), Ok(done));
        assert_eq!(read(&operations, "*1\r\n+missing\r\n"), Ok(Response::Missing));
        assert_eq!(read(&operations, "*2\r\n+gone\r\n+t\r\n"), Ok(Response::Gone(b"t".to_vec())));
        assert_eq!(read(&operations, "*2\r\n+rotated\r\n+d\r\n"), Ok(Response::Moved(b"d".to_vec())));
        let failed = "*4\r\n+failed\r\n+1\r\n+x\r\n+ERR hash value is not an integer\r\n";
        assert_eq!(read(&operations, failed), Ok(Response::Failed(Error::NotANumber("n".into()))));
        let refused = "*4\r\n+failed\r\n+1\r\n$-1\r\n+OOM command not allowed\r\n";
        assert_eq!(read(&operations, refused), Ok(Response::Failed(Error::Unavailable("OOM".into()))));
        for strange in ["*0\r\n", "*1\r\n+ok\r\n", "*1\r\n+hello\r\n", "*2\r\n+failed\r\n+7\r\n", ":1\r\n"] {
            assert_eq!(read(&operations, strange), Err(Unexpected), "{strange}");
        }
    }

    #[test]
    fn a_conflict_ends_the_outcomes() {
        let swap = Operation::compare_and_set("a", None, None);
        let operations = [Operation::contains("b"), swap, Operation::get("c")];
        let conflict = Outcome::Swap(Swap::Conflict(Some("stored".into())));
        let expected = Response::Conflict([Outcome::Flag(true), conflict].into_iter().collect());
        assert_eq!(read(&operations, "*3\r\n+conflict\r\n:1\r\n+stored\r\n"), Ok(expected));
        assert_eq!(read(&operations, "*1\r\n+moved\r\n"), Err(Unexpected));
        for elsewhere in
            ["*2\r\n+conflict\r\n+stored\r\n", "*4\r\n+conflict\r\n:1\r\n:1\r\n+stored\r\n", "*1\r\n+conflict\r\n"]
        {
            assert_eq!(read(&operations, elsewhere), Err(Unexpected), "{elsewhere}");
        }
    }
}
