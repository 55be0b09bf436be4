//! The request's cookie and the response's.

use host_test::{
    bench::Bench,
    operation::set,
    options::Options,
    session::{Error, Found, SameSite, Session},
    set_cookie::SetCookie,
};

use super::{
    calls::{CALLS, Kind, of_kind},
    support::{UNKNOWN_ID, cookie, cookie_of, everything, in_both_modes, key, key_of, stored, undecided},
};

pub(crate) async fn only_rotate_and_destroy_change_the_cookie_of_a_session_that_is_there(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for call in CALLS {
            let session = stored(&store).await;
            let handle = undecided(&store, &session).await;
            assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
            let set_cookie = cookie_of(&handle).await;
            match call.kind {
                Kind::Rotates => assert_eq!(set_cookie.expect("a cookie").value(), handle.known_id().await),
                Kind::Destroys => assert!(set_cookie.expect("a cookie").removes()),
                _ => assert!(set_cookie.is_none(), "{}", call.name),
            }
        }
    })
    .await;
}

pub(crate) async fn only_a_write_that_creates_sets_the_cookie_of_a_new_session(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for call in CALLS {
            let session = store.start().await;
            assert_eq!(call.on(&session).await, Ok(()), "{}", call.name);
            let created = bench.redis().dbsize() > 0;
            assert_eq!(created, call.kind == Kind::Creates || call.name == "rotate, storing", "{}", call.name);
            let set_cookie = cookie_of(&session).await;
            assert_eq!(set_cookie.is_some(), created, "{}", call.name);
            if let Some(set_cookie) = set_cookie {
                assert_eq!(set_cookie.value(), session.known_id().await);
            }
            bench.redis().command::<()>("FLUSHALL");
        }
    })
    .await;
}

pub(crate) async fn a_dead_cookie_alone_yields_none(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let (destroyed, rotated, expired) = (stored(&store).await, stored(&store).await, stored(&store).await);
        let dead =
            [UNKNOWN_ID.to_owned(), destroyed.known_id().await, rotated.known_id().await, expired.known_id().await];
        assert_eq!(destroyed.destroy().await, Ok(()));
        assert_eq!(rotated.rotate(&[]).await, Ok(()));
        bench.redis().command::<()>(&format!("PEXPIRE {} 0", key_of(&expired).await));
        for id in &dead {
            for call in of_kind(&[Kind::Reads, Kind::Changes, Kind::Destroys]) {
                let handle = store.from_cookie(&cookie(id)).await;
                // An error says that it is dead, as an empty answer does.
                let _ = call.on(&handle).await;
                assert_eq!(handle.response_headers().await, [], "{}", call.name);
            }
        }
        for id in &dead[1..3] {
            for call in of_kind(&[Kind::Creates, Kind::Rotates]) {
                let handle = store.from_cookie(&cookie(id)).await;
                let refused = call.on(&handle).await;
                assert!(matches!(refused, Err(Error::Gone | Error::Rotated)), "{}: {refused:?}", call.name);
                assert_eq!(handle.response_headers().await, [], "{}", call.name);
            }
        }
    })
    .await;
}

pub(crate) async fn a_response_with_a_cookie_is_kept_out_of_caches(bench: Bench) {
    let store = bench.store(&bench.options()).await;
    let (created, rotated, destroyed) = (stored(&store).await, stored(&store).await, stored(&store).await);
    let rotated = undecided(&store, &rotated).await;
    assert_eq!(rotated.rotate(&[]).await, Ok(()));
    assert_eq!(destroyed.destroy().await, Ok(()));
    for session in [created, rotated, destroyed] {
        let headers = session.response_headers().await;
        let (names, values): (Vec<_>, Vec<_>) = headers.iter().map(|(name, value)| (&name[..], &value[..])).unzip();
        assert_eq!(names, ["set-cookie", "cache-control", "vary"]);
        assert_eq!(values[1..], ["no-store", "Cookie"]);
    }
}

pub(crate) async fn what_would_change_the_cookie_is_too_late_once_the_headers_are_out(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for call in of_kind(&[Kind::Creates, Kind::Rotates]) {
            let session = store.start().await;
            assert_eq!(session.response_headers().await, []);
            let (refused, round_trips) = bench.round_trips(call.on(&session)).await;
            assert_eq!((refused, round_trips), (Err(Error::TooLate), 0), "{}", call.name);

            let handle = store.from_cookie(&cookie(UNKNOWN_ID)).await;
            assert_eq!(handle.response_headers().await, []);
            assert_eq!(call.on(&handle).await, Err(Error::TooLate), "{}", call.name);
            assert_eq!(handle.response_headers().await, []);
        }
        let session = store.start().await;
        assert_eq!(session.response_headers().await, []);
        assert_eq!(session.restart().await, Err(Error::TooLate));
        assert_eq!(bench.redis().dbsize(), 0);
    })
    .await;
}

