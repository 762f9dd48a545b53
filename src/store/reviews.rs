//! Rows of reviews: one for each submit, with everything that the queue shows repeated beside it.

use super::columns::{Words, words};
use super::{FromRow, Row, StoreError, Tx, Value};
use crate::domain::digest::Sha256Digest;
use crate::domain::extension::ReasonCode;
use crate::domain::finding::Severity;
use crate::domain::id::{AccountId, ExtensionId, ReviewId, VersionId};
use crate::domain::kind::Kind;
use crate::domain::manifest::Runtime;
use crate::domain::policy::ApprovalsNeeded;
use crate::domain::priority::Standing;
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::stage::{FirstApproval, StageName};
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;

/// One review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRow {
    /// Its id.
    pub id: ReviewId,
    /// The version it is about.
    pub version: VersionId,
    /// The extension of that version.
    pub extension: ExtensionId,
    /// The stage of the version; once the review has ended, the stage it ended in.
    pub stage: StageName,
    /// The extension's slug.
    pub slug: String,
    /// The extension's name.
    pub name: String,
    /// The version's number.
    pub number: VersionNumber,
    /// Who submitted it.
    pub author: AccountId,
    /// That account's name.
    pub author_name: String,
    /// That account's reputation.
    pub author_reputation: u8,
    /// What runs the version.
    pub runtime: Runtime,
    /// What starts it.
    pub kinds: Vec<Kind>,
    /// The scopes it declares.
    pub scopes: ScopeSet,
    /// SHA-256 of its code.
    pub sha256: Sha256Digest,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// Its place in the queue.
    pub standing: Standing,
    /// How many people have to approve it.
    pub approvals_needed: ApprovalsNeeded,
    /// Who has it, as long as the lease lives.
    pub claim: Option<Claim>,
    /// The first of two approvals.
    pub first_approval: Option<FirstApproval>,
    /// The worst finding that nobody dismissed.
    pub findings_worst: Option<Severity>,
    /// Findings that nobody dismissed.
    pub findings_count: i64,
    /// Notes on it.
    pub notes_count: i64,
    /// How it ended, once it has.
    pub end: Option<End>,
    /// Counts the changes that a decision rests on; its `ETag`.
    pub revision: i64,
}

/// That a maintainer has a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who.
    pub by: AccountId,
    /// That account's name.
    pub by_name: String,
    /// Until when.
    pub lease_until: Timestamp,
}

/// How a review ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// What came of it.
    pub outcome: ReviewOutcome,
    /// When.
    pub at: Timestamp,
    /// The name of who ended it; nobody where the checks did.
    pub by_name: Option<String>,
}

/// What came of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewOutcome {
    /// Published.
    Published,
    /// Rejected by a person.
    Rejected,
    /// Rejected by the checks.
    FailedChecks,
    /// Taken back.
    Withdrawn,
}

/// One step of a review's revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewChange {
    /// The revision it made.
    pub revision: i64,
    /// What changed, as a JSON pointer into the review.
    pub pointer: String,
    /// The name of who changed it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// The columns of [`ReviewRow`], of the table `r`.
pub(super) const COLUMNS: &str = "r.id, r.version_id, r.extension_id, r.stage, r.slug, r.name, r.number, r.author_id, \
     r.author_name, r.author_reputation, r.runtime, r.kinds, r.scopes, r.sha256, r.submitted_ms, r.due_ms, \
     r.risk_points, r.reputation_points, r.rank_ms, r.approvals_needed, r.claimed_by, r.claimed_by_name, \
     r.lease_until_ms, r.first_by, r.first_ms, r.first_sha256, r.findings_worst, r.findings_count, r.notes_count, \
     r.outcome, r.ended_ms, r.ended_by, r.revision";

impl FromRow for ReviewRow {
    fn from_row(row: &Row) -> Result<ReviewRow, StoreError> {
        Ok(ReviewRow {
            id: row.parsed(0)?,
            version: row.parsed(1)?,
            extension: row.parsed(2)?,
            stage: row.parsed(3)?,
            slug: row.text(4)?,
            name: row.text(5)?,
            number: row.parsed(6)?,
            author: row.parsed(7)?,
            author_name: row.text(8)?,
            author_reputation: row.number(9)?,
            runtime: row.parsed(10)?,
            kinds: row.parsed::<Words<Kind>>(11)?.0,
            scopes: row.parsed::<Words<Scope>>(12)?.0.into_iter().collect(),
            sha256: row.parsed(13)?,
            submitted_at: row.timestamp(14)?,
            standing: Standing {
                due_at: row.timestamp(15)?,
                risk_points: row.integer(16)?,
                reputation_points: row.integer(17)?,
                rank_ms: row.integer(18)?,
            },
            approvals_needed: if row.integer(19)? > 1 { ApprovalsNeeded::Two } else { ApprovalsNeeded::One },
            claim: claim(row)?,
            first_approval: match row.optional_parsed(23)? {
                Some(by) => Some(FirstApproval { by, at: row.timestamp(24)?, sha256: row.parsed(25)? }),
                None => None,
            },
            findings_worst: severity(row.str(26)?),
            findings_count: row.integer(27)?,
            notes_count: row.integer(28)?,
            end: end(row)?,
            revision: row.integer(32)?,
        })
    }
}

