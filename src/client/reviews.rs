//! Reviews: what a maintainer reads and decides.

use super::{Client, ClientError, Fetched, Seen};
use crate::api::extensions::Reason;
use crate::api::queue::QueueItem;
use crate::api::reviews::{Approve, BulkItem, BulkResult, Decided, Finding, NewNote, Note, Reject, Review};

impl Client {
    /// One review with everything a decision rests on.
    pub async fn review(&self, review: &str) -> Result<Fetched<Review>, ClientError> {
        self.get("/reviews/{id}", &[review]).fetch().await
    }

    /// Takes a submission on.
    pub async fn claim(&self, review: &str, seen: Seen) -> Result<Fetched<QueueItem>, ClientError> {
        self.post("/reviews/{id}/claim", &[review]).if_match(seen).fetch().await
    }

    /// Prolongs the caller's claim.
    pub async fn renew(&self, review: &str) -> Result<Fetched<QueueItem>, ClientError> {
        self.post("/reviews/{id}/renew", &[review]).fetch().await
    }

    /// Gives the caller's claim back.
    pub async fn release(&self, review: &str) -> Result<Fetched<QueueItem>, ClientError> {
        self.post("/reviews/{id}/release", &[review]).fetch().await
    }

    /// Approves what was seen: the revision that was shown and the code that was read.
    pub async fn approve(&self, review: &str, revision: i64, approve: &Approve) -> Result<Decided, ClientError> {
        let call = self.post("/reviews/{id}/approve", &[review]);
        call.if_match(Seen::Revision(revision)).json(approve).value().await
    }

    /// Rejects what was seen, with a text for the author.
    pub async fn reject(&self, review: &str, revision: i64, reject: &Reject) -> Result<Decided, ClientError> {
        let call = self.post("/reviews/{id}/reject", &[review]);
        call.if_match(Seen::Revision(revision)).json(reject).value().await
    }

    /// Writes a note for other reviewers.
    pub async fn note(&self, review: &str, text: &str) -> Result<Note, ClientError> {
        self.post("/reviews/{id}/note", &[review]).json(&NewNote { text: text.to_owned() }).value().await
    }

    /// Does up to 100 things to reviews; each has its own outcome, in the order given.
    pub async fn bulk(&self, items: &[BulkItem]) -> Result<Vec<BulkResult>, ClientError> {
        self.post("/reviews/bulk", &[]).json(&items).value().await
    }

    /// Says that a finding is not a problem; it stays so for later versions with the same code.
    pub async fn dismiss_finding(&self, finding: &str, reason: &str) -> Result<Finding, ClientError> {
        self.post("/findings/{id}/dismiss", &[finding]).json(&Reason { reason: reason.to_owned() }).value().await
    }
}
