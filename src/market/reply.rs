//! The owner's one answer to a rating.

use super::act::{Act, IfMatch, Leave, last_change, leave_for};
use super::input::{Length, words};
use super::rate::tell;
use super::refused::Refused;
use super::sight::find;
use crate::domain::id::RatingId;
use crate::domain::limits::RATING_TEXT_CHARS_MAX;
use crate::domain::permit::ReplyToRating;
use crate::store::Tx;
use crate::store::extensions::ExtensionRow;
use crate::store::ratings::{self, RatingRow, Reply};

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The rating.
    pub rating: RatingId,
    /// The revision that was seen.
    pub if_match: IfMatch,
    /// The words.
    pub text: String,
}

/// Answers a rating.
///
/// # Errors
/// The conflict `already_replied`: there is one answer to a rating.
pub fn reply(tx: &mut Tx, act: &Act, input: &Answer) -> Result<RatingRow, Refused> {
    let (extension, was, leave) = open(tx, act, input.rating, input.if_match)?;
    if was.reply.is_some() {
        return Err(Refused::conflict(
            "already_replied",
            "there is one reply to a rating; take it back to write another",
        ));
    }
    let text = words("/text", &input.text, Length::needed(RATING_TEXT_CHARS_MAX))?;
    let by = leave.account()?;
    let mut row = was.clone();
    row.reply = Some(Reply { text, by: by.id, by_name: by.name.to_string(), at: act.now });
    ratings::update(tx, &was, &mut row, "replied", by.id, act.now)?;
    tell(tx, &leave, "replied", &extension, &row, act.now);
    Ok(row)
}

/// Takes the answer to a rating back.
pub fn delete_reply(tx: &mut Tx, act: &Act, rating: RatingId, if_match: IfMatch) -> Result<RatingRow, Refused> {
    let (extension, was, leave) = open(tx, act, rating, if_match)?;
    if was.reply.is_none() {
        return Err(Refused::NotFound("reply"));
    }
    let mut row = was.clone();
    row.reply = None;
    ratings::update(tx, &was, &mut row, "unreplied", leave.account()?.id, act.now)?;
    tell(tx, &leave, "unreplied", &extension, &row, act.now);
    Ok(row)
}

fn open(
    tx: &mut Tx,
    act: &Act,
    rating: RatingId,
    if_match: IfMatch,
) -> Result<(ExtensionRow, RatingRow, Leave<ReplyToRating>), Refused> {
    let row = ratings::by_id(tx, rating)?.filter(RatingRow::counts).ok_or(Refused::NotFound("rating"))?;
    let extension = find(tx, &act.viewer(), &row.extension.into()).map_err(|_| Refused::NotFound("rating"))?;
    let leave = leave_for::<ReplyToRating>(tx, act, &extension)?;
    if_match.check(row.revision, |_| last_change(tx, "rating", row.id))?;
    Ok((extension, row, leave))
}
