//! The list of cases that each language's session module passes: `examples/cases.json`.
//!
//! A case is a visitor with some steps. A step is a `call` on the session with what comes back (`result`, which is null
//! unless given, `absent` or `error`), or a command for `redis`, given past the session, with its `reply`.
//!
//! The language's application for tests answers `POST /case` with a body `{"url": …, "steps": [{"call": …, "arguments": […]}]}`: it opens
//! a store at that URL, takes the session of the request's cookie, makes the calls, and answers
//! `{"answers": [{"result": …} | {"absent": true} | {"error": NAME}]}` with the session's headers. A step with `"other": true` is for
//! a second handle, attached to the first one's id when it is first needed. Where the store can't be opened, its error answers every step.
//! NAME is the contract's (`not-a-number`). How integers beyond 2^53 travel stands in [`super::tagged`].
//!
//! Calls are the contract's functions on plain values (`increment`, `clear`, `destroy`, `rotate` without writes, `response-headers`, …), `set-default` (what is there, or
//! else the given value), and `change` with a field, the word `append` and a value: appends to a list by compare-and-set, an absent one being
//! empty.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::checks::Checks;
use super::client::Client;
use super::redis::Redis;
use super::site::Site;
use super::tagged;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Where the session's Redis is; `{redis}` is the running one's address, `{nonsense}` that of a server that doesn't speak its
    /// protocol, `{old}` that of one which knows no command.
    #[serde(default = "running_redis")]
    url: String,
    /// An id that the visitor comes with.
    id: Option<String>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Step {
    Call(Call),
    Command(Command),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    call: String,
    #[serde(default)]
    arguments: Vec<Value>,
    #[serde(default)]
    other: bool,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    absent: bool,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    /// `{key}` stands for the session's key.
    redis: Vec<Value>,
    reply: Option<Value>,
}

/// Runs every case against an application for tests that listens there.
pub(super) fn check(site: &Site, application: SocketAddr, redis: &Redis, checks: &mut Checks) -> anyhow::Result<()> {
    run_all(&common(site)?, application, redis, checks)
}

/// Runs those cases that hold whatever form values have in Redis: none that counts there, or looks into it.
pub(super) fn check_in_any_form(
    site: &Site,
    application: SocketAddr,
    redis: &Redis,
    checks: &mut Checks,
) -> anyhow::Result<()> {
    let mut cases = common(site)?;
    cases.retain(|case| case.steps.iter().all(Step::holds_in_any_form));
    run_all(&cases, application, redis, checks)
}

/// Runs the cases that only this example has: its own cases.json.
pub(super) fn check_own(
    site: &Site,
    application: SocketAddr,
    redis: &Redis,
    checks: &mut Checks,
) -> anyhow::Result<()> {
    run_all(&read(&site.source.join("cases.json"))?, application, redis, checks)
}

fn common(site: &Site) -> anyhow::Result<Vec<Case>> {
    read(&site.root.join("examples/cases.json"))
}

fn read(path: &Path) -> anyhow::Result<Vec<Case>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let cases: Vec<Case> = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    ensure!(!cases.is_empty(), "the list of cases is empty");
    Ok(cases)
}

fn run_all(cases: &[Case], application: SocketAddr, redis: &Redis, checks: &mut Checks) -> anyhow::Result<()> {
    let (nonsense, old) = (canned_server("hello\r\n")?, canned_server("-ERR unknown command\r\n")?);
    for case in cases {
        let servers = [("{redis}", redis.address()), ("{nonsense}", nonsense.to_string()), ("{old}", old.to_string())];
        let url = servers.iter().fold(case.url.clone(), |url, (name, address)| url.replace(name, address));
        let mut client = Client::new(application);
        client.cookie = case.id.as_ref().map(|id| format!("__Host-id={id}"));
        checks.check(&case.name, || run(&case.steps, &url, &mut client, &mut redis.connect()?));
    }
    Ok(())
}

