//! Live events on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One event: the data of a server-sent event whose `id` is its number and whose `event` is its topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LiveEvent {
    /// Its number, gapless in the log (a caller sees those meant for them).
    pub number: i64,
    /// `queue`, `review`, `extension`, `account`, `policy`, or `resync` where some were lost.
    pub topic: String,
    /// When.
    pub at: String,
    /// What happened: `action`, and the ids it is about (`review_id`, `extension_id`, `version_id`, `slug`, `number`, `stage`, `by`, `revision`).
    #[schema(value_type = Object)]
    pub body: serde_json::Value,
}