impl FromRow for ReviewChange {
    fn from_row(row: &Row) -> Result<ReviewChange, StoreError> {
        let (revision, pointer) = (row.integer(0)?, row.text(1)?);
        Ok(ReviewChange { revision, pointer, by: row.text(2)?, at: row.timestamp(3)? })
    }
}

impl ReviewRow {
    /// Whether it waits for a decision.
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// The stage with a claim that has run out read as given back.
    pub fn stage_at(&self, now: Timestamp) -> StageName {
        match &self.claim {
            Some(claim) if self.stage == StageName::Review && claim.lease_until <= now => StageName::Ready,
            _ => self.stage,
        }
    }

    /// The claim, where its lease still lives.
    pub fn claim_at(&self, now: Timestamp) -> Option<&Claim> {
        self.claim.as_ref().filter(|claim| claim.lease_until > now)
    }
}

impl ReviewOutcome {
    /// Every outcome.
    pub const ALL: &[ReviewOutcome] =
        &[ReviewOutcome::Published, ReviewOutcome::Rejected, ReviewOutcome::FailedChecks, ReviewOutcome::Withdrawn];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            ReviewOutcome::Published => "published",
            ReviewOutcome::Rejected => "rejected",
            ReviewOutcome::FailedChecks => "failed_checks",
            ReviewOutcome::Withdrawn => "withdrawn",
        }
    }
}

/// The review with this id.
pub fn by_id(tx: &mut Tx, id: ReviewId) -> Result<Option<ReviewRow>, StoreError> {
    author_first(tx, "id", id.into())?;
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM reviews r WHERE r.id = $1{lock}"), &[id.into()])
}

/// The open review of a version; there is one at most.
pub fn open_of_version(tx: &mut Tx, version: VersionId) -> Result<Option<ReviewRow>, StoreError> {
    author_first(tx, "version_id", version.into())?;
    let lock = tx.row_lock();
    let sql = format!("SELECT {COLUMNS} FROM reviews r WHERE r.version_id = $1 AND r.open = 1{lock}");
    tx.query_one(&sql, &[version.into()])
}

/// The newest review of a version.
pub fn newest_of_version(tx: &mut Tx, version: VersionId) -> Result<Option<ReviewRow>, StoreError> {
    author_first(tx, "version_id", version.into())?;
    let lock = tx.row_lock();
    let sql = format!("SELECT {COLUMNS} FROM reviews r WHERE r.version_id = $1 ORDER BY r.id DESC LIMIT 1{lock}");
    tx.query_one(&sql, &[version.into()])
}

/// Every open review, by id.
pub fn open(tx: &mut Tx) -> Result<Vec<ReviewRow>, StoreError> {
    author_first(tx, "open", 1_i64.into())?;
    let lock = tx.row_lock();
    tx.query(&format!("SELECT {COLUMNS} FROM reviews r WHERE r.open = 1 ORDER BY r.id{lock}"), &[])
}

/// The open reviews of an extension.
pub fn open_of_extension(tx: &mut Tx, extension: ExtensionId) -> Result<Vec<ReviewRow>, StoreError> {
    author_first(tx, "extension_id", extension.into())?;
    let lock = tx.row_lock();
    let sql = format!("SELECT {COLUMNS} FROM reviews r WHERE r.extension_id = $1 AND r.open = 1 ORDER BY r.id{lock}");
    tx.query(&sql, &[extension.into()])
}

/// The open reviews of what an account submitted.
pub fn open_of_author(tx: &mut Tx, author: AccountId) -> Result<Vec<ReviewRow>, StoreError> {
    author_first(tx, "author_id", author.into())?;
    let lock = tx.row_lock();
    let sql =
        format!("SELECT {COLUMNS} FROM reviews r WHERE r.author_id = $1 AND r.open = 1 ORDER BY r.submitted_ms{lock}");
    tx.query(&sql, &[author.into()])
}

