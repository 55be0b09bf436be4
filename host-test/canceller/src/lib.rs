//! An application that cancels calls on sessions wherever they wait, and looks whether the others are told what is theirs.

#![cfg(target_arch = "wasm32")]

mod bindings;
mod calls;
mod lot;
mod visitor;

use bindings::{
    Guest, Report,
    drsession::session::session_async::{Options, Store},
};
use calls::{Call, Calls};
use lot::Lot;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use visitor::Visitor;

/// How many sessions there are.
const VISITORS: u64 = 6;
/// The most calls that are under way at once.
const CALLS: u64 = 24;
/// The most times that a call is polled before it is cancelled, where it is.
const POLLS: u64 = 12;

struct Canceller;

impl Guest for Canceller {
    async fn run(url: String, scripts: bool, seed: u64, rounds: u32) -> Result<Report, String> {
        let mut lot = Lot::new(seed);
        let mut report = Report { completed: 0, unpolled: 0, cancelled: 0 };
        // Two at a time, so that something happens on one connection while a call on the other is cancelled.
        let mut stores = [open(&url, scripts)?, open(&url, scripts)?];
        let mut visitors = Vec::new();
        for number in 0..VISITORS {
            visitors.push(Visitor::begin(&stores[number as usize % 2], number).await?);
        }
        for round in 0..rounds {
            let calls = (0..lot.below(CALLS) + 1).map(|_| {
                let visitor = &visitors[lot.below(VISITORS) as usize];
                let polls = if lot.below(3) == 0 { None } else { Some(lot.below(POLLS)) };
                Call::new(visitor.call(&mut lot), polls)
            });
            let ended = Calls::new(calls).await.map_err(|error| format!("round {round}: {error}"))?;
            report.completed += ended.completed;
            report.unpolled += ended.unpolled;
            report.cancelled += ended.cancelled;

            // Now and then a store begins anew, so that calls are cancelled while it connects too.
            if lot.below(8) == 0 {
                let renewed = lot.below(2) as usize;
                stores[renewed] = open(&url, scripts)?;
            }
            for visitor in &mut visitors {
                visitor.check().await.map_err(|error| format!("after round {round}: {error}"))?;
                visitor.move_to(&stores[lot.below(2) as usize])?;
            }
        }
        Ok(report)
    }

    async fn abandon(url: String, scripts: bool) -> Result<(), String> {
        for polls in 1..=POLLS {
            let store = open(&url, scripts)?;
            let visitor = Visitor::begin(&store, polls).await?;
            // Nothing that it waits for comes meanwhile, for nobody goes back to the host.
            poll_at_once(visitor.touch(), polls).await;
            // First the last handle on the session, and with that the last one on its connection.
            drop((store, visitor));
            Visitor::begin(&open(&url, scripts)?, polls).await?.check().await?;
        }
        Ok(())
    }
}

/// Polls a future so many times, and drops it.
async fn poll_at_once<T>(future: impl Future<Output = T>, polls: u64) {
    let mut future = pin!(future);
    poll_fn(|context| {
        for _ in 0..polls {
            if future.as_mut().poll(context).is_ready() {
                break;
            }
        }
        Poll::Ready(())
    })
    .await;
}

fn open(url: &str, scripts: bool) -> Result<Store, String> {
    let options = Options::new(url);
    options.set_scripts(scripts);
    options.set_timeouts(20_000, 20_000);
    Store::open(&options).map_err(|error| format!("{error:?}"))
}

#[allow(unsafe_code, unreachable_pub, reason = "generated")]
mod export {
    use super::Canceller;

    crate::bindings::export!(Canceller with_types_in crate::bindings);
}
