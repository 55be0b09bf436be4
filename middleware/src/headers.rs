//! The headers that are forwarded, in both directions.

use crate::bindings::wasi::http::types::{Fields, HeaderError, Headers, Request};
use crate::cookies;
use crate::settings::Settings;

/// Returns the request's headers for the application: without session cookies, and with this token only. None if the
/// host rejects them, for example because they are too large.
pub(crate) fn for_application(request: &Request, settings: &Settings, token: Option<&str>) -> Option<Headers> {
    let headers = request.get_headers().clone();
    let changed = remove_session(&headers, settings)
        .and_then(|()| token.map_or(Ok(()), |token| headers.append(&settings.token_header, token.as_bytes())));
    changed.ok().map(|()| headers)
}

fn remove_session(headers: &Fields, settings: &Settings) -> Result<(), HeaderError> {
    for (name, _) in headers.copy_all() {
        if is_token_header(&name, &settings.token_header) {
            headers.delete(&name)?;
        }
    }
    let kept = cookies::without(&settings.cookie_names, headers.get("cookie"));
    if kept.is_empty() { headers.delete("cookie") } else { headers.set("cookie", &kept) }
}

/// Whether an application may take this header for the token header. CGI and its successors ignore case, and do not
/// distinguish `-` from `_`.
fn is_token_header(name: &str, token_header: &str) -> bool {
    name.replace('_', "-").eq_ignore_ascii_case(token_header)
}

/// Returns the response's headers with those of the session added. The session's `cache-control` replaces the
/// application's, so that no cache stores the cookie.
pub(crate) fn with_session(application: Headers, session: &[(String, String)]) -> Result<Headers, HeaderError> {
    let headers = application.clone();
    for (name, value) in session {
        match name.as_str() {
            "cache-control" => headers.set(name, &[value.clone().into_bytes()])?,
            "vary" if vary_includes(&headers.get(name), value) => {}
            _ => headers.append(name, value.as_bytes())?,
        }
    }
    Ok(headers)
}

/// Whether the `Vary` headers already name this header.
fn vary_includes(vary: &[Vec<u8>], name: &str) -> bool {
    let mut names = vary.iter().flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    names.any(|found| found == b"*" || found.eq_ignore_ascii_case(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{is_token_header, vary_includes};

    #[test]
    fn every_spelling_of_the_token_header_is_recognised() {
        for name in ["drsession-token", "DRSESSION-TOKEN", "Drsession_Token", "drsession_token"] {
            assert!(is_token_header(name, "drsession-token"), "{name}");
        }
        for name in ["drsession", "drsession-token-", "drsession--token", "x-drsession-token", "drsessiontoken", ""] {
            assert!(!is_token_header(name, "drsession-token"), "{name}");
        }
    }

    #[test]
    fn vary_is_parsed_as_a_list() {
        let varies = |values: &[&str]| {
            vary_includes(&values.iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>(), "cookie")
        };
        assert!(varies(&["accept, Cookie"]));
        assert!(varies(&["accept", "cookie"]));
        assert!(varies(&["*"]));
        assert!(!varies(&[]));
        assert!(!varies(&["accept", "cookie2, set-cookie"]));
    }
}
