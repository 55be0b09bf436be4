//! What is said on a new connection before the first command: who we are (HELLO or AUTH), which database we mean (SELECT),
//! and behind sentinels whether it is the primary (ROLE), in one write. Nothing else leaves before its replies are read:
//! behind a SELECT that failed, a write would land in database 0.
//!
//! <https://redis.io/docs/latest/commands/hello/>, <https://redis.io/docs/latest/commands/auth/>,
//! <https://redis.io/docs/latest/commands/select/>

use super::{
    batch::Batch,
    client::Attempt,
    node,
    refusal::Passing,
    reply::Reply,
    retry::Failure,
    url::{Place, Server},
};
use crate::hexadecimal::hexadecimal;
use bytes::Bytes;
use sha2::{Digest, Sha256};

/// The handshake that a server's URL asks for.
pub struct Handshake {
    batch: Batch,
    state: String,
    needs_primary: bool,
}

/// How a primary answers to ROLE.
const PRIMARY: Reply = Reply::Text(Bytes::from_static(b"master"));

impl Handshake {
    /// For this server.
    pub fn new(server: &Server) -> Self {
        let needs_primary = matches!(server.place, Place::Sentinels(..));
        let mut batch = commands(server);
        if needs_primary {
            batch.command(&[b"ROLE"]);
        }
        Self { batch, state: state(server), needs_primary }
    }

    /// The commands; none where there is nothing to say.
    pub fn batch(&self) -> Option<&Batch> {
        (self.batch.commands() > 0).then_some(&self.batch)
    }

    /// What the connection is after the handshake: user, database, protocol and a digest of the password, so that only
    /// who knows the same password can take over the connection. Empty where there is nothing to say.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Reads the replies to [`Self::batch`].
    pub fn check(&self, replies: &[Reply]) -> Result<(), Attempt> {
        node::check(replies, &self.batch)?;
        match replies.last() {
            // Who was the primary when the sentinel was asked need not be it any more.
            Some(Reply::Array(role)) if self.needs_primary && role.first() != Some(&PRIMARY) => {
                Err(Attempt::Failed(Failure::Refused(Passing::Reconnect)))
            }
            _ => Ok(()),
        }
    }
}

fn commands(server: &Server) -> Batch {
    let mut batch = Batch::new();
    let user = server.user.as_deref();
    match (&server.password, server.resp3) {
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
    if server.database != 0 {
        batch.begin(2);
        batch.argument(b"SELECT");
        batch.number(server.database.into());
    }
    batch
}

fn state(server: &Server) -> String {
    let mut state = String::new();
    if server.resp3 {
        state.push_str("resp3 ");
    }
    if server.database != 0 {
        state.push_str("database ");
        state.push_str(itoa::Buffer::new().format(server.database));
        state.push(' ');
    }
    if let Some(password) = &server.password {
        state.push_str("user ");
        state.push_str(&hexadecimal(server.user.as_deref().unwrap_or(b"default")));
        state.push_str(" password ");
        state.push_str(&hexadecimal(&Sha256::digest(password)));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn handshake(url: &str) -> Handshake {
        Handshake::new(&Server::parse(url).unwrap())
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
    fn a_refusal_names_its_first_word_and_nothing_that_was_sent() {
        let handshake = handshake("redis://u:hunter2@h/99");
        let wrong = Reply::Error("WRONGPASS invalid username-password pair".into());
        match handshake.check(&[wrong, Reply::Null]) {
            Err(Attempt::Final(Error::Denied(text))) => assert_eq!(text, "WRONGPASS AUTH"),
            _ => panic!("not refused"),
        }
        let loading = Reply::Error("LOADING Redis is loading the dataset in memory".into());
        assert!(matches!(handshake.check(&[loading]), Err(Attempt::Failed(Failure::Refused(_)))));
    }
}
