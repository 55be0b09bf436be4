//! Each call, cut at each byte of what it sends and of what it is answered, and Redis asked what happened.

use host_test::{
    bench::block_on,
    component::Flavour,
    faults::{Direction, Fault, Kind},
    mode::Mode,
};

use super::{
    cases::{Case, Setting, cases},
    promises::hold,
    way::{PATIENT, Way, on_ways},
};

/// Cuts a call at one byte of so many, in both directions. Returns how many cuts that were.
async fn cut_everywhere(way: &mut Way, case: Case, stride: usize) -> usize {
    let calm = case.run_calm(way).await;
    let mut cuts = 0;
    for direction in [Direction::Request, Direction::Reply] {
        for at_byte in (0..calm.run.length(direction)).step_by(stride) {
            let fault = Fault { direction, at_byte: at_byte as u64, kind: Kind::Cut };
            let run = case.run(way, Some(fault)).await;
            cuts += usize::from(hold(&case, &calm, &run, fault));
        }
    }
    cuts
}

/// Cuts all calls at one byte of so many, in their usual setting, and of `others` in the other ones.
fn cut_all(flavour: Flavour, mode: Mode, parameters: &str, (stride, others): (usize, usize), least: usize) {
    block_on(async {
        let open = async || Way::open(flavour, mode, parameters, PATIENT).await;
        let cuts = on_ways(open, cases(mode), async |way, case: Case| {
            let stride = match case.setting {
                Setting::First => stride,
                // A script is long.
                Setting::Forgotten => 31 * stride,
                _ => others,
            };
            cut_everywhere(way, case, stride).await
        });
        let cuts: usize = cuts.await.into_iter().sum();
        println!("{flavour:?}, {mode:?}{parameters}: {cuts} cut points tried");
        assert!(cuts >= least, "{cuts} are too few");
    });
}

#[test]
fn scripts_cut_at_each_byte_are_done_once_or_told() {
    cut_all(Flavour::Blocking, Mode::Scripts, "", (1, 3), 8_000);
}

#[test]
fn transactions_cut_at_each_byte_are_done_once_or_told() {
    cut_all(Flavour::Blocking, Mode::NoScripts, "", (1, 5), 20_000);
}

#[test]
fn scripts_of_the_asynchronous_component_cut_at_many_bytes_are_done_once_or_told() {
    cut_all(Flavour::Async, Mode::Scripts, "?protocol=3", (7, 7), 1_500);
}

#[test]
fn transactions_of_the_asynchronous_component_cut_at_many_bytes_are_done_once_or_told() {
    cut_all(Flavour::Async, Mode::NoScripts, "?protocol=3", (11, 11), 2_500);
}
