//! Threads: a rejection opens one, the owner and the reviewers speak in turn, and a new submission settles it.

use serde_json::json;

use super::act::{Act, By, Leave, leave, leave_for_review};
use super::case::{self, Case};
use super::input::{Length, words};
use super::record::{Subject, record, tell_thread};
use super::refused::Refused;
use super::sight::Viewer;
use crate::domain::id::{AccountId, ExtensionId, ReviewId};
use crate::domain::limits::{FEEDBACK_CHARS_MAX, THREAD_MESSAGES_MAX, THREAD_MESSAGES_PER_HOUR_MAX};
use crate::domain::permit::{Action, AnswerThread, Denied, ReadThread, WriteThread};
use crate::domain::thread::{Side, Turn};
use crate::domain::time::Timestamp;
use crate::store::reviews::{self, ReviewRow};
use crate::store::threads::{self, MessageRow, ThreadLine, ThreadQuery, ThreadRow};
use crate::store::{StoreError, Tx};

const HOUR_MS: i64 = 3_600_000;

/// Something said in the thread of a review.
#[derive(Clone, Debug)]
pub struct Said {
    /// The review.
    pub review: ReviewId,
    /// The words: markdown, kept as text.
    pub text: String,
    /// Whose turn it is then; the other side's where nothing is said.
    pub turn: Option<Turn>,
}

/// A thread with its messages.
#[derive(Clone, Debug)]
pub struct ThreadDetail {
    /// The thread.
    pub row: ThreadRow,
    /// The review.
    pub review: ReviewRow,
    /// Its messages, oldest first.
    pub messages: Vec<MessageRow>,
    /// Up to which the viewer has read.
    pub read_until: i64,
}

/// Says something in the thread of a review; a reviewer's first words open it.
///
/// # Errors
/// [`Refused::NotFound`] for an owner whose review nobody has said anything about, the conflict `thread_full`, and
/// [`Refused::TooOften`].
pub fn say(tx: &mut Tx, act: &Act, input: &Said) -> Result<ThreadRow, Refused> {
    let row = reviews::by_id(tx, input.review)?.ok_or(Refused::NotFound("review"))?;
    let case = case::complete(tx, row)?;
    let me = act.viewer().account();
    let owns = me.is_some() && (me == Some(case.review.author) || me == Some(case.extension.owner));
    if owns {
        let leave = leave_for_review::<AnswerThread>(tx, act, &case.extension, &case.review)?;
        if threads::of(tx, input.review)?.is_none() {
            return Err(Refused::NotFound("thread"));
        }
        speak(tx, act, input, &case, &leave, Side::Owner)
    } else {
        let leave = leave_for_review::<WriteThread>(tx, act, &case.extension, &case.review)?;
        speak(tx, act, input, &case, &leave, Side::Reviewer)
    }
}

fn speak<A: Action>(
    tx: &mut Tx,
    act: &Act,
    input: &Said,
    case: &Case,
    leave: &Leave<A>,
    side: Side,
) -> Result<ThreadRow, Refused> {
    let account = leave.account()?.id;
    let said = words("/text", &input.text, Length::needed(FEEDBACK_CHARS_MAX))?;
    let lately = threads::count_by(tx, account, act.now.plus_ms(-HOUR_MS))?;
    if lately >= THREAD_MESSAGES_PER_HOUR_MAX {
        let what = format!("you wrote {lately} messages within an hour");
        return Err(Refused::TooOften { what, wait_ms: HOUR_MS });
    }
    let mut thread = opened(tx, case, act.now)?;
    if thread.messages >= THREAD_MESSAGES_MAX {
        let detail = format!("this thread has {THREAD_MESSAGES_MAX} messages, and no room for more");
        return Err(Refused::conflict("thread_full", detail));
    }
    thread.turn = input.turn.unwrap_or(side.turns_to());
    thread.owner = case.extension.owner;
    threads::say(tx, &mut thread, side, Some(account), &said, act.now)?;
    threads::mark_read(tx, thread.review, account, thread.messages)?;
    let detail = json!({
        "slug": case.review.slug,
        "number": case.review.number.to_string(),
        "message": thread.messages,
        "turn": thread.turn.name(),
    });
    record(tx, leave, &Subject::Review(thread.review), &detail, act.now);
    tell_thread(tx, "said", &thread, &case.review, &leave.name());
    Ok(thread)
}

