//! PostgreSQL behind the same transactions: where it is, how it is reached, a bounded pool of threads, and the thread
//! that hears of what other nodes committed.
//!
//! Every connection is made, used and dropped on a thread of its own. Transactions run READ COMMITTED; what a decision
//! rests on is read with a row lock, and a transaction that another one was faster than is run again, a bounded number
//! of times. A connection that breaks is made anew after a pause that grows.

mod address;
mod connect;
mod copy_rows;
mod fate;
mod listen;
mod open;
mod pool;
mod receive;
mod refusal;
mod session;
mod visit;
mod wire;

#[cfg(test)]
mod commit_tests;
#[cfg(test)]
pub(super) mod fresh;
#[cfg(test)]
mod tests;

pub use address::PostgresUrl;
#[cfg(test)]
pub(super) use connect::connect;
pub(super) use copy_rows::CopyRows;
pub(super) use listen::{Listener, channel_name};
pub(super) use open::open;
pub(super) use pool::Worker;
pub(super) use receive::{UNFINISHED, is_unfinished, receive};
#[doc(hidden)]
pub use session::Locks;
pub(super) use session::Session;
pub(super) use visit::visit;
