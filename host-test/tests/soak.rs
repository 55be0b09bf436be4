//! The soak, for a moment.

use std::time::Duration;

use host_test::{
    bench,
    soak::{self, Settings},
};

const SETTINGS: Settings = Settings { duration: Duration::from_secs(35), seed: 1 };

#[test]
fn every_promise_is_kept_while_everything_goes_wrong() {
    bench::block_on(async {
        let report = soak::run(SETTINGS, &|_| ()).await.expect("servers that start");
        println!("{report}");
        assert!(report.is_well());
    });
}
