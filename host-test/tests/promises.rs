//! What SECURITY.md promises, it promises by tests that are there.

use std::{fs, path::Path};

#[test]
fn every_test_that_a_promise_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let security = read("SECURITY.md");
    let mut named = 0;
    for link in security.split("[`").skip(1) {
        let (name, rest) = link.split_once("`](").expect("a link");
        let (path, _) = rest.split_once(')').expect("the link's end");
        assert!(read(path).contains(&format!("fn {name}(")), "{path} has no test {name}");
        named += 1;
    }
    println!("{named} tests are named");
    let promised = security.split("## What is not").next().expect("promises");
    for promise in promised.split("\n- ").skip(1) {
        assert!(promise.contains(".rs)"), "held by no test: {promise}");
    }
    assert!(named > 0);
}
