//! Sessions for web applications, kept in Redis: the component `drsession`. Its contract is in `wit/`.
//!
//! One call, from top to bottom:
//!
//! ```text
//! application
//!   │  drsession:session/session          wit/session.wit
//! component    the contract's resources   the only code that knows the bindings
//!   │
//! session      what a session is          each call as commands to send and a reading of their replies
//!   │
//! redis        how to talk to Redis       frames, handshake, what may be sent again
//!   │  drsession:session/socket           wit/socket.wit
//! host
//! ```
//!
//! `session` never sees a socket, `redis` never sees a session, and neither sees the bindings: both are plain Rust, and
//! are tested natively. Beside them stand what a session needs that is neither: [`options`], [`id`], [`cookie`],
//! [`error`].

#[cfg(target_arch = "wasm32")]
mod component;
pub mod cookie;
mod decimal;
pub mod error;
mod hexadecimal;
pub mod id;
mod joined;
pub mod options;
pub mod redis;
pub mod session;
