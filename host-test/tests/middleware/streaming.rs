//! Bodies that are larger than the memory that the components may have.

use std::io::{self, Read as _};

use serde_json::json;
use ureq::SendBody;

use crate::{
    VISITS,
    application::{Application, Way},
};

const BYTES: u64 = 200 << 20;
const FLAGS: [&str; 2] = ["-W", "max-memory-size=16777216"];

#[test]
fn an_upload_streams_through() {
    let application = Application::behind(VISITS, Way { flags: &FLAGS, ..Way::default() });
    let mut body = io::repeat(0).take(BYTES);
    let url = format!("http://{}/api/upload", application.address());
    let mut reply = ureq::post(url).send(SendBody::from_reader(&mut body)).expect("an answer");
    assert_eq!(reply.headers().get_all("set-cookie").iter().count(), 1);
    let answer = reply.body_mut().read_to_string().expect("a body of text");
    assert_eq!(answer, json!({ "uploaded": BYTES }).to_string());
}

#[test]
fn a_download_streams_through() {
    let application = Application::behind(VISITS, Way { flags: &FLAGS, ..Way::default() });
    let url = format!("http://{}/api/download", application.address());
    let mut reply = ureq::get(url).call().expect("an answer");
    assert_eq!(reply.headers().get_all("set-cookie").iter().count(), 1);
    let bytes = io::copy(&mut reply.body_mut().as_reader(), &mut io::sink()).expect("a whole body");
    assert_eq!(bytes, BYTES);
}
