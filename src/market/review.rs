//! Looking at one review: everything that a decision rests on.

use super::queue::{QueueItem, item};
use super::refused::Refused;
use super::reputation::{Author, author};
use super::sight::Viewer;
use crate::domain::id::ReviewId;
use crate::domain::time::Timestamp;
use crate::store::audit::{self, AuditFilter, AuditRow};
use crate::store::extensions::ExtensionRow;
use crate::store::findings::{self, CheckRow, FindingRow, RunReportRow};
use crate::store::notes::{self, NoteRow};
use crate::store::versions::{self, VersionRow};
use crate::store::{Tx, policy, reviews};

/// Notes and history rows shown at most.
const SHOWN_MAX: usize = 200;

/// One review with everything beside it.
#[derive(Clone, Debug)]
pub struct ReviewDetail {
    /// The review as the queue shows it.
    pub item: QueueItem,
    /// The extension.
    pub extension: ExtensionRow,
    /// The version under review.
    pub version: VersionRow,
    /// The published version with the greatest number, to compare with; never the version itself.
    pub published: Option<VersionRow>,
    /// The rules that ran.
    pub checks: Vec<CheckRow>,
    /// What they found.
    pub findings: Vec<FindingRow>,
    /// The dry run's report for each handler.
    pub reports: Vec<RunReportRow>,
    /// Notes of maintainers; empty for the author.
    pub notes: Vec<NoteRow>,
    /// What happened to the version and the review, newest first.
    pub history: Vec<AuditRow>,
    /// The author's reputation with its parts.
    pub author: Author,
}

/// Reads a review for a maintainer, or for the account that submitted it or owns the extension.
pub fn review(tx: &mut Tx, viewer: &Viewer, id: ReviewId, now: Timestamp) -> Result<ReviewDetail, Refused> {
    let row = reviews::by_id(tx, id)?.ok_or(Refused::NotFound("review"))?;
    let case = super::case::complete(tx, row)?;
    let submitted = viewer.account() == Some(case.review.author);
    if !submitted && !viewer.sees_all_of(&case.extension) {
        return Err(Refused::NotFound("review"));
    }
    let policy = policy::in_force(tx, now)?;
    let published = versions::last_published(tx, case.extension.id)?.filter(|row| row.id != case.version.id);
    let notes = if viewer.is_maintainer() { notes::of_review(tx, id, SHOWN_MAX)? } else { Vec::new() };
    let mut history = Vec::new();
    for (kind, subject) in [("review", id.to_string()), ("version", case.version.id.to_string())] {
        let filter = AuditFilter { subject: Some((kind.to_owned(), subject)), ..AuditFilter::default() };
        history.extend(audit::page(tx, &filter, None, SHOWN_MAX)?);
    }
    history.sort_by_key(|row| std::cmp::Reverse(row.number));
    Ok(ReviewDetail {
        checks: findings::checks(tx, id)?,
        findings: findings::of_review(tx, id)?,
        reports: findings::reports(tx, id)?,
        author: author(tx, case.review.author, &policy, now)?,
        item: item(case.review, &policy, now),
        extension: case.extension,
        version: case.version,
        published,
        notes,
        history,
    })
}
