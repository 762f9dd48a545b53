//! Writing a note on a review, for other maintainers.

use serde_json::json;

use super::act::Act;
use super::case;
use super::input::{Length, text};
use super::record::{Subject, record, tell_queue};
use super::refused::Refused;
use crate::domain::id::{NoteId, ReviewId};
use crate::domain::limits::FEEDBACK_CHARS_MAX;
use crate::domain::permit::NoteReview;
use crate::store::Tx;
use crate::store::notes::{self, NoteRow};
use crate::store::reviews::ReviewRow;

/// What was written.
#[derive(Clone, Debug)]
pub struct Noted {
    /// The note.
    pub note: NoteRow,
    /// The review with its new revision.
    pub review: ReviewRow,
}

/// Adds a note to a review.
pub fn note(tx: &mut Tx, act: &Act, review: ReviewId, words: &str) -> Result<Noted, Refused> {
    let (mut case, leave) = case::open::<NoteReview>(tx, act, review)?;
    let words = text("/text", words, Length::needed(FEEDBACK_CHARS_MAX))?;
    let note = NoteRow {
        id: NoteId::mint(act.now, &mut act.entropy()),
        review,
        by: leave.account()?.id,
        by_name: leave.name(),
        at: act.now,
        text: words,
    };
    notes::insert(tx, &note)?;
    case.review.notes_count += 1;
    case.write_review(tx, "/notes", &leave.name(), act.now)?;
    let detail = json!({
        "slug": case.review.slug,
        "number": case.review.number.to_string(),
        "note_id": note.id.to_string(),
    });
    record(tx, &leave, &Subject::Review(review), &detail, act.now);
    tell_queue(tx, "noted", &case.review, case.extension.owner, &leave.name());
    Ok(Noted { note, review: case.review })
}