pub(crate) async fn what_leaves_the_cookie_as_it_is_is_never_too_late(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for call in CALLS {
            let session = stored(&store).await;
            let handle = undecided(&store, &session).await;
            assert_eq!(handle.response_headers().await, []);
            let expected = if call.kind == Kind::Rotates { Err(Error::TooLate) } else { Ok(()) };
            assert_eq!(call.on(&handle).await, expected, "{}", call.name);
            assert_eq!(handle.response_headers().await, [], "after {}", call.name);
        }
    })
    .await;
}

pub(crate) async fn headers_asked_for_again_are_the_same(bench: Bench) {
    let store = bench.store(&bench.options()).await;
    let session = stored(&store).await;
    let (headers, round_trips) = bench.round_trips(session.response_headers()).await;
    assert_eq!((headers.len(), round_trips), (3, 0));
    assert_eq!(session.rotate(&[]).await, Err(Error::TooLate));
    assert_eq!(session.restart().await, Err(Error::TooLate));
    assert_eq!(session.set("field", "2").await, Ok(()));
    assert_eq!(session.destroy().await, Ok(()));
    assert_eq!(session.response_headers().await, headers);
}

fn with_former_names(bench_options: Options) -> Options {
    bench_options.former_cookie_names(["drsession".to_owned(), "__Secure-old".to_owned()])
}

pub(crate) async fn an_id_under_a_former_name_stays_good_and_is_not_put_under_the_new_one(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&with_former_names(options)).await;
        for name in ["drsession", "__Secure-old"] {
            for call in of_kind(&[Kind::Reads, Kind::Creates, Kind::Changes]) {
                let session = stored(&store).await;
                let id = session.known_id().await;
                let handle = store.from_cookie(&[format!("{name}={id}")]).await;
                assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
                assert_eq!(handle.found().await, Ok(Found::Alive));
                assert_eq!(handle.known_id().await, id);
                assert_eq!(handle.response_headers().await, [], "after {}", call.name);
            }
        }
    })
    .await;
}

pub(crate) async fn rotate_moves_an_id_from_its_former_name_to_the_present_one(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&with_former_names(options)).await;
        for name in ["drsession", "__Secure-old"] {
            let session = stored(&store).await;
            let handle = store.from_cookie(&[format!("{name}={}", session.known_id().await)]).await;
            assert_eq!(handle.rotate(&[]).await, Ok(()));
            let cookies = SetCookie::all(&handle.response_headers().await);
            let [set, removal] = &cookies[..] else { panic!("{} cookies", cookies.len()) };
            assert_eq!((set.name(), set.removes()), ("__Host-id", false));
            assert_eq!(set.value(), handle.known_id().await);
            assert_eq!((removal.name(), removal.value(), removal.removes()), (name, "", true));
        }
    })
    .await;
}

pub(crate) async fn destroy_removes_the_cookie_of_the_former_name(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&with_former_names(options)).await;
        for name in ["drsession", "__Secure-old"] {
            let session = stored(&store).await;
            let handle = store.from_cookie(&[format!("{name}={}", session.known_id().await)]).await;
            assert_eq!(handle.destroy().await, Ok(()));
            let removal = cookie_of(&handle).await.expect("a cookie");
            assert_eq!((removal.name(), removal.removes()), (name, true));
        }
    })
    .await;
}

pub(crate) async fn the_present_name_goes_before_the_former_ones_and_those_in_order(bench: Bench) {
    let store = bench.store(&with_former_names(bench.options())).await;
    let (present, first, second) = (stored(&store).await, stored(&store).await, stored(&store).await);
    let pairs = [("__Secure-old", &second), ("drsession", &first), ("__Host-id", &present)];
    for count in 1..=pairs.len() {
        let mut headers = Vec::new();
        for (name, session) in &pairs[..count] {
            headers.push(format!("{name}={}", session.known_id().await));
        }
        let handle = store.from_cookie(&headers).await;
        assert_eq!(handle.found().await, Ok(Found::Alive));
        assert_eq!(handle.known_id().await, pairs[count - 1].1.known_id().await);
    }
}

