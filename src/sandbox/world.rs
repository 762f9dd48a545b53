//! The world outside the run: whoever answers what the run cannot answer itself.

use serde_json::Value;

use super::error_code::ErrorCode;
use super::event::Event;
use super::functions::Function;
use super::storage::Storage;
use crate::domain::digest::Sha256Digest;
use crate::domain::time::Timestamp;

/// What the world says to one call: a JSON value, or why not.
pub type Answer = Result<Value, ErrorCode>;

/// The chat server that a run acts on: simulated for a dry run, the real one behind an extension host.
pub trait World {
    /// What identifies the state it is in now; recorded in the result.
    fn digest(&self) -> Sha256Digest;

    /// What the extension kept on this server so far.
    fn storage(&self) -> Storage;

    /// Keeps what a finished run left in storage.
    fn keep(&mut self, storage: &Storage);

    /// Does what one call asks, and answers it.
    ///
    /// # Errors
    /// The code that the guest gets.
    fn answer(&mut self, ask: &Ask<'_>) -> Answer;
}

/// One call that the world answers. Its scope is granted and its cap is not used up.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Which function.
    pub function: &'static Function,
    /// What the guest asks: JSON, or a string where the function takes text.
    pub arguments: &'a Value,
    /// The event that started the run.
    pub event: &'a Event,
    /// The run's time.
    pub now: Timestamp,
    /// Whether what is sent may mention people.
    pub mentions: Mentions,
    /// Whether another channel than the event's may be read.
    pub channels: Channels,
    /// How long the answer may take, in milliseconds of wall clock.
    pub remaining_ms: u64,
}

/// Whether what a run sends may mention people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mentions {
    /// `messages_write` is granted: as written.
    AsWritten,
    /// Nobody is notified.
    Nobody,
}

/// Which channels a run may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// The one the event happened in.
    OfTheEvent,
    /// `messages_global` is granted: every one.
    All,
}
