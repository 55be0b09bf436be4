//! A store's options, and their checks.

use crate::{
    cookie::{self, Cookie, SameSite},
    error::Error,
    redis::{Timeouts, Wait, url::RedisUrl},
};
use std::num::NonZeroU32;

/// The longest prefix, in bytes.
const MAX_PREFIX: usize = 1024;

/// How long a session lives, in seconds. `None`: forever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifetime {
    /// Since it was last used.
    pub idle: Option<NonZeroU32>,
    /// Since its first write.
    pub absolute: Option<NonZeroU32>,
}

impl Lifetime {
    /// Checks both lifetimes: 0 seconds is invalid.
    pub fn new(idle: Option<u32>, absolute: Option<u32>) -> Result<Self, Error> {
        let seconds = |given: Option<u32>| match given.map(NonZeroU32::new) {
            None => Ok(None),
            Some(Some(seconds)) => Ok(Some(seconds)),
            Some(None) => Err(Error::invalid("a lifetime must be at least 1 second (none: never)")),
        };
        Ok(Self { idle: seconds(idle)?, absolute: seconds(absolute)? })
    }

    /// Whether it never ends.
    pub fn is_endless(self) -> bool {
        self.idle.is_none() && self.absolute.is_none()
    }

    /// The error for a lifetime while the guard is off.
    pub fn needs_guard() -> Error {
        Error::invalid("with the guard off nothing expires: set both lifetimes to none")
    }

    /// The seconds until a new session expires.
    pub fn at_first(self) -> Option<u32> {
        let both = [self.idle, self.absolute];
        both.into_iter().flatten().map(NonZeroU32::get).min()
    }
}

/// Unchecked options. The contract's resource `options`.
pub struct Options {
    /// The Redis URL.
    pub url: String,
    /// The beginning of every session's key.
    pub prefix: String,
    /// The idle lifetime, in seconds.
    pub idle_lifetime: Option<u32>,
    /// The absolute lifetime, in seconds.
    pub absolute_lifetime: Option<u32>,
    /// Whether calls check that the session is alive.
    pub guard: bool,
    /// Whether Lua scripts may be used.
    pub scripts: bool,
    /// The socket's time limits.
    pub timeouts: Timeouts,
    /// The replicas that writes wait for. 0 replicas: they do not wait.
    pub replicas: Wait,
    /// The cookie. Its `max_age` is ignored: `cookie_persistent` decides.
    pub cookie: Cookie,
    /// Whether the browser keeps the cookie after the browser is closed.
    pub cookie_persistent: bool,
}

impl Options {
    /// The defaults.
    pub fn new(url: String) -> Self {
        Self {
            url,
            prefix: "drsession:".into(),
            idle_lifetime: Some(14 * 24 * 60 * 60),
            absolute_lifetime: None,
            guard: true,
            scripts: true,
            timeouts: Timeouts { connect: 2_000, answer: 2_000 },
            replicas: Wait { replicas: 0, timeout: 0 },
            cookie: Cookie {
                name: "__Host-id".into(),
                former_names: Vec::new(),
                path: "/".into(),
                domain: None,
                secure: true,
                same_site: SameSite::Lax,
                partitioned: false,
                max_age: None,
            },
            cookie_persistent: false,
        }
    }

    /// Checks the options.
    pub fn check(&self) -> Result<Settings, Error> {
        let url = RedisUrl::parse(&self.url)?;
        if self.prefix.len() > MAX_PREFIX {
            return Err(Error::invalid("the prefix must not be longer than 1,024 bytes"));
        }
        let lifetime = Lifetime::new(self.idle_lifetime, self.absolute_lifetime)?;
        if !self.guard && !lifetime.is_endless() {
            return Err(Lifetime::needs_guard());
        }
        if self.timeouts.connect == 0 || self.timeouts.answer == 0 {
            return Err(Error::invalid("both time-outs must be at least 1 ms"));
        }
        let replicas = (self.replicas.replicas > 0).then_some(self.replicas);
        if replicas.is_some_and(|replicas| !(1..self.timeouts.answer).contains(&replicas.timeout)) {
            return Err(Error::invalid(
                "the time-out of set-replicas must be at least 1 ms and less than the answer time-out",
            ));
        }
        self.cookie.check()?;
        let age = lifetime.absolute.map_or(cookie::LONGEST_MAX_AGE, NonZeroU32::get);
        let mut cookie = self.cookie.clone();
        cookie.max_age = self.cookie_persistent.then_some(age.min(cookie::LONGEST_MAX_AGE));
        Ok(Settings {
            url,
            prefix: self.prefix.clone().into_bytes(),
            lifetime,
            guard: self.guard,
            scripts: self.scripts,
            timeouts: self.timeouts,
            replicas,
            cookie,
        })
    }
}

/// Checked options.
pub struct Settings {
    /// The Redis URL.
    pub url: RedisUrl,
    /// The beginning of every session's key.
    pub prefix: Vec<u8>,
    /// The default lifetime. A session can have its own instead.
    pub lifetime: Lifetime,
    /// Whether calls check that the session is alive.
    pub guard: bool,
    /// Whether Lua scripts may be used.
    pub scripts: bool,
    /// The socket's time limits.
    pub timeouts: Timeouts,
    /// The replicas that writes wait for.
    pub replicas: Option<Wait>,
    /// The cookie.
    pub cookie: Cookie,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options::new("redis://localhost".into())
    }

    #[test]
    fn the_defaults_are_good() {
        let settings = options().check().unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(settings.lifetime.at_first(), Some(1_209_600));
        assert_eq!(settings.cookie.max_age, None);
    }

    #[test]
    fn contradictory_options_are_refused() {
        let wrong: [fn(&mut Options); 8] = [
            |options| options.guard = false,
            |options| options.idle_lifetime = Some(0),
            |options| options.absolute_lifetime = Some(0),
            |options| options.timeouts.connect = 0,
            |options| options.timeouts.answer = 0,
            |options| options.cookie.secure = false,
            |options| options.url = "redis:".into(),
            |options| (options.guard, options.idle_lifetime, options.absolute_lifetime) = (false, None, Some(1)),
        ];
        for change in wrong {
            let mut options = options();
            change(&mut options);
            assert!(matches!(options.check(), Err(Error::InvalidArgument(_))));
        }
        let mut unguarded = options();
        (unguarded.guard, unguarded.idle_lifetime) = (false, None);
        assert!(unguarded.check().is_ok());
    }

    #[test]
    fn a_persistent_cookie_lives_as_long_as_its_session_may() {
        let age = |absolute| {
            let mut options = options();
            (options.cookie_persistent, options.absolute_lifetime) = (true, absolute);
            options.check().ok().and_then(|settings| settings.cookie.max_age)
        };
        assert_eq!(age(None), Some(34_560_000));
        assert_eq!(age(Some(3_600)), Some(3_600));
        assert_eq!(age(Some(u32::MAX)), Some(34_560_000));
    }
}
