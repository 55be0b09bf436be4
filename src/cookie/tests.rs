use super::*;
use proptest::prelude::*;

fn cookie(name: &str) -> Cookie {
    Cookie {
        name: name.into(),
        former_names: vec!["drsession".into(), "__Secure-old".into()],
        path: "/".into(),
        domain: None,
        secure: true,
        same_site: SameSite::Lax,
        partitioned: false,
        max_age: None,
    }
}

fn id(seed: u8) -> Id {
    Id::from_random([seed; 32])
}

fn found(name: &str, headers: &[&str]) -> Option<String> {
    let headers: Vec<Vec<u8>> = headers.iter().map(|header| header.as_bytes().to_vec()).collect();
    cookie(name).find(&headers).map(|brought| brought.id.as_str().to_owned())
}

#[test]
fn the_id_is_found_among_other_cookies_and_headers() {
    let a = id(1);
    let a = a.as_str();
    for headers in [
        vec![format!("sid={a}")],
        vec![format!("x=1; sid={a}; y=2")],
        vec![format!("x=1;sid={a};y")],
        vec![" ;;=; = ;a".into(), format!("\tsid =\t{a} ")],
        vec![format!("sid=nonsense; sid={a}")],
        vec![format!("bad[name]=1; sid={a}")],
        vec![format!("sid={a}; sid={a}")],
    ] {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        assert_eq!(found("sid", &headers).as_deref(), Some(a), "{headers:?}");
    }
}

#[test]
fn what_is_no_id_or_another_name_counts_as_none() {
    let a = id(1);
    let a = a.as_str();
    for header in [
        "".to_owned(),
        "sid".into(),
        "sid=".into(),
        format!("SID={a}"),
        format!("sid=\"{a}\""),
        format!("sid={a}x"),
        format!("sid={}", &a[1..]),
        format!("={a}"),
        format!("=sid={a}"),
        format!("xsid={a}"),
    ] {
        assert_eq!(found("sid", &[&header]), None, "{header}");
    }
}

#[test]
fn two_ids_of_one_name_count_as_none_unless_nobody_else_can_plant_one() {
    let (a, b) = (id(1), id(2));
    let header = |name: &str| format!("{name}={}; {name}={}", a.as_str(), b.as_str());
    assert_eq!(found("sid", &[&header("sid")]), None);
    assert_eq!(found("__Secure-id", &[&header("__Secure-id")]), None);
    assert_eq!(found("__Host-id", &[&header("__Host-id")]).as_deref(), Some(a.as_str()));
}

#[test]
fn a_former_name_counts_where_the_present_one_is_missing() {
    let (a, b) = (id(1), id(2));
    let find = |text: String| cookie("__Host-id").find(&[text.into_bytes()]);
    let brought = find(format!("__Secure-old={}", b.as_str())).unwrap();
    assert!(brought.id == b && brought.former_name == Some(1));
    let brought = find(format!("drsession={}; __Host-id={}", b.as_str(), a.as_str())).unwrap();
    assert!(brought.id == a && brought.former_name.is_none());
}

#[test]
fn what_is_set_and_what_removes_it() {
    let mut settings = cookie("__Host-id");
    let a = id(1);
    let expected = format!("__Host-id={}; Path=/; Secure; HttpOnly; SameSite=Lax", a.as_str());
    assert_eq!(settings.set(&a), expected);
    let expected = "__Host-id=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(settings.remove(None), expected);

    settings = Cookie {
        name: "id".into(),
        path: "/shop".into(),
        domain: Some("example.org".into()),
        same_site: SameSite::None,
        partitioned: true,
        max_age: Some(60),
        ..settings
    };
    let expected = format!(
        "id={}; Path=/shop; Domain=example.org; Max-Age=60; Secure; HttpOnly; SameSite=None; Partitioned",
        a.as_str()
    );
    assert_eq!(settings.set(&a), expected);

    settings = Cookie { secure: false, same_site: SameSite::Strict, partitioned: false, ..settings };
    let expected = "__Secure-old=; Path=/shop; Domain=example.org; Max-Age=0; Secure; HttpOnly; SameSite=Strict";
    assert_eq!(settings.remove(Some(1)), expected);
    let expected = "drsession=; Path=/shop; Domain=example.org; Max-Age=0; HttpOnly; SameSite=Strict";
    assert_eq!(settings.remove(Some(0)), expected);
}

#[test]
fn a_former_cookie_that_was_bound_to_its_host_is_removed_as_such() {
    let settings = Cookie {
        name: "id".into(),
        former_names: vec!["__Host-id".into()],
        path: "/app".into(),
        domain: Some("example.org".into()),
        secure: false,
        ..cookie("id")
    };
    let expected = "__Host-id=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(settings.remove(Some(0)), expected);
}

#[test]
fn where_the_present_name_is_ambiguous_no_former_one_is_asked() {
    let text = format!("sid={}; sid={}; drsession={}", id(1).as_str(), id(2).as_str(), id(3).as_str());
    assert!(cookie("sid").find(&[text.into_bytes()]).is_none());
}

#[test]
fn settings_that_browsers_would_refuse_are_told() {
    let good = cookie("__Host-id");
    assert_eq!(good.check(), Ok(()));
    let wrong = [
        Cookie { name: "".into(), ..good.clone() },
        Cookie { name: "a b".into(), ..good.clone() },
        Cookie { name: "a=b".into(), ..good.clone() },
        Cookie { name: "ä".into(), ..good.clone() },
        Cookie { former_names: vec!["a;b".into()], ..good.clone() },
        Cookie { path: "shop".into(), name: "id".into(), ..good.clone() },
        Cookie { path: "/a;b".into(), name: "id".into(), ..good.clone() },
        Cookie { path: "/\r\nX: y".into(), name: "id".into(), ..good.clone() },
        Cookie { domain: Some("a;b".into()), name: "id".into(), ..good.clone() },
        Cookie { path: "/shop".into(), ..good.clone() },
        Cookie { domain: Some("example.org".into()), ..good.clone() },
        Cookie { secure: false, ..good.clone() },
        Cookie { secure: false, name: "__secure-id".into(), ..good.clone() },
        Cookie { secure: false, name: "__HTTP-id".into(), ..good.clone() },
        Cookie { path: "/x".into(), name: "__host-http-id".into(), ..good.clone() },
        Cookie { secure: false, name: "id".into(), same_site: SameSite::None, ..good.clone() },
        Cookie { secure: false, name: "id".into(), partitioned: true, ..good.clone() },
    ];
    for settings in wrong {
        assert!(matches!(settings.check(), Err(Error::InvalidArgument(_))), "{settings:?}");
    }
}

proptest! {
    #[test]
    fn no_header_is_too_strange(headers: Vec<Vec<u8>>) {
        cookie("sid").find(&headers);
    }

    #[test]
    fn an_id_among_rubbish_is_found(before in "[^;=]{0,20}", after in "[^;]{0,20}", seed: u8) {
        let text = format!("{before}; sid={}; {after}", id(seed).as_str());
        let brought = cookie("sid").find(&[text.into_bytes()]);
        prop_assert!(brought.is_some_and(|brought| brought.id == id(seed)));
    }
}
