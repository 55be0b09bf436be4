//! Those who keep visits going: an instance with one or with many of them, again and again.

use drsession_host::Sockets;
use futures::future::join_all;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{ledger::Ledger, visit::Visit};
use crate::{
    component::Flavour,
    instance::Instance,
    options::Options,
    session::{Session, Store},
};

/// What somebody works with.
#[derive(Clone, Copy)]
pub(super) struct Worker {
    pub(super) flavour: Flavour,
    pub(super) scripts: bool,
    /// How many visits there are at once: more than one where calls can wait side by side.
    pub(super) visits: usize,
    /// Whether one instance lives through it all; else each has a turn.
    pub(super) keeps_instance: bool,
}

/// Those of each deployment.
pub(super) const WORKERS: [Worker; 8] = [
    Worker { flavour: Flavour::Async, scripts: true, visits: 16, keeps_instance: true },
    Worker { flavour: Flavour::Async, scripts: true, visits: 8, keeps_instance: false },
    Worker { flavour: Flavour::Async, scripts: false, visits: 8, keeps_instance: false },
    Worker { flavour: Flavour::Blocking, scripts: true, visits: 1, keeps_instance: true },
    Worker { flavour: Flavour::Blocking, scripts: true, visits: 1, keeps_instance: false },
    Worker { flavour: Flavour::Blocking, scripts: true, visits: 1, keeps_instance: false },
    Worker { flavour: Flavour::Blocking, scripts: false, visits: 1, keeps_instance: true },
    Worker { flavour: Flavour::Blocking, scripts: false, visits: 1, keeps_instance: false },
];

/// Bytes of memory that a kept instance had.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    /// Once half of the time was over.
    pub(super) halfway: usize,
    pub(super) end: usize,
}

impl Worker {
    /// Works until it is over. Returns what an instance took that lived through it.
    pub(super) async fn work(
        self,
        ledger: &Ledger,
        sockets: &Sockets,
        options: &Options,
        mut random: StdRng,
    ) -> Option<Memory> {
        let options = options.clone().scripts(self.scripts);
        let mut desks = self.desks(sockets, &options).await;
        let mut halfway = None;
        while !ledger.is_over() {
            if !self.keeps_instance {
                desks = self.desks(sockets, &options).await;
            }
            self.shift(ledger, &desks, &mut random).await;
            if halfway.is_none() && ledger.is_half_over() {
                halfway = Some(memory(&desks).await);
            }
        }
        let end = memory(&desks).await;
        self.keeps_instance.then(|| Memory { halfway: halfway.unwrap_or(end), end })
    }

    /// Two stores: of two instances where one can't do two things at once.
    async fn desks(self, sockets: &Sockets, options: &Options) -> [(Instance, Store); 2] {
        let first = Instance::builder(self.flavour).sockets(sockets).start().await;
        let second = match self.flavour {
            Flavour::Async | Flavour::AsyncWasi => first.clone(),
            Flavour::Blocking | Flavour::Wasi => Instance::builder(self.flavour).sockets(sockets).start().await,
        };
        [open(first, options).await, open(second, options).await]
    }

    /// As many visits as there are at once.
    async fn shift(self, ledger: &Ledger, desks: &[(Instance, Store); 2], random: &mut StdRng) {
        let visitors: Vec<_> = (0..self.visits).map(|_| StdRng::seed_from_u64(random.next_u64())).collect();
        let stores = desks.each_ref().map(|(_, store)| store);
        if let Flavour::Blocking | Flavour::Wasi = self.flavour {
            for visitor in visitors {
                for handle in Visit::begin(ledger, &stores, visitor).await.live().await {
                    handle.close().await;
                }
            }
            return;
        }
        let (instance, _) = &desks[0];
        let handles = instance.run_concurrent(async |calls| {
            let stores = stores.map(|store| store.concurrent(calls));
            let stores = stores.each_ref();
            let visits =
                visitors.into_iter().map(async |visitor| Visit::begin(ledger, &stores, visitor).await.live().await);
            join_all(visits).await.into_iter().flatten().map(Session::into_resource).collect::<Vec<_>>()
        });
        for handle in handles.await {
            instance.drop_resource(handle).await;
        }
    }
}

async fn open(instance: Instance, options: &Options) -> (Instance, Store) {
    let store = instance.store(options).await.expect("a store");
    (instance, store)
}

/// Of both instances, even where they are the same one.
async fn memory(desks: &[(Instance, Store); 2]) -> usize {
    join_all(desks.iter().map(|(instance, _)| instance.memory())).await.into_iter().sum()
}
