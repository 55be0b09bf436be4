//! The settings, read from environment variables. README.md lists them.

use crate::bindings::drsession::session::session_async::{Options, Store};
use crate::bindings::drsession::session::types::{Error, SameSite};
use crate::environment::{Environment, SettingsError};
use crate::origin::ChangesFrom;

const REDIS_URL: &str = "redis://127.0.0.1:6379";
const COOKIE_NAME: &str = "__Host-id";
const TOKEN_HEADER: &str = "drsession-token";
/// The default of every time-out, in milliseconds.
const TIMEOUT: u32 = 2_000;

/// What to do while Redis is unavailable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RedisDown {
    /// Call the application as usual. Its own calls on the session fail.
    Application,
    /// Answer 503.
    Unavailable,
    /// Call the application without a session.
    NoSession,
}

/// The settings that the middleware itself uses. `open` passes the others to the store.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The request header that carries the token, in lower case.
    pub(crate) token_header: String,
    /// The cookie's present name, followed by the former names.
    pub(crate) cookie_names: Vec<String>,
    pub(crate) changes_from: ChangesFrom,
    pub(crate) redis_down: RedisDown,
}

impl Settings {
    pub(crate) fn read(environment: &Environment) -> Result<Self, SettingsError> {
        let mut cookie_names = vec![environment.text("DRSESSION_COOKIE_NAME").unwrap_or(COOKIE_NAME).to_owned()];
        cookie_names.extend(environment.list("DRSESSION_FORMER_COOKIE_NAMES"));
        let changes_from = environment.choice(
            "DRSESSION_CHANGES_FROM",
            &[
                ("same-origin", ChangesFrom::SameOrigin),
                ("same-site", ChangesFrom::SameSite),
                ("anywhere", ChangesFrom::Anywhere),
            ],
        )?;
        let redis_down = environment.choice(
            "DRSESSION_REDIS_DOWN",
            &[
                ("application", RedisDown::Application),
                ("503", RedisDown::Unavailable),
                ("no-session", RedisDown::NoSession),
            ],
        )?;
        Ok(Self {
            token_header: token_header(environment)?,
            cookie_names,
            changes_from: changes_from.unwrap_or(ChangesFrom::SameOrigin),
            redis_down: redis_down.unwrap_or(RedisDown::Application),
        })
    }
}

fn token_header(environment: &Environment) -> Result<String, SettingsError> {
    let name = environment.text("DRSESSION_TOKEN_HEADER").unwrap_or(TOKEN_HEADER).to_ascii_lowercase();
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.bytes().all(is_allowed) || !name.starts_with(|first: char| first.is_ascii_lowercase()) || name == "cookie"
    {
        return Err(SettingsError::Malformed {
            name: "DRSESSION_TOKEN_HEADER",
            expected: "a header name other than cookie: a letter, then letters, digits and hyphens".to_owned(),
        });
    }
    Ok(name)
}

/// Opens the store. Settings that are not set keep the defaults of drsession.
pub(crate) fn open(environment: &Environment, settings: &Settings) -> Result<Store, SettingsError> {
    let options = Options::new(environment.text("DRSESSION_REDIS_URL").unwrap_or(REDIS_URL));
    if let Some(prefix) = environment.text("DRSESSION_PREFIX") {
        options.set_prefix(prefix);
    }
    if let Some(seconds) = environment.seconds("DRSESSION_IDLE_LIFETIME")? {
        options.set_idle_lifetime(seconds);
    }
    if let Some(seconds) = environment.seconds("DRSESSION_ABSOLUTE_LIFETIME")? {
        options.set_absolute_lifetime(seconds);
    }
    if let Some(on) = environment.flag("DRSESSION_GUARD")? {
        options.set_guard(on);
    }
    if let Some(on) = environment.flag("DRSESSION_SCRIPTS")? {
        options.set_scripts(on);
    }
    options.set_timeouts(
        environment.number("DRSESSION_CONNECT_TIMEOUT")?.unwrap_or(TIMEOUT),
        environment.number("DRSESSION_ANSWER_TIMEOUT")?.unwrap_or(TIMEOUT),
    );
    if let Some(count) = environment.number("DRSESSION_REPLICAS")? {
        options.set_replicas(count, environment.number("DRSESSION_REPLICAS_TIMEOUT")?.unwrap_or(TIMEOUT));
    }
    cookie(&options, environment, settings)?;
    Store::open(&options).map_err(|error| match error {
        Error::InvalidArgument(reason) => SettingsError::Rejected(reason),
        error => SettingsError::Rejected(format!("{error:?}")),
    })
}

