//! Everything that the contract has, done once in each of the states that a session can be in.

use host_test::{
    operation::{compare_and_set, get, increment, set},
    options::Options,
    redis_client::RedisClient,
    session::{Error, Session, Store},
};

use crate::calls::{Kind, of_kind};

/// Ways in which a session's lifetimes are set, in seconds: idle and absolute.
const LIFETIMES: [(Option<u32>, Option<u32>); 4] =
    [(None, None), (Some(1_000), None), (None, Some(1_000)), (Some(1_000), Some(2_000))];

const KINDS: [Kind; 5] = [Kind::Reads, Kind::Creates, Kind::Changes, Kind::Rotates, Kind::Destroys];

/// A well-formed id that no session has.
const UNKNOWN_ID: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What went wrong.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    call: String,
    pub(crate) error: Error,
}

/// Does it, up to the first failure. `open` makes a store with such options in an instance of its own.
pub(crate) async fn do_everything(
    options: &Options,
    guarded: bool,
    open: impl AsyncFn(&Options) -> Store,
    redis: &mut RedisClient,
) -> Result<(), Failure> {
    let lifetimes = if guarded { &LIFETIMES[..] } else { &LIFETIMES[..1] };
    for (idle, absolute) in lifetimes {
        let options = options.clone().guard(guarded).idle_lifetime(*idle).absolute_lifetime(*absolute);
        let store = open(&options).await;
        expect("check", store.check().await)?;
        // The guard off has no lifetimes to set.
        for call in of_kind(&KINDS).filter(|call| guarded || call.name != "set-lifetime") {
            let handles = states(&store, redis).await?;
            for session in &handles {
                expect(call.name, call.on(session).await)?;
            }
            // Once more, through handles that know by now what there is.
            for session in &handles {
                expect(call.name, call.on(session).await)?;
            }
        }
        take_back(&store).await?;
        look_in_vain(&store, redis).await?;
        redis.script_flush();
        expect("set", store.start().await.set("field", "1").await)?;
    }
    Ok(())
}

/// Handles that no call has gone through yet, on sessions of all sorts.
async fn states(store: &Store, redis: &mut RedisClient) -> Result<Vec<Session>, Failure> {
    let attach = async |id: &str| store.attach(id).await.expect("a well-formed id");
    let named = async |id: &str| store.from_cookie(&[format!("__Host-id={id}")]).await;
    let mut handles = vec![store.start().await, attach(UNKNOWN_ID).await, named(UNKNOWN_ID).await];

    let id = stored(store).await?;
    handles.extend([attach(&id).await, named(&id).await]);
    let silent = attach(&id).await;
    silent.set_renewing(false).await;
    handles.push(silent);

    // One that the original drsession has made, and one whose time is long up.
    for created in [None, Some("1")] {
        let id = stored(store).await?;
        let key = format!("drsession:{id}");
        redis.del(&key);
        redis.hset(&key, "field", "1");
        if let Some(created) = created {
            redis.hset(&key, "\0created", created);
        }
        handles.push(attach(&id).await);
    }
    Ok(handles)
}

/// Batches whose last step takes back what was done before it.
async fn take_back(store: &Store) -> Result<(), Failure> {
    let id = stored(store).await?;
    for session in [store.start().await, store.attach(&id).await.expect("a well-formed id")] {
        let refused = [set("text", "\"a\""), increment("text", 1)];
        expect("apply", session.apply(&refused).await.map(drop))?;
        let conflict = [set("other", "1"), compare_and_set("field", Some("0"), None), get("other")];
        expect("apply", session.apply(&conflict).await.map(drop))?;
    }
    Ok(())
}

/// A call that finds nothing to write leaves nothing behind that a later one, about another session, could stumble over.
async fn look_in_vain(store: &Store, redis: &mut RedisClient) -> Result<(), Failure> {
    let session = store.start().await;
    expect("set", session.set("field", "1").await)?;
    let id = stored(store).await?;
    let ended = store.attach(&id).await.expect("a well-formed id");
    expect("destroy", ended.destroy().await)?;
    expect("set", store.attach(&id).await.expect("a well-formed id").set("field", "2").await)?;
    redis.del(&format!("drsession:{id}"));
    expect("len", session.len().await.map(drop))
}

async fn stored(store: &Store) -> Result<String, Failure> {
    let session = store.start().await;
    expect("set", session.set("field", "1").await)?;
    Ok(session.known_id().await)
}

/// What a session in its state may say is no failure.
fn expect(call: &str, result: Result<(), Error>) -> Result<(), Failure> {
    match result {
        Ok(()) | Err(Error::Gone | Error::Rotated | Error::NotANumber(_) | Error::Overflow) => Ok(()),
        Err(error) => Err(Failure { call: call.to_owned(), error }),
    }
}
