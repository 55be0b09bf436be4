//! What the fuzz targets have in common. An input of `session` and `session_async` is a [`plan`]: calls, and a [`network`]
//! that answers them. [`native`] is the core by itself, [`blocking`] and [`concurrent`] are the two components.

pub mod blocking;
pub mod concurrent;
pub mod instance;
pub mod native;
pub mod network;
pub mod plan;
pub mod reference;
