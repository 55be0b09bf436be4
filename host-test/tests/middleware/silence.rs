//! What the middleware prints: it holds no password and no id.

use host_test::planted::Planted;

use crate::{
    VISITS,
    application::{Application, Way},
};

#[test]
fn what_is_printed_while_redis_is_out_of_reach_tells_no_secret() {
    let redis = Planted::redis().start().expect("a Redis");
    let way = Way { settings: &[("DRSESSION_REDIS_DOWN", "503")], ..Way::default() };
    let mut application = Application::behind_over(redis, VISITS, way);
    let mut planted = Planted::default();
    planted.put_out_of_reach(application.address(), &mut application.redis);
    planted.expect_silence(&application.end(), "drsession-middleware: session lookup failed");
}

#[test]
fn an_address_that_can_not_be_used_is_told_without_its_password() {
    let way = Way { settings: &[("DRSESSION_REDIS_URL", &Planted::malformed_url())], ..Way::default() };
    let application = Application::behind(VISITS, way);
    let mut planted = Planted::default();
    planted.meet_refusal(application.address());
    planted.expect_silence(&application.end(), "drsession-middleware: invalid settings");
}
