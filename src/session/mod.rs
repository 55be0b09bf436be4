//! Sessions: the calls of the contract as requests to [`crate::redis`], and what their replies mean. No I/O of its own.
//!
//! One call, from top to bottom:
//!
//! ```text
//! contract       Session::get, set, …: the calls of the contract, as operations
//!   operation      what an operation is: a file for each
//! execute        executes operations on whatever the handle stands for
//!   handle         the state of the handle, which decides what has to be sent
//!   request        operations for one session, and the server's response
//! plain          sends a request as plain commands: reads of a session known to be alive, and everything with the guard off
//! script         sends it as one EVALSHA: liveness check, expiry and operations in one atomic round trip
//! transaction    sends it by WATCH and MULTI, where Lua is forbidden
//! rotation       moves a session to a new id
//! layout         the reserved fields in Redis
//! decode         values in replies, as the types that they should have
//! store          checked options, and the client
//! ```

#![forbid(unsafe_code)]

pub mod contract;
pub mod decode;
pub mod execute;
pub mod handle;
pub mod layout;
pub mod operation;
pub mod plain;
pub mod request;
mod rotation;
pub mod script;
pub mod store;
pub mod transaction;

pub use execute::Session;
pub use operation::Operation;
pub use store::Store;
