//! Ratings and reports of them on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One account's rating of one extension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rating {
    /// Its id.
    pub id: String,
    /// The extension's id.
    pub extension_id: String,
    /// Who rated, by name.
    pub account: String,
    /// The number of the version it is about.
    pub number: String,
    /// 1 to 5.
    pub stars: u8,
    /// Why; may be empty.
    pub text: String,
    /// `shown`, `hidden` or `deleted`.
    pub state: String,
    /// What the owner answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<RatingReply>,
    /// When it was first given.
    pub created_at: String,
    /// When it last changed; the reply aside.
    pub updated_at: String,
    /// Its `ETag` without quotes.
    pub revision: i64,
    /// What it was after each change, oldest first; for its author and maintainers, where one rating is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<RatingChange>,
}

/// An owner's answer to a rating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RatingReply {
    /// The text.
    pub text: String,
    /// Who, by name.
    pub by: String,
    /// When.
    pub at: String,
}

/// What a rating was after one change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RatingChange {
    /// The revision it made.
    pub revision: i64,
    /// `rated edited deleted hidden restored replied unreplied`.
    pub what: String,
    /// The version's number.
    pub number: String,
    /// 1 to 5.
    pub stars: u8,
    /// The text; empty once the rating was deleted.
    pub text: String,
    /// Who, by name.
    pub by: String,
    /// When.
    pub at: String,
}

/// What somebody thinks of an extension.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewRating {
    /// A whole number from 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    pub stars: i64,
    /// Why, in at most 2,000 characters.
    #[serde(default)]
    pub text: String,
    /// The version it is about; the one that runs where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

/// An answer to a rating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewReply {
    /// The text, in at most 2,000 characters.
    pub text: String,
}

/// What all ratings of an extension come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RatingSummary {
    /// The extension's id.
    pub extension_id: String,
    /// Its slug.
    pub slug: String,
    /// The ratings of every version together.
    pub all: RatingSum,
    /// The ratings of each version, the greatest number first.
    pub versions: Vec<VersionRatings>,
    /// What was given in each of the last 26 weeks, oldest first.
    pub trend: Vec<RatingWeek>,
    /// The mean of the whole catalogue, which the Bayesian mean is pulled towards.
    pub prior_mean: f64,
    /// As how many ratings it counts.
    pub prior_weight: u64,
}

/// What some ratings come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RatingSum {
    /// How many there are.
    pub count: u64,
    /// The plain mean; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// `(weight · prior + Σ stars) / (weight + count)`.
    pub bayesian_mean: f64,
    /// How many there are of one, two, three, four and five stars.
    #[schema(min_items = 5, max_items = 5)]
    pub histogram: Vec<u64>,
}

/// What the ratings of one version come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VersionRatings {
    /// The version's number.
    pub number: String,
    /// Its ratings.
    pub sum: RatingSum,
}

/// What was given in one week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RatingWeek {
    /// When it starts.
    pub start: String,
    /// How many ratings were given or changed.
    pub count: i64,
    /// Their mean; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
}

/// What somebody finds wrong with a rating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewReport {
    /// `spam abuse off_topic private_data manipulation other`.
    pub reason: String,
    /// In more words.
    #[serde(default)]
    pub text: String,
}

/// One report of a rating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RatingReport {
    /// Its id.
    pub id: String,
    /// The rating's id.
    pub rating_id: String,
    /// The revision of the rating that was reported.
    pub rating_revision: i64,
    /// `spam abuse off_topic private_data manipulation other`.
    pub reason: String,
    /// In more words; may be empty.
    pub text: String,
    /// When.
    pub at: String,
    /// `open`, `upheld`, `dismissed` or `moot`.
    pub state: String,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_reason: Option<String>,
    /// Its `ETag` without quotes.
    pub revision: i64,
}

/// A report as the queue of reports shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportLine {
    /// The report.
    pub report: RatingReport,
    /// Who reported, by name.
    pub by: String,
    /// The rating as it is now.
    pub rating: Rating,
    /// The extension's slug.
    pub slug: String,
    /// How many reports of the same rating wait.
    pub open_reports: u64,
}
