//! The calls in the settings in which they are broken, and what becomes of them there.

use host_test::{
    faults::{Direction, Fault},
    mode::Mode,
    session::Session,
    transcript::Exchange,
};

use super::{
    calls::{CALLS, Call, Nature, Told, call},
    way::{State, Way},
};

/// On what handle a call is made, over what connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// The first call of a handle on a session that is there.
    First,
    /// A later call of such a handle.
    Later,
    /// The call that makes a session.
    Creating,
    /// The same on a handle whose cookie names a session that is not there.
    UnknownCookie,
    /// The first call of an instance, so there is a new connection, with its handshake.
    Unconnected,
    /// The server has forgotten all scripts.
    Forgotten,
}

/// A call in its setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) call: Call,
    pub(crate) setting: Setting,
}

/// What came of a call.
pub(crate) struct Run {
    pub(crate) told: Told,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) after: State,
}

/// The same when nothing goes wrong, and what is there before.
pub(crate) struct Calm {
    pub(crate) before: State,
    pub(crate) run: Run,
}

/// Every call as the first one of a handle, and those that go another way in other settings.
pub(crate) fn cases(mode: Mode) -> Vec<Case> {
    let case = |setting| move |call| Case { call, setting };
    let named = |names: &'static [&str], setting| names.iter().copied().map(call).map(case(setting));
    // What a cookie led to is known by then.
    let reads = CALLS.iter().copied().filter(|call| call.nature == Nature::Reads && call.name != "found");
    let mut cases: Vec<_> = CALLS.iter().copied().map(case(Setting::First)).collect();
    cases.extend(reads.map(case(Setting::Later)));
    cases.extend(named(&["set", "set-if-absent", "increment", "apply", "rotate"], Setting::Creating));
    cases.extend(named(&["get", "set", "rotate"], Setting::UnknownCookie));
    cases.extend(named(&["get", "increment", "destroy"], Setting::Unconnected));
    if mode.has_scripts() {
        cases.extend(named(&["get", "increment", "destroy", "rotate"], Setting::Forgotten));
    }
    cases
}

impl Case {
    /// Makes the call, with this fault if there is one, and sees what comes of it.
    pub(crate) async fn run(&self, way: &mut Way, fault: Option<Fault>) -> Run {
        let handle = self.handle(way).await;
        way.faults.record();
        if let Some(fault) = fault {
            way.faults.once(fault);
        }
        let told = (self.call.make)(&handle).await;
        way.faults.calm();
        let exchanges = way.faults.recorded();
        let after = way.state();
        handle.close().await;
        Run { told, exchanges, after }
    }

    /// Makes the call when nothing goes wrong.
    pub(crate) async fn run_calm(&self, way: &mut Way) -> Calm {
        if self.setting != Setting::Forgotten {
            // Redis gets to know the scripts.
            self.run(way, None).await;
        }
        self.handle(way).await.close().await;
        let before = way.state();
        let run = self.run(way, None).await;
        assert!(run.told.is_ok() && !run.exchanges.is_empty(), "{self:?}: {:?}", run.told);
        Calm { before, run }
    }

    /// A handle for the call, when everything is ready for it.
    async fn handle(&self, way: &mut Way) -> Session {
        let stored = way.stored().await;
        let id = stored.known_id().await;
        stored.close().await;
        if self.creates() {
            way.redis.command::<()>("FLUSHALL");
        }
        match self.setting {
            Setting::First => way.store.attach(&id).await.expect("an id"),
            Setting::Later => {
                let handle = way.store.attach(&id).await.expect("an id");
                assert_eq!(handle.touch().await, Ok(()));
                handle
            }
            Setting::Creating => way.store.start().await,
            Setting::UnknownCookie => way.store.from_cookie(&[format!("__Host-id={id}")]).await,
            Setting::Unconnected => way.another_store().await.attach(&id).await.expect("an id"),
            Setting::Forgotten => {
                way.redis.script_flush();
                way.store.attach(&id).await.expect("an id")
            }
        }
    }

    /// Whether there is no session before.
    pub(crate) fn creates(&self) -> bool {
        matches!(self.setting, Setting::Creating | Setting::UnknownCookie)
    }
}

impl Run {
    /// How many bytes went in this direction.
    pub(crate) fn length(&self, direction: Direction) -> usize {
        let lengths = self.exchanges.iter().map(|exchange| match direction {
            Direction::Request => exchange.request.len(),
            Direction::Reply => exchange.reply.len(),
        });
        lengths.sum()
    }

    /// The exchange that was broken.
    pub(crate) fn broken(&self) -> Option<usize> {
        self.exchanges.iter().position(|exchange| exchange.is_broken)
    }

    /// The exchange in which a write is done.
    pub(crate) fn last_that_may_write(&self) -> Option<usize> {
        self.exchanges.iter().rposition(may_write)
    }

    /// How often Redis was asked what may make it write.
    pub(crate) fn count_that_may_write(&self) -> usize {
        self.exchanges.iter().filter(|exchange| may_write(exchange)).count()
    }
}

/// Whether Redis may write when it is asked this.
pub(crate) fn may_write(exchange: &Exchange) -> bool {
    ["\r\nEVALSHA\r\n", "\r\nEVAL\r\n", "\r\nEXEC\r\n"].iter().any(|name| exchange.asks(name))
}
