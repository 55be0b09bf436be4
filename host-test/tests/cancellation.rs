//! Calls that are cancelled wherever they wait, by an application in the same instance: the others are told what is theirs.

use std::time::Duration;

use host_test::{bench, canceller, component::Flavour};
use tokio::time::timeout;

/// Longer than a run takes that does not hang.
const TIME_LIMIT: Duration = Duration::from_secs(120);

const SEEDS: u64 = 20;
const ROUNDS: u32 = 50;

fn expect_own_answers(scripts: bool) {
    bench::run(Flavour::Async, async |bench| {
        let [mut completed, mut cancelled] = [0; 2];
        for seed in 0..SEEDS {
            // Shown where the test fails.
            println!("seed {seed}");
            let run = timeout(TIME_LIMIT, canceller::run(&bench, scripts, seed, ROUNDS)).await;
            let report = run.expect("a run that ends").expect("answers of its own for everybody");
            completed += report.completed;
            cancelled += report.cancelled;
        }
        // A call a round at the least, so that neither can be by accident.
        println!("{completed} completed, {cancelled} cancelled");
        assert!(completed > SEEDS as u32 * ROUNDS && cancelled > SEEDS as u32 * ROUNDS);
    });
}

#[test]
fn calls_cancelled_at_any_point_leave_the_others_their_own_answers() {
    expect_own_answers(true);
}

#[test]
fn transactions_cancelled_at_any_point_leave_the_others_their_own_answers() {
    expect_own_answers(false);
}

fn expect_an_instance_that_goes_on(scripts: bool) {
    bench::run(Flavour::Async, async |bench| {
        let told = timeout(TIME_LIMIT, canceller::abandon(&bench, scripts)).await;
        assert_eq!(told.expect("a run that ends"), Ok(()));
    });
}

#[test]
fn calls_that_are_cancelled_and_whose_stores_are_dropped_leave_the_instance_alive() {
    expect_an_instance_that_goes_on(true);
}

#[test]
fn transactions_that_are_cancelled_and_whose_stores_are_dropped_leave_the_instance_alive() {
    expect_an_instance_that_goes_on(false);
}
