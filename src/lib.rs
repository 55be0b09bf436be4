//! Sessions for web applications, kept in Redis: the component `drsession`. Its contract is in `wit/`.
//!
//! One call, from top to bottom:
//!
//! ```text
//! application
//!   │  drsession:session/session          wit/session.wit
//! component    the contract's resources   the only code that uses the bindings
//!   │
//! session      what a session is          calls as operations, operations as commands, replies as outcomes
//!   │
//! redis        a Redis client             wire format, handshake, routing, retries
//!   │  drsession:session/socket           wit/socket.wit
//! host
//! ```
//!
//! `session` does not use sockets, `redis` does not use sessions, and neither uses the bindings. So both are plain
//! Rust, and are tested natively. Beside them are [`options`], [`id`], [`cookie`] and [`error`], and two helpers, `few`
//! and `text`.

#[cfg(target_arch = "wasm32")]
mod component;
pub mod cookie;
pub mod error;
pub mod few;
pub mod id;
pub mod options;
pub mod redis;
pub mod session;
mod text;
