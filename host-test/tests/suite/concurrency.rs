//! Several handles on one session at the same time, each from an instance of its own.

use std::collections::BTreeSet;

use host_test::{
    bench::Bench,
    session::{Session, Swap},
};
use tokio::task::JoinSet;

use super::mode::Mode;

const WRITERS: usize = 8;

/// Handles on one session that is stored, each from an instance of its own. They may wait for each other longer than one
/// browser's requests do.
async fn handles(bench: &Bench, mode: Mode, count: usize) -> Vec<Session> {
    let options = mode.options(bench).timeouts(2_000_u32, 60_000_u32);
    let first = bench.store(&options).await.start().await;
    assert_eq!(first.set("made", "true").await, Ok(()));
    let id = first.known_id().await;
    let mut handles = vec![first];
    while handles.len() < count {
        let handle = bench.store(&options).await.attach(&id).await;
        handles.push(handle.expect("a well-formed id"));
    }
    handles
}

/// What the work makes of each handle, all at the same time.
async fn all_at_once<T, F>(handles: Vec<Session>, work: impl Fn(usize, Session) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (index, handle) in handles.into_iter().enumerate() {
        tasks.spawn(work(index, handle));
    }
    tasks.join_all().await
}

pub(crate) async fn partial_writes_never_lose_each_other(bench: Bench) {
    const ROUNDS: usize = 200;
    for mode in Mode::ALL {
        let handles = handles(&bench, mode, 2).await;
        let id = handles[0].known_id().await;
        all_at_once(handles, async |index, session: Session| {
            for round in 0..ROUNDS {
                let json = format!("[{index},{round}]");
                assert_eq!(session.set(&format!("own {index}"), &json).await, Ok(()));
                let pair = [(format!("{index} {round}"), &json), (format!("last {index}"), &json)];
                assert_eq!(session.update(&pair).await, Ok(()));
                assert_eq!(session.get(&format!("own {index}")).await, Ok(Some(json)));
            }
        })
        .await;
        let fields = bench.redis().visible_fields(&format!("drsession:{id}"));
        assert_eq!(fields.len(), 1 + 2 * (ROUNDS + 2), "{mode:?}");
        for index in 0..2 {
            let last = format!("[{index},{}]", ROUNDS - 1).into_bytes();
            for name in ["own", "last"] {
                assert_eq!(fields.get(format!("{name} {index}").as_bytes()), Some(&last), "{mode:?}");
            }
            for round in 0..ROUNDS {
                let stored = fields.get(format!("{index} {round}").as_bytes());
                assert_eq!(stored, Some(&format!("[{index},{round}]").into_bytes()), "{mode:?}");
            }
        }
    }
}

pub(crate) async fn a_counter_with_scripts_loses_no_increment(bench: Bench) {
    expect_every_increment(bench, Mode::Scripts).await;
}

pub(crate) async fn a_counter_without_scripts_loses_no_increment(bench: Bench) {
    expect_every_increment(bench, Mode::NoScripts).await;
}

pub(crate) async fn a_counter_without_guard_loses_no_increment(bench: Bench) {
    expect_every_increment(bench, Mode::NoGuard).await;
}

/// Each writer is answered sums that nobody else is, and each sum of its own is larger than the one before.
async fn expect_every_increment(bench: Bench, mode: Mode) {
    const INCREMENTS: usize = 500;
    let handles = handles(&bench, mode, WRITERS).await;
    let key = format!("drsession:{}", handles[0].known_id().await);
    let answers = all_at_once(handles, async |_, session: Session| {
        let mut sums = Vec::with_capacity(INCREMENTS);
        for _ in 0..INCREMENTS {
            sums.push(session.increment("n", 1).await.expect("a sum"));
        }
        assert!(sums.is_sorted(), "{sums:?}");
        sums
    });
    let sums: BTreeSet<_> = answers.await.into_iter().flatten().collect();
    assert!(sums.into_iter().eq(1..=4_000));
    assert_eq!(bench.redis().hget(&key, "n").as_deref(), Some(&b"4000"[..]));
}

pub(crate) async fn a_basket_with_scripts_holds_whatever_was_put_into_it(bench: Bench) {
    expect_whole_basket(bench, Mode::Scripts).await;
}

pub(crate) async fn a_basket_without_scripts_holds_whatever_was_put_into_it(bench: Bench) {
    expect_whole_basket(bench, Mode::NoScripts).await;
}

/// Everybody reads the basket, adds an item and swaps, and begins again where somebody else was faster.
async fn expect_whole_basket(bench: Bench, mode: Mode) {
    const ITEMS: usize = 50;
    let handles = handles(&bench, mode, WRITERS).await;
    let key = format!("drsession:{}", handles[0].known_id().await);
    let conflicts = all_at_once(handles, async |writer, session: Session| {
        let mut conflicts = 0;
        for item in 0..ITEMS {
            conflicts += put(&session, &format!("{writer}.{item}")).await;
        }
        conflicts
    });
    let conflicts: usize = conflicts.await.into_iter().sum();
    assert!(conflicts > 0, "nobody was in anybody's way");
    let basket = bench.redis().hget(&key, "basket").expect("a basket");
    let basket: Vec<String> = serde_json::from_slice(&basket).expect("a list");
    assert_eq!(basket.len(), WRITERS * ITEMS);
    let items: BTreeSet<_> = basket.into_iter().collect();
    let expected = (0..WRITERS).flat_map(|writer| (0..ITEMS).map(move |item| format!("{writer}.{item}")));
    assert_eq!(items, expected.collect());
}

/// Puts one item into the basket; how often somebody else was faster.
async fn put(session: &Session, item: &str) -> usize {
    let mut stored = session.get("basket").await.expect("a session that can be read");
    for conflicts in 0.. {
        let mut basket: Vec<String> =
            stored.as_deref().map_or_else(Vec::new, |json| serde_json::from_str(json).expect("a list"));
        basket.push(item.to_owned());
        let basket = serde_json::to_string(&basket).expect("JSON");
        match session.compare_and_set("basket", stored.as_deref(), Some(&basket)).await {
            Ok(Swap::Stored) => return conflicts,
            Ok(Swap::Conflict(other)) => {
                assert_ne!(other, stored, "a conflict with what was expected");
                stored = other;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    unreachable!("nobody counts that far")
}