/// How many open submissions an account has.
pub fn count_open(tx: &mut Tx, author: AccountId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM reviews WHERE author_id = $1 AND open = 1";
    Ok(tx.query_one(sql, &[author.into()])?.unwrap_or(0))
}

/// How many versions an account submitted since then.
pub fn count_since(tx: &mut Tx, author: AccountId, since: Timestamp) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM reviews WHERE author_id = $1 AND open IN (0, 1) AND submitted_ms > $2";
    Ok(tx.query_one(sql, &[author.into(), since.into()])?.unwrap_or(0))
}

/// Claimed reviews whose lease has run out, longest ago first.
pub fn lapsed(tx: &mut Tx, now: Timestamp, limit: usize) -> Result<Vec<ReviewRow>, StoreError> {
    // Whoever holds one of them is deciding about it: the next sweep looks again.
    let lock = if tx.row_lock().is_empty() { "" } else { tx.dialect().row_lock_or_skip() };
    let sql = format!(
        "SELECT {COLUMNS} FROM reviews r WHERE r.open = 1 AND r.stage = 'review' AND r.lease_until_ms <= $1 \
         ORDER BY r.lease_until_ms, r.id LIMIT $2{lock}"
    );
    tx.query(&sql, &[now.into(), limit.into()])
}

/// Adds a review.
pub fn insert(tx: &mut Tx, row: &ReviewRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO reviews (id, version_id, extension_id, runtime, kinds, scopes, risk, sha256, submitted_ms, \
         open, stage, slug, name, number, author_id, author_name, author_reputation, due_ms, risk_points, \
         reputation_points, rank_ms, approvals_needed, claimed_by, claimed_by_name, lease_until_ms, first_by, first_ms, \
         first_sha256, findings_worst, findings_count, notes_count, outcome, ended_ms, ended_by, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
         $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35)";
    let mut params = vec![
        row.id.into(),
        row.version.into(),
        row.extension.into(),
        row.runtime.name().into(),
        words(row.kinds.iter().map(|kind| kind.name())).into(),
        words(row.scopes.names()).into(),
        row.scopes.risk().into(),
        row.sha256.into(),
        row.submitted_at.into(),
    ];
    params.extend(changeable(row));
    tx.execute(sql, &params)?;
    insert_scopes(tx, row)
}

/// Writes what is different from `before`, as it is stored, without making a new revision: leases, priority, what is
/// repeated. A column that is not named costs nothing in the indexes that it stands in.
pub fn write(tx: &mut Tx, before: &ReviewRow, row: &ReviewRow) -> Result<(), StoreError> {
    let mut params = vec![row.id.into()];
    let mut columns = Vec::new();
    for ((column, was), is) in CHANGEABLE.iter().zip(changeable(before)).zip(changeable(row)) {
        if was != is {
            params.push(is);
            columns.push(format!("{column} = ${}", params.len()));
        }
    }
    if !columns.is_empty() {
        tx.execute(&format!("UPDATE reviews SET {} WHERE id = $1", columns.join(", ")), &params)?;
    }
    let rank_before = before.standing.rank_ms;
    if row.is_open() && row.standing.rank_ms == rank_before {
        return Ok(());
    }
    for scope in row.scopes.names() {
        let sql = "DELETE FROM review_scopes WHERE scope = $1 AND rank_ms = $2 AND review_id = $3";
        tx.execute(sql, &[scope.into(), rank_before.into(), row.id.into()])?;
    }
    if row.is_open() { insert_scopes(tx, row) } else { Ok(()) }
}

/// Writes what is different from `before` as the next revision, and notes what changed, who did it and when.
pub fn update(
    tx: &mut Tx,
    before: &ReviewRow,
    row: &mut ReviewRow,
    pointer: &str,
    by: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    row.revision += 1;
    write(tx, before, row)?;
    // Where locks are left out on purpose, this key would still tell.
    let twice = if tx.locks_left_out() { " ON CONFLICT (review_id, revision) DO NOTHING" } else { "" };
    let columns = "review_id, revision, pointer, by_name, at_ms";
    let sql = &format!("INSERT INTO review_changes ({columns}) VALUES ($1, $2, $3, $4, $5){twice}");
    tx.execute(sql, &[row.id.into(), row.revision.into(), pointer.into(), by.into(), at.into()]).map(|_| ())
}

/// Notes that somebody claimed a review, where nobody did before.
pub fn note_first_claim(tx: &mut Tx, review: ReviewId, at: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE reviews SET first_claimed_ms = $2 WHERE id = $1 AND first_claimed_ms IS NULL";
    tx.execute(sql, &[review.into(), at.into()]).map(drop)
}

