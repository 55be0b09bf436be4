//! A request's `Cookie` headers, as the component reads them and the middleware takes ours out of them; and the cookies that
//! are set, as a browser reads them.
//!
//! An input is the settings in two lines (name, former names and path between blanks; flags) and then a header a line.

#![no_main]

use std::time::Duration;

use drsession::{
    cookie::{Cookie, SameSite},
    id::Id,
};
use libfuzzer_sys::fuzz_target;

#[path = "../../middleware/src/cookies.rs"]
mod middleware;

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let [words, flags] = [lines.next(), lines.next()].map(|line| line.unwrap_or_default());
    let headers: Vec<Vec<u8>> = lines.map(<[u8]>::to_vec).collect();
    if let Some(cookie) = str::from_utf8(words).ok().map(|words| cookie(words, flags))
        && cookie.check().is_ok()
    {
        check_request(&cookie, headers);
        check_response(&cookie);
    }
});

fn cookie(words: &str, flags: &[u8]) -> Cookie {
    let mut words = words.split(' ').map(str::to_owned);
    let has = |flag: u8| flags.contains(&flag);
    Cookie {
        name: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_else(|| "/".into()),
        domain: words.next().filter(|domain| !domain.is_empty()),
        former_names: words.collect(),
        secure: has(b's'),
        same_site: if has(b'n') { SameSite::None } else { SameSite::Strict },
        partitioned: has(b'p'),
        max_age: has(b'm').then_some(flags.len() as u32),
    }
}

fn check_request(cookie: &Cookie, headers: Vec<Vec<u8>>) {
    let found = |headers: &[Vec<u8>]| cookie.find(headers).map(|brought| (brought.id, brought.former_name));
    let brought = found(&headers);
    if let Some((id, _)) = brought {
        let id = id.as_str().as_bytes();
        assert!(headers.iter().any(|header| header.windows(id.len()).any(|window| window == id)), "an id from nowhere");
    }
    assert!(found(&[headers.join(&b"; "[..])]) == brought, "one header, or several as HTTP/2 sends them");
    let surrounded = [vec![b"a=b".to_vec()], headers.clone(), vec![b"c=d".to_vec()]].concat();
    assert!(names(cookie).any(|name| ["a", "c"].contains(&name)) || found(&surrounded) == brought, "others' cookies");

    let all_names: Vec<String> = names(cookie).map(str::to_owned).collect();
    let kept = middleware::without(&all_names, headers);
    assert!(found(&kept).is_none(), "the application gets no id");
    assert_eq!(middleware::without(&all_names, kept.clone()), kept);
}

fn names(cookie: &Cookie) -> impl Iterator<Item = &str> {
    std::iter::once(&cookie.name).chain(&cookie.former_names).map(String::as_str)
}

fn check_response(cookie: &Cookie) {
    let id = Id::from_random([7; 32]);
    let set = cookie.set(&id);
    let read = read(&set);
    assert_eq!((read.name(), read.value()), (&*cookie.name, id.as_str()));
    assert_eq!((read.secure().unwrap_or(false), read.http_only()), (cookie.secure, Some(true)));
    assert_eq!(read.partitioned().unwrap_or(false), cookie.partitioned);
    assert_eq!(read.max_age().map(|age| age.whole_seconds()), cookie.max_age.map(i64::from));
    let sent = [&cookie.name, "=", id.as_str()].concat().into_bytes();
    assert!(cookie.find(&[sent]).is_some_and(|brought| brought.id == id), "it comes back");

    for former_name in std::iter::once(None).chain((0..cookie.former_names.len()).map(Some)) {
        let removal = cookie.remove(former_name);
        let read = self::read(&removal);
        assert_eq!(read.value(), "");
        assert_eq!(read.max_age().map(|age| age.unsigned_abs()), Some(Duration::ZERO));
    }
}

/// As others read it.
fn read(header: &str) -> cookie::Cookie<'_> {
    assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "a header that HTTP doesn't take: {header:?}");
    cookie::Cookie::parse(header).unwrap_or_else(|error| panic!("{header:?}: {error}"))
}
