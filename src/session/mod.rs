//! What a session is. No I/O of its own: it makes batches for [`crate::redis`] and reads their replies.
//!
//! One call, from top to bottom:
//!
//! ```text
//! contract     Session::get, set, …: the contract's calls, as steps
//!   perform      steps on whatever the handle stands for, until there is an answer
//!   step         what one step does, takes and answers; its limits
//!   handle       what the handle knows of its session, and so what has to be sent
//!   layout       what lies in Redis beside the application's fields
//!   call         sends steps one of three ways, and returns one kind of answer
//!     direct       plain commands: reads of a session known to live, and all that needs no guard
//!     script       one EVALSHA: guard, lifetimes and all steps in one atomic round trip
//!     transaction  the same promises by WATCH and MULTI, where Lua is forbidden
//! ```

#![forbid(unsafe_code)]

pub mod call;
pub mod contract;
pub mod direct;
pub mod handle;
pub mod layout;
pub mod perform;
pub mod reading;
pub mod rotate;
pub mod script;
pub mod step;
pub mod store;
pub mod transaction;

pub use perform::Session;
pub use step::{Outcome, Step, Swap};
pub use store::Store;
