//! Both versions of Redis's protocol, in every mode.

use host_test::{
    bench::Bench,
    proxy::{Behaviour, Proxy},
    session::Store,
};

use super::mode::Mode;

pub(crate) async fn replies_of_either_protocol_are_read_in_every_mode(bench: Bench) {
    for mode in Mode::ALL {
        let options = mode.options_at(&bench, bench.server().port(), "?protocol=3");
        expect_answers(&bench.store(&options).await, mode).await;
    }
}

pub(crate) async fn messages_between_the_replies_to_whatever_call_answer_none(bench: Bench) {
    let message = b">2\r\n$10\r\ninvalidate\r\n_\r\n".to_vec();
    let proxy = Proxy::start(bench.server().port(), Behaviour::BeforeReplies(message)).await.expect("a proxy");
    for mode in Mode::ALL {
        for parameters in ["", "?protocol=3"] {
            let options = mode.options_at(&bench, proxy.port(), parameters);
            expect_answers(&bench.store(&options).await, mode).await;
        }
    }
}

/// Calls that are answered by every type of reply there is, alone and several together.
async fn expect_answers(store: &Store, mode: Mode) {
    assert_eq!(store.check().await, Ok(()));
    let session = store.start().await;
    assert_eq!(session.update(&[("a", "1"), ("b", "\"b\"")]).await, Ok(()), "{mode:?}");
    assert_eq!(session.increment("a", i64::MAX - 1).await, Ok(i64::MAX), "{mode:?}");
    assert_eq!(session.increment_float("f", 0.5).await, Ok(0.5), "{mode:?}");
    assert_eq!(session.get_many(&["b", "none"]).await, Ok(vec![Some("\"b\"".to_owned()), None]), "{mode:?}");
    let mut items = session.items().await.expect("the items");
    items.sort();
    let expected = [("a", i64::MAX.to_string()), ("b", "\"b\"".to_owned()), ("f", "0.5".to_owned())];
    assert_eq!(items, expected.map(|(key, json)| (key.to_owned(), json)), "{mode:?}");
    assert_eq!(session.contains("b").await, Ok(true), "{mode:?}");
    assert_eq!(session.pop("b").await, Ok(Some("\"b\"".to_owned())), "{mode:?}");
    assert_eq!(session.len().await, Ok(2), "{mode:?}");
    assert_eq!(session.ttl().await.expect("a lifetime").is_some(), mode.is_guarded(), "{mode:?}");
    assert_eq!(session.rotate(&[]).await, Ok(()), "{mode:?}");
    assert_eq!(session.clear().await, Ok(()), "{mode:?}");
    assert_eq!(session.destroy().await, Ok(()), "{mode:?}");
}