/// Tells the owner why a review ended in a rejection, in its thread, as a part of that decision.
pub(super) fn tell(
    tx: &mut Tx,
    case: &Case,
    side: Side,
    by: Option<AccountId>,
    feedback: &str,
    now: Timestamp,
) -> Result<(), Refused> {
    let mut thread = opened(tx, case, now)?;
    thread.turn = Turn::Owner;
    threads::say(tx, &mut thread, side, by, feedback, now)?;
    if let Some(by) = by {
        threads::mark_read(tx, thread.review, by, thread.messages)?;
    }
    let by = case.review.end.as_ref().and_then(|end| end.by_name.as_deref()).unwrap_or("the checks");
    tell_thread(tx, "opened", &thread, &case.review, by);
    Ok(())
}

/// Settles every thread of an extension: what was submitted anew is the answer.
pub(super) fn settle(tx: &mut Tx, extension: ExtensionId) -> Result<(), Refused> {
    for mut thread in threads::unsettled(tx, extension)? {
        thread.turn = Turn::Nobody;
        threads::update(tx, &mut thread)?;
    }
    Ok(())
}

/// Notes up to which message the caller has read; leaves no audit row.
pub fn mark_read(tx: &mut Tx, act: &Act, review: ReviewId, n: i64) -> Result<(), Refused> {
    let _permit = leave::<ReadThread>(tx, act)?;
    let By::Caller(caller) = &act.by else { return Err(Denied::Unknown.into()) };
    let (row, _) = seen(tx, &act.viewer(), review)?;
    let n = n.clamp(0, row.messages);
    Ok(threads::mark_read(tx, review, caller.account.id, n)?)
}

/// The thread of a review with its messages: for maintainers, and for who submitted it or owns the extension.
pub fn thread(tx: &mut Tx, viewer: &Viewer, review: ReviewId) -> Result<ThreadDetail, Refused> {
    let (row, review_row) = seen(tx, viewer, review)?;
    let messages = threads::messages(tx, review, usize::try_from(THREAD_MESSAGES_MAX).unwrap_or(usize::MAX))?;
    let read_until = match viewer.account() {
        Some(account) => threads::read_until(tx, review, account)?,
        None => 0,
    };
    Ok(ThreadDetail { row, review: review_row, messages, read_until })
}

/// A page of threads, those in which something was said last first: all of them for maintainers, one's own for others.
pub fn threads(
    tx: &mut Tx,
    viewer: &Viewer,
    turn: Option<Turn>,
    before: Option<(i64, String)>,
    limit: usize,
) -> Result<Vec<ThreadLine>, Refused> {
    let owner = match viewer {
        Viewer::Anyone => return Err(Denied::Unknown.into()),
        viewer if viewer.is_maintainer() => None,
        viewer => viewer.account(),
    };
    Ok(threads::page(tx, &ThreadQuery { reader: viewer.account(), owner, turn, before, limit })?)
}

fn seen(tx: &mut Tx, viewer: &Viewer, review: ReviewId) -> Result<(ThreadRow, ReviewRow), Refused> {
    let row = reviews::by_id(tx, review)?.ok_or(Refused::NotFound("thread"))?;
    let case = case::complete(tx, row)?;
    let submitted = viewer.account().is_some() && viewer.account() == Some(case.review.author);
    if !submitted && !viewer.sees_all_of(&case.extension) {
        return Err(Refused::NotFound("thread"));
    }
    let thread = threads::of(tx, review)?.ok_or(Refused::NotFound("thread"))?;
    Ok((thread, case.review))
}

fn opened(tx: &mut Tx, case: &Case, now: Timestamp) -> Result<ThreadRow, StoreError> {
    if let Some(thread) = threads::of(tx, case.review.id)? {
        return Ok(thread);
    }
    let thread = ThreadRow {
        review: case.review.id,
        extension: case.extension.id,
        owner: case.extension.owner,
        turn: Turn::Owner,
        messages: 0,
        opened_at: now,
        updated_at: now,
        revision: 0,
    };
    threads::insert(tx, &thread)?;
    Ok(thread)
}
