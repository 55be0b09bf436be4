//! Removes the session cookie from a request.

/// Returns the `Cookie` headers without the cookies of these names. Other cookies keep their bytes. A header that
/// becomes empty is dropped.
pub(crate) fn without(names: &[String], headers: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    headers.into_iter().filter_map(|header| strip(names, header)).collect()
}

fn strip(names: &[String], header: Vec<u8>) -> Option<Vec<u8>> {
    let is_ours = |pair: &[u8]| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
        names.iter().any(|ours| ours.as_bytes() == name)
    };
    let pairs = || header.split(|byte| *byte == b';');
    if !pairs().any(is_ours) {
        return Some(header);
    }
    let kept: Vec<_> = pairs().filter(|pair| !is_ours(pair)).collect();
    let kept = kept.join(&b';').trim_ascii().to_vec();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::without;

    fn check(headers: &[&str], expected: &[&str]) {
        let names = ["__Host-id", "id"].map(str::to_owned);
        let bytes = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
        assert_eq!(without(&names, bytes(headers)), bytes(expected), "{headers:?}");
    }

    #[test]
    fn session_cookies_are_removed_at_any_position() {
        check(&["__Host-id=x"], &[]);
        check(&["__Host-id=x; a=b"], &["a=b"]);
        check(&["a=b; __Host-id=x"], &["a=b"]);
        check(&["a=b; id=x; c=d;__Host-id=y", "id=z", "e=f"], &["a=b; c=d", "e=f"]);
        check(&[" __Host-id\t= x ;;"], &[";"]);
        check(&["id; a=b; id="], &["a=b"]);
    }

    #[test]
    fn other_cookies_keep_their_bytes() {
        for header in ["a=b", "", ";;", "a=__Host-id=x", "__host-id=x", "=id", "xid=x; id2=y", "a = \"b;c\" ; ä=é"] {
            check(&[header], &[header]);
        }
    }
}
