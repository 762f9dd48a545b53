//! Ratings, reports of them, threads about reviews, and templates of feedback.

use super::{Client, ClientError, Fetched, PageQuery, Seen};
use crate::api::extensions::Reason;
use crate::api::page::Page;
use crate::api::ratings::{NewRating, NewReply, NewReport, Rating, RatingReport, RatingSummary, ReportLine};
use crate::api::threads::{FeedbackTemplate, FeedbackTemplates, NewMessage, NewTemplate, ReadUntil, Thread};

/// Which ratings of an extension.
#[derive(Clone, Debug, Default)]
pub struct RatingFilter {
    /// Only those with so many stars.
    pub stars: Option<u8>,
    /// Only those of this version.
    pub number: Option<String>,
}

impl Client {
    /// A page of the ratings of an extension, those that changed last first.
    pub async fn ratings(
        &self,
        extension: &str,
        filter: &RatingFilter,
        page: &PageQuery,
    ) -> Result<Page<Rating>, ClientError> {
        let stars = filter.stars.map(|stars| stars.to_string());
        let call = self.get("/extensions/{extid}/ratings", &[extension]).query_maybe("stars", stars.as_deref());
        call.query_maybe("number", filter.number.as_deref()).page(page).value().await
    }

    /// What all ratings of an extension come to.
    pub async fn rating_summary(&self, extension: &str) -> Result<RatingSummary, ClientError> {
        self.get("/extensions/{extid}/ratings/summary", &[extension]).value().await
    }

    /// The caller's own rating of an extension.
    pub async fn my_rating(&self, extension: &str) -> Result<Fetched<Rating>, ClientError> {
        self.get("/extensions/{extid}/ratings/mine", &[extension]).fetch().await
    }

    /// Rates an extension, in the place of what the caller said of it before.
    pub async fn rate(&self, extension: &str, seen: Seen, rating: &NewRating) -> Result<Fetched<Rating>, ClientError> {
        self.put("/extensions/{extid}/ratings/mine", &[extension]).if_match(seen).json(rating).fetch().await
    }

    /// Takes the caller's rating of an extension back.
    pub async fn delete_rating(&self, extension: &str, seen: Seen) -> Result<(), ClientError> {
        self.delete("/extensions/{extid}/ratings/mine", &[extension]).if_match(seen).done().await
    }

    /// One rating; with its history for its author and maintainers.
    pub async fn rating(&self, id: &str) -> Result<Fetched<Rating>, ClientError> {
        self.get("/ratings/{id}", &[id]).fetch().await
    }

    /// Answers a rating, as the extension's owner.
    pub async fn reply_to_rating(&self, id: &str, seen: Seen, text: &str) -> Result<Fetched<Rating>, ClientError> {
        let reply = NewReply { text: text.to_owned() };
        self.post("/ratings/{id}/reply", &[id]).if_match(seen).json(&reply).fetch().await
    }

    /// Takes the answer to a rating back.
    pub async fn delete_reply(&self, id: &str, seen: Seen) -> Result<Fetched<Rating>, ClientError> {
        self.delete("/ratings/{id}/reply", &[id]).if_match(seen).fetch().await
    }

    /// Reports a rating to the maintainers.
    pub async fn report_rating(&self, id: &str, report: &NewReport) -> Result<RatingReport, ClientError> {
        self.post("/ratings/{id}/report", &[id]).json(report).value().await
    }

    /// A page of reports in one state, those that wait longest first (maintainers).
    pub async fn rating_reports(&self, state: Option<&str>, page: &PageQuery) -> Result<Page<ReportLine>, ClientError> {
        self.get("/rating-reports", &[]).query_maybe("state", state).page(page).value().await
    }

    /// Upholds a report: the rating is hidden.
    pub async fn uphold_report(&self, id: &str, revision: i64, reason: &str) -> Result<RatingReport, ClientError> {
        let reason = Reason { reason: reason.to_owned() };
        self.post("/rating-reports/{id}/uphold", &[id]).if_match(Seen::Revision(revision)).json(&reason).value().await
    }

    /// Dismisses a report: the rating is shown.
    pub async fn dismiss_report(&self, id: &str, revision: i64, reason: &str) -> Result<RatingReport, ClientError> {
        let reason = Reason { reason: reason.to_owned() };
        self.post("/rating-reports/{id}/dismiss", &[id]).if_match(Seen::Revision(revision)).json(&reason).value().await
    }

    /// A page of threads, those in which something was said last first.
    pub async fn threads(&self, turn: Option<&str>, page: &PageQuery) -> Result<Page<Thread>, ClientError> {
        self.get("/threads", &[]).query_maybe("turn", turn).page(page).value().await
    }

    /// The thread of a review.
    pub async fn thread(&self, review: &str) -> Result<Fetched<Thread>, ClientError> {
        self.get("/reviews/{id}/thread", &[review]).fetch().await
    }

    /// Says something in the thread of a review.
    pub async fn say(&self, review: &str, message: &NewMessage) -> Result<Thread, ClientError> {
        self.post("/reviews/{id}/thread", &[review]).json(message).value().await
    }

    /// Notes up to which message of a thread the caller has read.
    pub async fn mark_read(&self, review: &str, n: i64) -> Result<(), ClientError> {
        self.post("/reviews/{id}/thread/read", &[review]).json(&ReadUntil { n }).done().await
    }

    /// The template of feedback for each reason.
    pub async fn feedback_templates(&self) -> Result<FeedbackTemplates, ClientError> {
        self.get("/feedback-templates", &[]).value().await
    }

    /// Writes the template of feedback for a reason (administrators).
    pub async fn set_feedback_template(
        &self,
        reason: &str,
        seen: Seen,
        text: &str,
    ) -> Result<FeedbackTemplate, ClientError> {
        let template = NewTemplate { text: text.to_owned() };
        self.put("/feedback-templates/{reason}", &[reason]).if_match(seen).json(&template).value().await
    }
}