/// Notes why a review was rejected, to count rejections by.
pub fn note_reason(tx: &mut Tx, review: ReviewId, reason: ReasonCode) -> Result<(), StoreError> {
    tx.execute("UPDATE reviews SET reason = $2 WHERE id = $1", &[review.into(), reason.name().into()]).map(drop)
}

/// What changed after a revision, oldest first, at most 20.
pub fn changes_after(tx: &mut Tx, review: ReviewId, revision: i64) -> Result<Vec<ReviewChange>, StoreError> {
    let sql = "SELECT revision, pointer, by_name, at_ms FROM review_changes WHERE review_id = $1 AND revision > $2 \
         ORDER BY revision LIMIT 20";
    tx.query(sql, &[review.into(), revision.into()])
}

/// Locks the author's account before a review, where many write at once: a decision changes the author's reputation and
/// with it the standing of all that the author has in the queue, so two decisions would wait for each other.
fn author_first(tx: &mut Tx, column: &str, id: Value) -> Result<(), StoreError> {
    let lock = tx.row_lock();
    if lock.is_empty() {
        return Ok(());
    }
    let authors = format!("SELECT r.author_id FROM reviews r WHERE r.{column} = $1");
    tx.query::<()>(&format!("SELECT a.id FROM accounts a WHERE a.id IN ({authors}) ORDER BY a.id{lock}"), &[id])
        .map(drop)
}

/// The columns that can change, in the order of [`changeable`].
const CHANGEABLE: [&str; 26] = [
    "open",
    "stage",
    "slug",
    "name",
    "number",
    "author_id",
    "author_name",
    "author_reputation",
    "due_ms",
    "risk_points",
    "reputation_points",
    "rank_ms",
    "approvals_needed",
    "claimed_by",
    "claimed_by_name",
    "lease_until_ms",
    "first_by",
    "first_ms",
    "first_sha256",
    "findings_worst",
    "findings_count",
    "notes_count",
    "outcome",
    "ended_ms",
    "ended_by",
    "revision",
];

fn changeable(row: &ReviewRow) -> [Value; 26] {
    let (claim, first, end) = (row.claim.as_ref(), row.first_approval, row.end.as_ref());
    [
        row.is_open().into(),
        row.stage.name().into(),
        row.slug.as_str().into(),
        row.name.as_str().into(),
        row.number.to_string().into(),
        row.author.into(),
        row.author_name.as_str().into(),
        row.author_reputation.into(),
        row.standing.due_at.into(),
        row.standing.risk_points.into(),
        row.standing.reputation_points.into(),
        row.standing.rank_ms.into(),
        (if row.approvals_needed == ApprovalsNeeded::Two { 2 } else { 1_i64 }).into(),
        claim.map(|claim| claim.by).into(),
        claim.map(|claim| claim.by_name.as_str()).into(),
        claim.map(|claim| claim.lease_until).into(),
        first.map(|first| first.by).into(),
        first.map(|first| first.at).into(),
        first.map(|first| first.sha256).into(),
        row.findings_worst.map_or("", Severity::name).into(),
        row.findings_count.into(),
        row.notes_count.into(),
        end.map(|end| end.outcome.name()).into(),
        end.map(|end| end.at).into(),
        end.and_then(|end| end.by_name.as_deref()).into(),
        row.revision.into(),
    ]
}

fn insert_scopes(tx: &mut Tx, row: &ReviewRow) -> Result<(), StoreError> {
    for scope in row.scopes.names() {
        let sql = "INSERT INTO review_scopes (scope, rank_ms, review_id) VALUES ($1, $2, $3)";
        tx.execute(sql, &[scope.into(), row.standing.rank_ms.into(), row.id.into()])?;
    }
    Ok(())
}

fn claim(row: &Row) -> Result<Option<Claim>, StoreError> {
    Ok(match row.optional_parsed(20)? {
        Some(by) => Some(Claim { by, by_name: row.text(21)?, lease_until: row.timestamp(22)? }),
        None => None,
    })
}

fn end(row: &Row) -> Result<Option<End>, StoreError> {
    let Some(name) = row.optional_text(29)? else { return Ok(None) };
    let outcome = ReviewOutcome::ALL.iter().copied().find(|outcome| outcome.name() == name);
    let outcome =
        outcome.ok_or_else(|| StoreError::Corrupt(format!("column 29 holds {name:?}, no outcome of a review")))?;
    Ok(Some(End { outcome, at: row.timestamp(30)?, by_name: row.optional_text(31)? }))
}

fn severity(name: &str) -> Option<Severity> {
    [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical]
        .into_iter()
        .find(|severity| severity.name() == name)
}
