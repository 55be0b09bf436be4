//! The headers that are handed on, in both directions.

use crate::bindings::wasi::http::types::{Fields, HeaderError, Headers, Request};
use crate::cookies;
use crate::settings::Settings;

/// The request's headers as the application gets them: without our cookies, and with no token but this one. None where
/// there is no room for them.
pub(crate) fn for_application(request: &Request, settings: &Settings, token: Option<&str>) -> Option<Headers> {
    let headers = request.get_headers().clone();
    let changed = hide(&headers, settings)
        .and_then(|()| token.map_or(Ok(()), |token| headers.append(&settings.token_header, token.as_bytes())));
    changed.ok().map(|()| headers)
}

fn hide(headers: &Fields, settings: &Settings) -> Result<(), HeaderError> {
    for (name, _) in headers.copy_all() {
        if is_token_header(&name, &settings.token_header) {
            headers.delete(&name)?;
        }
    }
    let brought = headers.get("cookie");
    let kept = cookies::without(&settings.cookie_names, brought);
    if kept.is_empty() { headers.delete("cookie") } else { headers.set("cookie", &kept) }
}

/// Whether this is the header, as far as some application may take it for it: CGI, and what is made after it, know neither
/// case nor the difference between `-` and `_`.
fn is_token_header(name: &str, token_header: &str) -> bool {
    name.replace('_', "-").eq_ignore_ascii_case(token_header)
}

/// The response's headers with those of the session. The application's own stay, as far as they don't let a cookie be kept
/// for others.
pub(crate) fn for_browser(application: Headers, session: &[(String, String)]) -> Result<Headers, HeaderError> {
    let headers = application.clone();
    for (name, value) in session {
        match name.as_str() {
            "cache-control" => headers.set(name, &[value.clone().into_bytes()])?,
            "vary" if varies_by(&headers.get(name), value) => {}
            _ => headers.append(name, value.as_bytes())?,
        }
    }
    Ok(headers)
}

/// Whether the `Vary` headers name this header already.
fn varies_by(vary: &[Vec<u8>], name: &str) -> bool {
    let mut names = vary.iter().flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    names.any(|found| found == b"*" || found.eq_ignore_ascii_case(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{is_token_header, varies_by};

    #[test]
    fn the_token_s_header_is_known_in_every_spelling() {
        for name in ["drsession-token", "DRSESSION-TOKEN", "Drsession_Token", "drsession_token"] {
            assert!(is_token_header(name, "drsession-token"), "{name}");
        }
        for name in ["drsession", "drsession-token-", "drsession--token", "x-drsession-token", "drsessiontoken", ""] {
            assert!(!is_token_header(name, "drsession-token"), "{name}");
        }
    }

    #[test]
    fn vary_is_read_as_a_list() {
        let varies = |values: &[&str]| {
            varies_by(&values.iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>(), "cookie")
        };
        assert!(varies(&["accept, Cookie"]));
        assert!(varies(&["accept", "cookie"]));
        assert!(varies(&["*"]));
        assert!(!varies(&[]));
        assert!(!varies(&["accept", "cookie2, set-cookie"]));
    }
}