pub(crate) async fn two_ids_under_a_former_name_count_as_none(bench: Bench) {
    let store = bench.store(&with_former_names(bench.options())).await;
    let (own, planted) = (stored(&store).await.known_id().await, stored(&store).await.known_id().await);
    let handle = store.from_cookie(&[format!("drsession={own}"), format!("drsession={planted}")]).await;
    assert_eq!(handle.found().await, Ok(Found::NoCookie));
}

/// The cookie of a new session and the one that removes it, with these options.
async fn set_and_removal(bench: &Bench, options: &Options) -> [SetCookie; 2] {
    let store = bench.store(options).await;
    let session = stored(&store).await;
    let set = cookie_of(&session).await.expect("a cookie");
    let handle = store.from_cookie(&[set.request_header()]).await;
    assert_eq!(handle.destroy().await, Ok(()));
    [set, cookie_of(&handle).await.expect("a cookie")]
}

pub(crate) async fn attributes_are_as_the_options_say_and_the_removal_repeats_them(bench: Bench) {
    let plain = bench.options().cookie_name("id");
    let host_only = bench.options();
    let cases: [(Options, &[(&str, &str)]); 9] = [
        (host_only.clone(), &[("path", "/"), ("samesite", "Lax"), ("secure", "")]),
        (plain.clone().cookie_secure(false), &[("path", "/"), ("samesite", "Lax")]),
        (plain.clone().cookie_path("/shop"), &[("path", "/shop"), ("samesite", "Lax"), ("secure", "")]),
        (
            plain.clone().cookie_domain("example.org".to_owned()),
            &[("domain", "example.org"), ("path", "/"), ("samesite", "Lax"), ("secure", "")],
        ),
        (
            host_only.clone().cookie_same_site(SameSite::Strict),
            &[("path", "/"), ("samesite", "Strict"), ("secure", "")],
        ),
        (host_only.clone().cookie_same_site(SameSite::None), &[("path", "/"), ("samesite", "None"), ("secure", "")]),
        (
            host_only.clone().cookie_partitioned(true),
            &[("partitioned", ""), ("path", "/"), ("samesite", "Lax"), ("secure", "")],
        ),
        (
            host_only.clone().cookie_persistent(true),
            &[("max-age", "34560000"), ("path", "/"), ("samesite", "Lax"), ("secure", "")],
        ),
        (
            host_only.cookie_persistent(true).idle_lifetime(10).absolute_lifetime(7_200),
            &[("max-age", "7200"), ("path", "/"), ("samesite", "Lax"), ("secure", "")],
        ),
    ];
    for (options, expected) in cases {
        let [set, removal] = set_and_removal(&bench, &options).await;
        let attributes = |cookie: &SetCookie| -> Vec<(String, String)> {
            let names = cookie.attributes().into_iter().filter(|name| *name != "httponly");
            names.map(|name| (name.to_owned(), cookie.attribute(name).unwrap_or_default().to_owned())).collect()
        };
        let expected: Vec<_> = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(attributes(&set), expected);
        assert_eq!(set.attribute("httponly"), Some(""));

        assert_eq!((removal.name(), removal.value(), removal.removes()), (set.name(), "", true));
        let without_age = |mut attributes: Vec<(String, String)>| {
            attributes.retain(|(name, _)| name != "max-age");
            attributes
        };
        assert_eq!(without_age(attributes(&removal)), without_age(expected));
    }
}

pub(crate) async fn the_id_is_found_among_other_cookies_and_headers(bench: Bench) {
    let store = bench.store(&bench.options()).await;
    let id = stored(&store).await.known_id().await;
    let other = stored(&store).await.known_id().await;
    let named = format!("__Host-id={id}");
    let found: Vec<Vec<Vec<u8>>> = vec![
        vec![named.clone().into()],
        vec![format!("a=1; {named}; b=2").into()],
        vec![format!("a=1;{named};b").into()],
        vec![b"a=1".to_vec(), b"b=2".to_vec(), named.clone().into()],
        vec![format!("\t__Host-id =\t{id} ").into()],
        vec![[b"\xff\xfe=\xff; ", named.as_bytes(), b"; \xff"].concat()],
        vec![format!("__Host-id=; __Host-id=x; {named}").into()],
        // A partitioned and an unpartitioned one: nobody else can set either.
        vec![format!("{named}; __Host-id={other}").into()],
        vec![named.into(), format!("__Host-id={other}").into()],
    ];
    for headers in found {
        let handle = store.from_cookie(&headers).await;
        assert_eq!(handle.found().await, Ok(Found::Alive), "{:?}", headers.len());
        assert_eq!(handle.known_id().await, id);
    }
}

