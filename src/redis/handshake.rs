//! The handshake of a new connection: user and password (HELLO or AUTH), the database (SELECT), and with sentinels a
//! check that the server is the primary (ROLE), all in one write. Its replies are read before anything else is sent:
//! after a failed SELECT, a write would go to database 0.
//!
//! <https://redis.io/docs/latest/commands/hello/>, <https://redis.io/docs/latest/commands/auth/>,
//! <https://redis.io/docs/latest/commands/select/>

use super::{
    batch::Batch,
    client::{self, TryError},
    error_reply::RetryHint,
    reply::{Reply, Value},
    retry::Transient,
    url::{RedisUrl, Topology},
};
use crate::text::to_hex;
use sha2::{Digest, Sha256};

/// The handshake that a Redis URL requires.
pub struct Handshake {
    batch: Batch,
    state: String,
    needs_primary: bool,
}

impl Handshake {
    /// The handshake for this URL.
    pub fn new(url: &RedisUrl) -> Self {
        let needs_primary = matches!(url.topology, Topology::Sentinel(..));
        let mut batch = commands(url);
        if needs_primary {
            batch.command(&[b"ROLE"]);
        }
        Self { batch, state: state(url), needs_primary }
    }

    /// Its commands; `None` if it needs none.
    pub fn batch(&self) -> Option<&Batch> {
        (self.batch.commands() > 0).then_some(&self.batch)
    }

    /// The state of a connection after the handshake: protocol, database, user, and a digest of the password. The host
    /// gives a pooled connection only to a client that asks for the same state, and so has the same password. Empty if
    /// there is no handshake.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Checks the replies to [`Self::batch`].
    pub fn check(&self, replies: &[Reply]) -> Result<(), TryError> {
        for (index, reply) in replies.iter().enumerate() {
            client::check(reply.value(), &self.batch, index)?;
        }
        match replies.last().map(Reply::value) {
            // The server may have lost its role since the sentinel was asked.
            Some(Value::List(role)) if self.needs_primary && !matches!(role.get(0), Some(Value::Text(b"master"))) => {
                Err(TryError::Retryable(Transient::Refused(RetryHint::Reconnect)))
            }
            _ => Ok(()),
        }
    }
}

fn commands(url: &RedisUrl) -> Batch {
    let mut batch = Batch::new();
    let user = url.user.as_deref();
    match (&url.password, url.resp3) {
        (None, false) => {}
        (None, true) => batch.command(&[b"HELLO", b"3"]),
        (Some(password), true) => {
            batch.command(&[b"HELLO", b"3", b"AUTH", user.unwrap_or(b"default"), password]);
        }
        (Some(password), false) => match user {
            Some(user) => batch.command(&[b"AUTH", user, password]),
            None => batch.command(&[b"AUTH", password]),
        },
    }
    if url.database != 0 {
        batch.begin();
        batch.argument(b"SELECT");
        batch.number(url.database.into());
        batch.end();
    }
    batch
}

fn state(url: &RedisUrl) -> String {
    let mut state = String::new();
    if url.resp3 {
        state.push_str("resp3 ");
    }
    if url.database != 0 {
        state.push_str("database ");
        state.push_str(itoa::Buffer::new().format(i64::from(url.database)));
        state.push(' ');
    }
    if let Some(password) = &url.password {
        state.push_str("user ");
        state.push_str(&to_hex(url.user.as_deref().unwrap_or(b"default")));
        state.push_str(" password ");
        state.push_str(&to_hex(&Sha256::digest(password)));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Error, redis::testing::reply};

    fn handshake(url: &str) -> Handshake {
        Handshake::new(&RedisUrl::parse(url).unwrap())
    }

    fn words(url: &str) -> Vec<String> {
        let handshake = handshake(url);
        let text = |argument: &[u8]| String::from_utf8(argument.to_vec()).unwrap();
        handshake.batch.arguments().map(text).collect()
    }

    #[test]
    fn only_what_is_needed_is_said() {
        assert!(handshake("redis://h/0").batch().is_none());
        assert_eq!(words("redis://h/2"), ["SELECT", "2"]);
        assert_eq!(words("redis://:p@h"), ["AUTH", "p"]);
        assert_eq!(words("redis://u:p@h/1"), ["AUTH", "u", "p", "SELECT", "1"]);
        assert_eq!(words("redis://h?protocol=3"), ["HELLO", "3"]);
        assert_eq!(words("redis://:p@h?protocol=3"), ["HELLO", "3", "AUTH", "default", "p"]);
    }

    #[test]
    fn states_differ_where_handshakes_do_and_hide_the_password() {
        let urls = [
            "redis://h",
            "redis://h/1",
            "redis://h?protocol=3",
            "redis://:hunter2@h",
            "redis://:hunter3@h",
            "redis://u:hunter2@h",
            "redis://u:hunter2@h/1",
        ];
        let states: Vec<String> = urls.iter().map(|url| handshake(url).state().to_owned()).collect();
        for (index, state) in states.iter().enumerate() {
            assert!(!state.contains("hunter"));
            assert!(!states[..index].contains(state), "{state}");
        }
        assert_eq!(states[0], "");
        assert_eq!(handshake("redis://default:hunter2@h").state(), states[3]);
    }

    #[test]
    fn a_refusal_names_its_code_and_nothing_that_was_sent() {
        let handshake = handshake("redis://u:hunter2@h/99");
        let replies = ["-WRONGPASS invalid username-password pair\r\n", "$-1\r\n"].map(reply);
        match handshake.check(&replies) {
            Err(TryError::Fatal(Error::Denied(text))) => assert_eq!(text, "WRONGPASS AUTH"),
            _ => panic!("not refused"),
        }
        let loading = vec![reply("-LOADING Redis is loading the dataset in memory\r\n")];
        assert!(matches!(handshake.check(&loading), Err(TryError::Retryable(Transient::Refused(_)))));
    }
}
