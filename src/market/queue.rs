//! Looking at the queue: pages of submissions with their priority as it stands now.

use super::refused::Refused;
use super::sight::Viewer;
use crate::domain::filter::Filter;
use crate::domain::id::AccountId;
use crate::domain::limits::PAGE_ITEMS_MAX;
use crate::domain::permit::Denied;
use crate::domain::policy::Policy;
use crate::domain::priority::Priority;
use crate::domain::stage::StageName;
use crate::domain::time::Timestamp;
use crate::store::queue::{self, QueueQuery};
use crate::store::reviews::{Claim, ReviewRow};
use crate::store::{Cursor, QueueRow, Tx, policy};

/// One submission as it stands now.
#[derive(Clone, Debug)]
pub struct QueueItem {
    /// Its row.
    pub row: ReviewRow,
    /// Its stage now; a claim that has run out reads as given back.
    pub stage: StageName,
    /// Who has it now.
    pub claim: Option<Claim>,
    /// Its priority now.
    pub priority: Priority,
}

/// One submission as a page of the queue shows it.
#[derive(Clone, Debug)]
pub struct QueueLine {
    /// Its row.
    pub row: QueueRow,
    /// Its stage now; a claim that has run out reads as given back.
    pub stage: StageName,
    /// Its priority now.
    pub priority: Priority,
}

/// One page of the queue.
#[derive(Clone, Debug)]
pub struct QueueLines {
    /// The submissions, in order.
    pub lines: Vec<QueueLine>,
    /// When that is; whose claim has run out by then has none.
    pub now: Timestamp,
    /// Where the next page starts.
    pub next: Option<Cursor>,
}

/// Reads a page of the queue: all of it for maintainers, their own submissions for everyone else.
pub fn queue(
    tx: &mut Tx,
    viewer: &Viewer,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
    now: Timestamp,
) -> Result<QueueLines, Refused> {
    let only_author = only_author(viewer)?;
    let limit = limit.clamp(1, PAGE_ITEMS_MAX);
    let query = QueueQuery { asker: viewer.account(), only_author, after, limit, ..QueueQuery::of(filter, now) };
    policy::foresee(tx);
    let page = queue::page(tx, &query)?;
    let policy = policy::in_force(tx, now)?;
    let line = |row: QueueRow| {
        let (stage, priority) = (row.stage_at(now), row.standing.at(&policy.review, now));
        QueueLine { row, stage, priority }
    };
    Ok(QueueLines { lines: page.rows.into_iter().map(line).collect(), now, next: page.next })
}

/// Counts what [`queue()`] would give on all its pages; nothing where counting would mean looking at too many rows.
pub fn queue_total(tx: &mut Tx, viewer: &Viewer, filter: &Filter, now: Timestamp) -> Result<Option<u64>, Refused> {
    let only_author = only_author(viewer)?;
    let query = QueueQuery { asker: viewer.account(), only_author, ..QueueQuery::of(filter, now) };
    Ok(queue::count(tx, &query)?.and_then(|total| u64::try_from(total).ok()))
}

/// The account whose submissions are all that the viewer sees; none where it sees everybody's.
fn only_author(viewer: &Viewer) -> Result<Option<AccountId>, Refused> {
    match viewer {
        Viewer::Anyone => Err(Denied::Unknown.into()),
        viewer if viewer.is_maintainer() => Ok(None),
        viewer => Ok(viewer.account()),
    }
}

/// A review as the queue shows it.
pub fn item(row: ReviewRow, policy: &Policy, now: Timestamp) -> QueueItem {
    let stage = row.stage_at(now);
    let claim = row.claim_at(now).cloned();
    let priority = row.standing.at(&policy.review, now);
    QueueItem { row, stage, claim, priority }
}