fn cookie(options: &Options, environment: &Environment, settings: &Settings) -> Result<(), SettingsError> {
    if let Some((name, former_names)) = settings.cookie_names.split_first() {
        options.set_cookie_name(name);
        options.set_former_cookie_names(former_names);
    }
    if let Some(path) = environment.text("DRSESSION_COOKIE_PATH") {
        options.set_cookie_path(path);
    }
    options.set_cookie_domain(environment.text("DRSESSION_COOKIE_DOMAIN"));
    if let Some(on) = environment.flag("DRSESSION_COOKIE_SECURE")? {
        options.set_cookie_secure(on);
    }
    let same_site = [("lax", SameSite::Lax), ("strict", SameSite::Strict), ("none", SameSite::None)];
    if let Some(same_site) = environment.choice("DRSESSION_COOKIE_SAME_SITE", &same_site)? {
        options.set_cookie_same_site(same_site);
    }
    if let Some(on) = environment.flag("DRSESSION_COOKIE_PARTITIONED")? {
        options.set_cookie_partitioned(on);
    }
    if let Some(on) = environment.flag("DRSESSION_COOKIE_PERSISTENT")? {
        options.set_cookie_persistent(on);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{RedisDown, Settings};
    use crate::environment::Environment;
    use crate::origin::ChangesFrom;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::read(&Environment::new(variables)).map_err(|error| error.to_string())
    }

    #[test]
    fn without_variables_the_defaults_apply() {
        let settings = read(&[]).expect("valid settings");
        assert_eq!(settings.token_header, "drsession-token");
        assert_eq!(settings.cookie_names, ["__Host-id"]);
        assert_eq!(settings.changes_from, ChangesFrom::SameOrigin);
        assert_eq!(settings.redis_down, RedisDown::Application);
    }

    #[test]
    fn every_setting_can_be_changed() {
        let settings = read(&[
            ("DRSESSION_TOKEN_HEADER", "X-Session"),
            ("DRSESSION_COOKIE_NAME", "id"),
            ("DRSESSION_FORMER_COOKIE_NAMES", "old, older"),
            ("DRSESSION_CHANGES_FROM", "anywhere"),
            ("DRSESSION_REDIS_DOWN", "503"),
        ]);
        let settings = settings.expect("valid settings");
        assert_eq!(settings.token_header, "x-session");
        assert_eq!(settings.cookie_names, ["id", "old", "older"]);
        assert_eq!(settings.changes_from, ChangesFrom::Anywhere);
        assert_eq!(settings.redis_down, RedisDown::Unavailable);
    }

    #[test]
    fn an_unsuitable_token_header_is_rejected() {
        for name in ["", "a_b", "-a", "1a", "a b", "a:", "Cookie", "ä"] {
            let error = read(&[("DRSESSION_TOKEN_HEADER", name)]).expect_err(name);
            assert!(error.starts_with("DRSESSION_TOKEN_HEADER"), "{error}");
        }
    }

    #[test]
    fn an_unknown_word_is_rejected() {
        let error = read(&[("DRSESSION_REDIS_DOWN", "500")]).expect_err("an unknown word");
        assert_eq!(error, "DRSESSION_REDIS_DOWN must be application or 503 or no-session");
    }
}
