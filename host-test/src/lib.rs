//! Runs the drsession components against real Redis servers.
//!
//! - [`redis_server`] starts a private Redis and [`redis_client`] looks into it, past the component.
//!   [`tls`] has certificates for those who speak TLS.
//! - [`redis_cluster`] makes a cluster of them, [`sentinel`] a primary with replicas that sentinels watch. [`rights`] are what
//!   the README says that a user needs there.
//! - [`proxy`] stands between the two and breaks what it is told to break, [`faults`] at any byte, and takes a
//!   [`transcript`]; [`scripted_server`] plays a Redis that answers whatever a test wants,
//!   and at a [`dead_port`] there is none.
//! - [`bench`](mod@bench) puts it together for one test: a Redis, a flavour of the component and its sockets. From it come
//!   [`instance`]s, and from those stores and [`session`]s. [`caller`] has the two ways to call them: one call at a time,
//!   or many side by side.
//! - [`greedy`] and [`canceller`] are guests that behave as none should.
//! - [`linearizability`] judges what several clients saw of one thing. [`waiting`] is for what comes by itself, or has to end.
//! - [`visitor`] is a browser of sorts, for applications that are served by HTTP; [`hostile`] is none. [`served`] starts them
//!   under the real `wasmtime serve`. [`planted`] are secrets that none of them may tell.
//! - [`soak`] is many visitors for a long time, while everything goes wrong. [`signals`] end programs as long as that one.
//!
//! What goes wrong in here (a server that doesn't start, a component that traps) fails the test by a panic that says so;
//! what a test is about, the component's own errors, is returned.

pub mod bench;
mod bindings;
pub mod caller;
pub mod canceller;
pub mod component;
pub mod dead_port;
pub mod faults;
pub mod greedy;
pub mod hostile;
pub mod http_server;
pub mod instance;
pub mod linearizability;
mod listener;
pub mod memory;
mod memory_limit;
pub mod mode;
pub mod operation;
pub mod options;
pub mod planted;
pub mod proxy;
pub mod redis_client;
pub mod redis_cluster;
pub mod redis_server;
pub mod request;
mod resp;
pub mod rights;
pub mod scripted_server;
pub mod sentinel;
pub mod served;
pub mod session;
pub mod set_cookie;
pub mod signals;
pub mod soak;
pub mod tls;
pub mod transcript;
pub mod visitor;
pub mod waiting;