/// Calls that follow each other go to the application in one request.
fn run(steps: &[Step], url: &str, client: &mut Client, redis: &mut redis::Connection) -> anyhow::Result<()> {
    for steps in steps.chunk_by(|one, next| matches!((one, next), (Step::Call(_), Step::Call(_)))) {
        let mut calls = Vec::new();
        for step in steps {
            match step {
                Step::Call(call) => calls.push(call),
                Step::Command(command) => command.run(client, redis)?,
            }
        }
        if !calls.is_empty() {
            make(&calls, url, client)?;
        }
    }
    Ok(())
}

fn make(calls: &[&Call], url: &str, client: &mut Client) -> anyhow::Result<()> {
    let steps: Vec<_> = calls.iter().map(|call| call.request()).collect();
    let body = tagged::expanded(&json!({ "url": url, "steps": steps }))?;
    let reply = client.post("/case", &body)?.json(200)?;
    let answers = reply["answers"].as_array().context("the answers")?;
    ensure!(answers.len() == calls.len(), "{} answers to {} calls", answers.len(), calls.len());
    for (number, (call, answer)) in calls.iter().zip(answers).enumerate() {
        call.compare(answer).with_context(|| format!("call {} ({})", number + 1, call.call))?;
    }
    Ok(())
}

impl Step {
    fn holds_in_any_form(&self) -> bool {
        matches!(self, Self::Call(call) if !["increment", "increment-float", "add"].contains(&call.call.as_str()))
    }
}

impl Call {
    /// The part that the application sees.
    fn request(&self) -> Value {
        json!({ "call": self.call, "arguments": self.arguments, "other": self.other })
    }

    fn compare(&self, answer: &Value) -> anyhow::Result<()> {
        let expected = match (&self.error, self.absent) {
            (Some(error), _) => json!({ "error": error }),
            (None, true) => json!({ "absent": true }),
            (None, false) => json!({ "result": self.result }),
        };
        let (expected, answer) = (self.in_order(&expected), self.in_order(answer));
        ensure!(tagged::same(&expected, &answer), "expected {expected}, but it was {answer}");
        Ok(())
    }

    /// What has no particular order, in one.
    fn in_order(&self, answer: &Value) -> Value {
        let mut answer = answer.clone();
        if ["keys", "values", "items"].contains(&self.call.as_str())
            && let Some(list) = answer.get_mut("result").and_then(Value::as_array_mut)
        {
            list.sort_by_key(Value::to_string);
        }
        answer
    }
}

impl Command {
    fn run(&self, client: &Client, redis: &mut redis::Connection) -> anyhow::Result<()> {
        let mut command = redis::Cmd::new();
        for word in &self.redis {
            command.arg(match word.as_str() {
                Some("{key}") => client.key()?.into_bytes(),
                _ => tagged::bytes(word)?,
            });
        }
        let reply = shown(&command.query(redis)?);
        if let Some(expected) = &self.reply {
            ensure!(tagged::same(expected, &reply), "Redis: expected {expected}, but it was {reply}");
        }
        Ok(())
    }
}

/// A reply of Redis as JSON.
fn shown(reply: &redis::Value) -> Value {
    match reply {
        redis::Value::Nil => Value::Null,
        redis::Value::Int(number) => json!(number),
        redis::Value::BulkString(bytes) => json!(String::from_utf8_lossy(bytes)),
        redis::Value::SimpleString(text) => json!(text),
        redis::Value::Okay => json!("OK"),
        redis::Value::Array(elements) => elements.iter().map(shown).collect(),
        other => json!(format!("{other:?}")),
    }
}

/// The address of a server that has one answer to whatever it reads, and hangs up. It ends with this program.
fn canned_server(answer: &'static str) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // A client that has gone again is no concern of this server's.
            let _ = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all(answer.as_bytes()));
        }
    });
    Ok(address)
}

fn running_redis() -> String {
    "redis://{redis}".to_owned()
}
