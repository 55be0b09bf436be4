//! The settings, which the host gives as environment variables.

use wasip2::cli::environment::get_environment;

pub(crate) struct Settings {
    /// `REDIS_URL`: where Redis is.
    pub(crate) redis_url: String,
    /// `SHOP_INSECURE_COOKIE=1`: for plain HTTP, where the browser doesn't keep a Secure cookie.
    pub(crate) insecure_cookie: bool,
    /// `SHOP_PERSISTENT_COOKIE=1`: the browser keeps the cookie when it is closed.
    pub(crate) persistent_cookie: bool,
}

impl Settings {
    pub(crate) fn read() -> Self {
        let environment = get_environment();
        let find = |wanted: &str| environment.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        Self {
            redis_url: find("REDIS_URL").unwrap_or("redis://127.0.0.1:6379").to_owned(),
            insecure_cookie: find("SHOP_INSECURE_COOKIE") == Some("1"),
            persistent_cookie: find("SHOP_PERSISTENT_COOKIE") == Some("1"),
        }
    }
}
