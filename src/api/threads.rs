//! Threads about reviews, and templates of feedback, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an owner and reviewers say to one another about a review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Thread {
    /// The review's id.
    pub review_id: String,
    /// The extension's id.
    pub extension_id: String,
    /// The extension's slug.
    pub slug: String,
    /// The version's number.
    pub number: String,
    /// The stage of the version, as the review has it.
    pub stage: String,
    /// Who has to say something next: `owner`, `reviewers` or `nobody`.
    pub turn: String,
    /// How many messages it has.
    pub messages_count: i64,
    /// How many of them the caller has not read.
    pub unread: i64,
    /// When it was opened.
    pub opened_at: String,
    /// When something was last said.
    pub updated_at: String,
    /// Its `ETag` without quotes.
    pub revision: i64,
    /// The messages, oldest first; where one thread is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<ThreadMessage>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ThreadMessage {
    /// Its number in the thread, from 1.
    pub n: i64,
    /// `owner`, `reviewer` or `checks`.
    pub side: String,
    /// Who, by name; absent where the checks speak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Markdown as it was written; show it as text, or render it without raw HTML.
    pub text: String,
    /// When.
    pub at: String,
    /// Whether the caller has not read it.
    pub unread: bool,
}

/// Something to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewMessage {
    /// The text, in at most 10,000 characters.
    pub text: String,
    /// Whose turn it is then: `owner`, `reviewers` or `nobody`; the other side's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<String>,
}

/// Up to which message the caller has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadUntil {
    /// The number of the message.
    pub n: i64,
}

/// The template of feedback for one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeedbackTemplate {
    /// `security privacy scopes_excessive broken quality policy duplicate spam other`.
    pub reason: String,
    /// The text.
    pub text: String,
    /// Who changed it, by name; absent where it is the program's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<String>,
    /// Its `ETag` without quotes.
    pub revision: i64,
}

/// Every template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeedbackTemplates {
    /// In the order of the reasons.
    pub items: Vec<FeedbackTemplate>,
}

/// A new text for a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewTemplate {
    /// The text, in at most 10,000 characters; may be empty.
    pub text: String,
}
