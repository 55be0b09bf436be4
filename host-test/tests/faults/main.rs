//! What becomes of calls when the way to Redis breaks, wherever it breaks.

mod calls;
mod cases;
mod cuts;
mod histories;
mod promises;
mod proxy;
mod samples;
mod way;