pub(crate) async fn what_is_no_id_or_under_another_name_counts_as_none(bench: Bench) {
    let store = bench.store(&bench.options()).await;
    let id = stored(&store).await.known_id().await;
    // The last character of 43 holds four bits: the others have to be zero.
    let not_canonical = format!("{}B", &id[..42]);
    let headers = [
        String::new(),
        ";;; = ;=".to_owned(),
        "__Host-id".to_owned(),
        "__Host-id=".to_owned(),
        format!("__host-id={id}"),
        format!("id={id}"),
        format!("x__Host-id={id}"),
        format!("=__Host-id={id}"),
        format!("__Host-id=\"{id}\""),
        format!("__Host-id={id}A"),
        format!("__Host-id={id}="),
        format!("__Host-id={}", &id[1..]),
        format!("__Host-id={not_canonical}"),
        format!("__Host-id={}.", &id[..42]),
        format!("__Host-id={}\u{e9}", &id[..41]),
    ];
    for header in &headers {
        let handle = store.from_cookie(std::slice::from_ref(header)).await;
        let (found, round_trips) = bench.round_trips(handle.found()).await;
        assert_eq!((found, round_trips), (Ok(Found::NoCookie), 0), "{header}");
        let new_id = handle.known_id().await;
        assert!(!header.contains(&new_id));
    }
}

pub(crate) async fn an_id_that_nobody_has_is_never_taken_over(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        for call in CALLS {
            let handle = store.from_cookie(&cookie(UNKNOWN_ID)).await;
            assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
            assert_eq!(handle.set("field", "1").await, Ok(()), "after {}", call.name);
            let id = handle.known_id().await;
            assert!(is_strong(&id) && id != UNKNOWN_ID, "after {}", call.name);
            assert_eq!(bench.redis().keys(), [key(&id)], "after {}", call.name);
            assert_eq!(cookie_of(&handle).await.expect("a cookie").value(), id);
            bench.redis().command::<()>("FLUSHALL");
        }
    })
    .await;
}

pub(crate) async fn with_the_guard_off_too_an_id_that_nobody_has_is_never_taken_over(bench: Bench) {
    for scripts in [true, false] {
        let store = bench.store(&bench.options().original().scripts(scripts)).await;
        for call in CALLS {
            let handle = store.from_cookie(&cookie(UNKNOWN_ID)).await;
            if call.name == "set-lifetime" {
                assert!(matches!(call.on(&handle).await, Err(Error::InvalidArgument(_))));
            } else {
                assert_eq!(call.on(&handle).await, Ok(()), "{}", call.name);
            }
            assert_eq!(handle.set("field", "1").await, Ok(()), "after {}", call.name);
            let id = handle.known_id().await;
            assert!(is_strong(&id) && id != UNKNOWN_ID, "after {}", call.name);
            assert_eq!(bench.redis().keys(), [key(&id)], "after {}", call.name);
            bench.redis().command::<()>("FLUSHALL");
        }
    }
}

fn is_strong(id: &str) -> bool {
    id.len() == 43 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

pub(crate) async fn a_late_response_never_harms_a_newer_login(bench: Bench) {
    in_both_modes(&bench, async |options| {
        let store = bench.store(&options).await;
        let browser = stored(&store).await;
        let late: [Session; 3] =
            [undecided(&store, &browser).await, undecided(&store, &browser).await, undecided(&store, &browser).await];
        assert_eq!(late[2].get("field").await, Ok(Some("1".to_owned())));
        let login = undecided(&store, &browser).await;
        assert_eq!(login.rotate(&[set("user", "2")]).await, Ok(()));
        let after_login = everything(&mut bench.redis());

        assert_eq!(late[0].get("user").await, Err(Error::Rotated));
        assert_eq!(late[1].set("user", "3").await, Err(Error::Rotated));
        assert_eq!(late[2].destroy().await, Err(Error::Rotated));
        for handle in late {
            assert_eq!(handle.response_headers().await, []);
        }
        assert_eq!(everything(&mut bench.redis()), after_login);
    })
    .await;
}
