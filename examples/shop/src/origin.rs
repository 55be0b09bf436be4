//! Refuses what another site makes a browser send (cross-site request forgery).
//!
//! Browsers send `Origin` with every request that changes something, and `Sec-Fetch-Site` besides. Programs such as curl send
//! neither, and carry no cookie that somebody else could make use of.

use crate::http::Request;

/// Whether the request comes from our own pages, or from no page at all.
pub(crate) fn is_own(request: &Request) -> bool {
    allows(request.authority().as_deref(), &request.header("origin"), &request.header("sec-fetch-site"))
}

fn allows(authority: Option<&str>, origin: &[Vec<u8>], fetch_site: &[Vec<u8>]) -> bool {
    let same_origin = match origin {
        [] => None,
        [origin] => Some(is_same(authority, origin)),
        _ => Some(false),
    };
    let from_here = match fetch_site {
        [] => true,
        [site] => match site.as_slice() {
            b"same-origin" | b"none" => true,
            // A neighbouring host or port; with our own origin it is another scheme, behind a proxy that ends TLS.
            b"same-site" => same_origin == Some(true),
            _ => false,
        },
        _ => false,
    };
    from_here && same_origin.unwrap_or(true)
}

/// Whether the origin names our host and port. The scheme is not known behind a proxy.
fn is_same(authority: Option<&str>, origin: &[u8]) -> bool {
    let Ok(origin) = str::from_utf8(origin) else {
        return false;
    };
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    match (host, authority) {
        (Some(host), Some(authority)) => host.eq_ignore_ascii_case(authority),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::allows;

    fn check(origin: &[&str], fetch_site: &[&str]) -> bool {
        let bytes = |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>();
        allows(Some("shop.example:8080"), &bytes(origin), &bytes(fetch_site))
    }

    #[test]
    fn a_program_that_sends_neither_header_passes() {
        assert!(check(&[], &[]));
    }

    #[test]
    fn our_own_origin_passes_whatever_its_scheme_and_letters() {
        assert!(check(&["http://shop.example:8080"], &[]));
        assert!(check(&["https://Shop.Example:8080"], &["same-origin"]));
    }

    #[test]
    fn a_foreign_origin_is_refused_even_from_the_same_site() {
        for origin in ["http://evil.example", "http://shop.example", "http://shop.example:8081", "null", ""] {
            assert!(!check(&[origin], &[]), "{origin}");
            assert!(!check(&[origin], &["same-origin"]), "{origin}");
        }
    }

    #[test]
    fn a_name_that_only_begins_or_ends_like_ours_is_foreign() {
        assert!(!check(&["http://shop.example:8080.evil.example"], &[]));
        assert!(!check(&["http://evil.shop.example:8080"], &[]));
        assert!(!check(&["shop.example:8080"], &[]));
    }

    #[test]
    fn a_cross_site_request_is_refused_even_with_our_origin() {
        assert!(!check(&[], &["cross-site"]));
        assert!(!check(&["http://shop.example:8080"], &["cross-site"]));
    }

    #[test]
    fn a_same_site_request_needs_our_origin() {
        assert!(!check(&[], &["same-site"]));
        assert!(check(&["http://shop.example:8080"], &["same-site"]));
    }

    #[test]
    fn unknown_and_doubled_headers_are_refused() {
        assert!(!check(&[], &["elsewhere"]));
        assert!(!check(&[], &["same-origin", "cross-site"]));
        assert!(!check(&["http://shop.example:8080", "http://evil.example"], &[]));
    }

    #[test]
    fn an_origin_without_a_host_to_compare_with_is_refused() {
        assert!(!allows(None, &[b"http://shop.example".to_vec()], &[]));
    }
}
