//! Which path is answered by what.

mod basket;
mod login;
mod logout;
mod session;
mod visits;

use crate::http::{Request, Response};
use crate::problem::Problem;
use crate::session::Session;

/// Answers a request with its session at hand.
pub(crate) type Handle = fn(&Session, Request) -> Result<Response, Problem>;

/// What stands behind a path and a method.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// A file of the page: its type and its content.
    File(&'static str, &'static str),
    /// Looks at the session.
    Read(Handle),
    /// Changes the session, so it has to come from our own pages.
    Change(Handle),
}

/// Where a request leads.
pub(crate) enum Route {
    Found(Handler),
    /// The path exists for these methods only, as the header `Allow` wants them.
    WrongMethod(String),
    Unknown,
}

/// Looks a request's way up. HEAD is answered as GET, without the body.
pub(crate) fn find(method: &str, path: &str) -> Route {
    let method = if method == "HEAD" { "GET" } else { method };
    let handlers = handlers(path);
    match handlers.iter().find(|(name, _)| *name == method) {
        Some((_, handler)) => Route::Found(*handler),
        None if handlers.is_empty() => Route::Unknown,
        None => Route::WrongMethod(handlers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")),
    }
}

fn handlers(path: &str) -> &'static [(&'static str, Handler)] {
    use Handler::{Change, File, Read};
    match path {
        "/" => &[("GET", File("text/html; charset=utf-8", include_str!("../page/index.html")))],
        "/style.css" => &[("GET", File("text/css; charset=utf-8", include_str!("../page/style.css")))],
        "/app.js" => &[("GET", File("text/javascript; charset=utf-8", include_str!("../page/app.js")))],
        "/api/session" => &[("GET", Read(session::show))],
        "/api/visits" => &[("POST", Change(visits::count))],
        "/api/basket" => &[("GET", Read(basket::show)), ("POST", Change(basket::add))],
        "/api/login" => &[("POST", Change(login::login))],
        "/api/logout" => &[("POST", Change(logout::logout))],
        _ => &[],
    }
}

/// A name that a client gave, checked: not empty, without control characters, at most so many characters long.
fn name<'a>(field: &str, given: &'a str, longest: usize) -> Result<&'a str, Problem> {
    let name = given.trim();
    if name.is_empty() {
        return Err(Problem::bad_request(format!("The {field} is empty.")));
    }
    if name.chars().count() > longest {
        return Err(Problem::bad_request(format!("The {field} is longer than {longest} characters.")));
    }
    if name.chars().any(char::is_control) {
        return Err(Problem::bad_request(format!("The {field} holds a control character.")));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::{Handler, Route, find, name};

    #[test]
    fn a_name_is_trimmed_and_held_to_its_limit() {
        assert_eq!(name("user", " Zoë ", 3).unwrap(), "Zoë");
        for given in ["", "  ", "four", "a\nb", "a\u{0}"] {
            assert!(name("user", given, 3).is_err(), "{given:?}");
        }
    }

    #[test]
    fn each_path_leads_to_its_handler() {
        for (method, path) in [("GET", "/"), ("HEAD", "/"), ("GET", "/style.css"), ("GET", "/app.js")] {
            assert!(matches!(find(method, path), Route::Found(Handler::File(..))), "{method} {path}");
        }
        for path in ["/api/session", "/api/basket"] {
            assert!(matches!(find("GET", path), Route::Found(Handler::Read(_))), "{path}");
        }
        for path in ["/api/visits", "/api/basket", "/api/login", "/api/logout"] {
            assert!(matches!(find("POST", path), Route::Found(Handler::Change(_))), "{path}");
        }
    }

    #[test]
    fn a_wrong_method_learns_the_right_ones() {
        assert!(matches!(find("DELETE", "/api/basket"), Route::WrongMethod(allow) if allow == "GET, POST"));
        assert!(matches!(find("GET", "/api/visits"), Route::WrongMethod(allow) if allow == "POST"));
        assert!(matches!(find("get", "/"), Route::WrongMethod(allow) if allow == "GET"));
    }

    #[test]
    fn any_other_path_is_unknown() {
        for path in ["", "//", "/api", "/api/", "/api/visits/", "/API/visits", "/index.html"] {
            assert!(matches!(find("GET", path), Route::Unknown), "{path}");
        }
    }
}
