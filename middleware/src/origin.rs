//! Where a request comes from, as the browser says it in `Sec-Fetch-Site`.

use crate::bindings::wasi::http::types::Method;

/// From where requests that change things get a session.
///
/// Another site can make a browser send such a request. Browsers leave out a cookie of SameSite=Lax, so there is no session
/// to misuse; but one that the request began would come with a `Set-Cookie`, and take the place of the visitor's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ChangesFrom {
    /// From our own pages, from people (a bookmark, the address bar), and from programs that are no browsers.
    SameOrigin,
    /// Besides from neighbouring hosts and ports of the same site.
    SameSite,
    /// From everywhere.
    Anywhere,
}

impl ChangesFrom {
    /// Whether such a request gets a session. `sites` are its `Sec-Fetch-Site` headers: what is unknown there, or doubled, may
    /// be anything.
    pub(crate) fn allows(self, method: &Method, sites: &[Vec<u8>]) -> bool {
        let changes = !matches!(method, Method::Get | Method::Head | Method::Options | Method::Trace);
        let is_near = match sites {
            [] => true,
            [site] => match site.as_slice() {
                b"same-origin" | b"none" => true,
                b"same-site" => self == Self::SameSite,
                _ => false,
            },
            _ => false,
        };
        !changes || is_near || self == Self::Anywhere
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
    fn who_only_looks_gets_a_session_from_everywhere() {
        for method in [Method::Get, Method::Head, Method::Options, Method::Trace] {
            assert!(allows(SameOrigin, &method, &["cross-site"]));
        }
    }

    #[test]
    fn our_own_pages_people_and_programs_may_change_things() {
        for sites in [&[][..], &["same-origin"], &["none"]] {
            assert!(allows(SameOrigin, &Method::Post, sites), "{sites:?}");
        }
    }

    #[test]
    fn other_sites_get_a_session_only_where_they_may() {
        for method in [Method::Post, Method::Put, Method::Delete, Method::Other("get".to_owned())] {
            let allowed = |site| [SameOrigin, SameSite, Anywhere].map(|from| allows(from, &method, &[site]));
            assert_eq!(allowed("cross-site"), [false, false, true]);
            assert_eq!(allowed("same-site"), [false, true, true]);
        }
    }

    #[test]
    fn what_is_unknown_or_doubled_counts_as_another_site() {
        for sites in [&["elsewhere"][..], &[""], &["Same-Origin"], &["same-origin", "same-origin"]] {
            assert!(!allows(SameSite, &Method::Post, sites), "{sites:?}");
        }
    }
}
