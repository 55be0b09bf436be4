//! Where a request comes from, according to the browser's `Sec-Fetch-Site` header.

use crate::bindings::wasi::http::types::Method;

/// Which origins get a session for requests with unsafe methods, such as POST.
///
/// Another site can make a browser send such a request. The browser leaves out a cookie with `SameSite=Lax`, so the
/// visitor's session cannot be misused. But if the request created a new session, its `Set-Cookie` would replace the
/// visitor's own cookie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ChangesFrom {
    /// The same origin, the user (bookmark, address bar), and clients that send no `Sec-Fetch-Site`.
    SameOrigin,
    /// Also other hosts and ports of the same site.
    SameSite,
    /// Every origin.
    Anywhere,
}

impl ChangesFrom {
    /// Whether a request gets a session. `sites` are its `Sec-Fetch-Site` headers. An unknown value, or more than one
    /// header, counts as another site.
    pub(crate) fn allows(self, method: &Method, sites: &[Vec<u8>]) -> bool {
        let is_safe = matches!(method, Method::Get | Method::Head | Method::Options | Method::Trace);
        let is_trusted = match sites {
            [] => true,
            [site] => match site.as_slice() {
                b"same-origin" | b"none" => true,
                b"same-site" => self == Self::SameSite,
                _ => false,
            },
            _ => false,
        };
        is_safe || is_trusted || self == Self::Anywhere
    }
}

#[cfg(test)]
mod tests {
    use super::ChangesFrom::{self, Anywhere, SameOrigin, SameSite};
    use crate::bindings::wasi::http::types::Method;

    fn allows(from: ChangesFrom, method: &Method, sites: &[&str]) -> bool {
        from.allows(method, &sites.iter().map(|site| site.as_bytes().to_vec()).collect::<Vec<_>>())
    }

    #[test]
    fn safe_methods_get_a_session_from_every_origin() {
        for method in [Method::Get, Method::Head, Method::Options, Method::Trace] {
            assert!(allows(SameOrigin, &method, &["cross-site"]));
        }
    }

    #[test]
    fn same_origin_user_and_other_clients_get_a_session() {
        for sites in [&[][..], &["same-origin"], &["none"]] {
            assert!(allows(SameOrigin, &Method::Post, sites), "{sites:?}");
        }
    }

    #[test]
    fn other_sites_get_a_session_only_if_configured() {
        for method in [Method::Post, Method::Put, Method::Delete, Method::Other("get".to_owned())] {
            let allowed = |site| [SameOrigin, SameSite, Anywhere].map(|from| allows(from, &method, &[site]));
            assert_eq!(allowed("cross-site"), [false, false, true]);
            assert_eq!(allowed("same-site"), [false, true, true]);
        }
    }

    #[test]
    fn an_unknown_or_repeated_header_counts_as_another_site() {
        for sites in [&["elsewhere"][..], &[""], &["Same-Origin"], &["same-origin", "same-origin"]] {
            assert!(!allows(SameSite, &Method::Post, sites), "{sites:?}");
        }
    }
}
