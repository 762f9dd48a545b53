//! Rows of the queue's pages: what a page shows of a review, as the texts and numbers that are kept, none of them parsed.

use super::cursor::{Key, Order, Place};
use super::{FromRow, Row, StoreError};
use crate::domain::id::{AccountId, ReviewId};
use crate::domain::priority::Standing;
use crate::domain::stage::StageName;
use crate::domain::time::Timestamp;

/// How many texts a row has.
const TEXTS: usize = 14;

/// The columns of [`QueueRow`], of the table `r`: its texts first, in the order of [`Text`].
pub(super) const COLUMNS: &str = "r.id, r.version_id, r.extension_id, r.slug, r.name, r.number, r.author_name, r.runtime, \
     r.kinds, r.scopes, r.sha256, r.findings_worst, COALESCE(r.claimed_by_name, ''), COALESCE(r.first_by, ''), \
     r.stage, r.author_reputation, r.risk, r.submitted_ms, r.due_ms, r.risk_points, \
     r.reputation_points, r.rank_ms, r.approvals_needed, COALESCE(r.lease_until_ms, 0), r.findings_count, \
     r.notes_count, r.revision";

/// An open review as a page of the queue shows it.
///
/// A page holds a hundred of them and is asked for all the time, so its texts lie behind one another in one piece of
/// memory and go to the wire as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    texts: Box<str>,
    ends: [u32; TEXTS],
    stage: StageName,
    lease_until: Timestamp,
    /// The submitter's reputation, 0 to 100.
    pub author_reputation: i64,
    /// The sum of its scopes' weights.
    pub risk: i64,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// Its place in the queue.
    pub standing: Standing,
    /// How many people have to approve it.
    pub approvals_needed: i64,
    /// Findings that nobody dismissed.
    pub findings_count: i64,
    /// Notes on it.
    pub notes_count: i64,
    /// Counts the changes that a decision rests on; its `ETag`.
    pub revision: i64,
}

/// The texts of a row, by their columns.
#[derive(Clone, Copy)]
enum Text {
    Id,
    Version,
    Extension,
    Slug,
    Name,
    Number,
    AuthorName,
    Runtime,
    Kinds,
    Scopes,
    Sha256,
    FindingsWorst,
    ClaimedByName,
    FirstBy,
}

impl QueueRow {
    /// The review's id.
    pub fn id(&self) -> &str {
        self.text(Text::Id)
    }

    /// The review's id, parsed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where it is none.
    pub fn review(&self) -> Result<ReviewId, StoreError> {
        self.id().parse().map_err(|error| StoreError::Corrupt(format!("a review's id is {error}")))
    }

    /// The version's id.
    pub fn version(&self) -> &str {
        self.text(Text::Version)
    }

    /// The extension's id.
    pub fn extension(&self) -> &str {
        self.text(Text::Extension)
    }

    /// The extension's slug.
    pub fn slug(&self) -> &str {
        self.text(Text::Slug)
    }

    /// The extension's name.
    pub fn name(&self) -> &str {
        self.text(Text::Name)
    }

    /// The version's number.
    pub fn number(&self) -> &str {
        self.text(Text::Number)
    }

    /// The name of who submitted it.
    pub fn author_name(&self) -> &str {
        self.text(Text::AuthorName)
    }

    /// What runs the version.
    pub fn runtime(&self) -> &str {
        self.text(Text::Runtime)
    }

    /// What starts it, as names.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.text(Text::Kinds).split_ascii_whitespace()
    }

    /// The scopes it declares, as names.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.text(Text::Scopes).split_ascii_whitespace()
    }

    /// SHA-256 of its code, in hexadecimal.
    pub fn sha256(&self) -> &str {
        self.text(Text::Sha256)
    }

    /// The name of the worst severity found, empty where nothing was.
    pub fn findings_worst(&self) -> &str {
        self.text(Text::FindingsWorst)
    }

    /// Who gave the first of two approvals.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where what is kept is no id.
    pub fn first_by(&self) -> Result<Option<AccountId>, StoreError> {
        match self.text(Text::FirstBy) {
            "" => Ok(None),
            id => id.parse().map(Some).map_err(|error| StoreError::Corrupt(format!("who approved first is {error}"))),
        }
    }

    /// The stage with a claim that has run out read as given back.
    pub fn stage_at(&self, now: Timestamp) -> StageName {
        if self.stage == StageName::Review && self.lease_until <= now { StageName::Ready } else { self.stage }
    }

    /// Who has claimed it, by name, and until when, where that lease still lives.
    pub fn claim_at(&self, now: Timestamp) -> Option<(&str, Timestamp)> {
        (self.lease_until > now).then(|| (self.text(Text::ClaimedByName), self.lease_until))
    }

    /// Its place in an order.
    pub(super) fn place(&self, order: Order) -> Place {
        let key = match order.by {
            "due" => Key::Number(self.standing.due_at.as_ms()),
            "submitted" => Key::Number(self.submitted_at.as_ms()),
            "risk" => Key::Number(self.risk),
            "slug" => Key::Text(self.slug().to_owned()),
            _ => Key::Number(self.standing.rank_ms),
        };
        Place { key, id: self.id().to_owned() }
    }

    fn text(&self, text: Text) -> &str {
        let place = text as usize;
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        self.texts.get(start as usize..self.ends[place] as usize).unwrap_or("")
    }
}

impl FromRow for QueueRow {
    fn from_row(row: &Row) -> Result<QueueRow, StoreError> {
        let (mut texts, mut ends) = (String::with_capacity(512), [0; TEXTS]);
        for (place, end) in ends.iter_mut().enumerate() {
            texts.push_str(row.str(place)?);
            *end = u32::try_from(texts.len()).map_err(|_| StoreError::Corrupt("a review of 4 GiB".to_owned()))?;
        }
        Ok(QueueRow {
            texts: texts.into_boxed_str(),
            ends,
            stage: row.parsed(14)?,
            author_reputation: row.integer(15)?,
            risk: row.integer(16)?,
            submitted_at: row.timestamp(17)?,
            standing: Standing {
                due_at: row.timestamp(18)?,
                risk_points: row.integer(19)?,
                reputation_points: row.integer(20)?,
                rank_ms: row.integer(21)?,
            },
            approvals_needed: row.integer(22)?,
            lease_until: row.timestamp(23)?,
            findings_count: row.integer(24)?,
            notes_count: row.integer(25)?,
            revision: row.integer(26)?,
        })
    }
}
