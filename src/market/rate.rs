//! Rating an extension that one has on a server, changing that, and taking it back.

use serde_json::json;

use super::act::{Act, IfMatch, Leave, last_change, leave_for};
use super::input::{Length, words};
use super::record::{Subject, record, tell_rating};
use super::refused::Refused;
use super::reputation;
use super::sight::{ExtensionRef, find};
use crate::domain::id::{AccountId, RatingId, VersionId};
use crate::domain::limits::{RATING_CHANGES_PER_HOUR_MAX, RATING_TEXT_CHARS_MAX};
use crate::domain::permit::{Action, DeleteRating, RateExtension};
use crate::domain::policy::Policy;
use crate::domain::rating::{RatingState, Stars};
use crate::domain::reputation::EventKind;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;
use crate::store::extensions::ExtensionRow;
use crate::store::ratings::{self, RatingRow};
use crate::store::versions::{self, VersionRow};
use crate::store::{StoreError, Tx, rating_reports};

const HOUR_MS: i64 = 3_600_000;

/// What somebody thinks of an extension.
#[derive(Clone, Debug)]
pub struct Rate {
    /// The extension.
    pub extension: ExtensionRef,
    /// The revision of one's own rating that was seen.
    pub if_match: IfMatch,
    /// How good.
    pub stars: Stars,
    /// Why; may be empty.
    pub text: String,
    /// Which version it is about; the one that runs where nothing is said.
    pub number: Option<VersionNumber>,
}

/// Rates an extension, in the place of what the account said of it before. What was said already is not said again: then
/// nothing is written.
///
/// # Errors
/// The conflicts `own_extension`, `not_installed`, `version_not_installed` and `rating_hidden`, and
/// [`Refused::TooOften`].
pub fn rate(tx: &mut Tx, act: &Act, input: &Rate) -> Result<RatingRow, Refused> {
    let extension = find(tx, &act.viewer(), &input.extension)?;
    let leave = leave_for::<RateExtension>(tx, act, &extension)?;
    let account = leave.account()?.clone();
    if account.id == extension.owner {
        return Err(Refused::conflict("own_extension", "nobody rates an extension of their own"));
    }
    let text = words("/text", &input.text, Length::optional(RATING_TEXT_CHARS_MAX))?;
    let version = version_rated(tx, &extension, account.id, input.number.as_ref())?;
    let was = ratings::of(tx, extension.id, account.id)?;
    input.if_match.check(was.as_ref().map_or(0, |row| row.revision), |_| match &was {
        Some(row) => last_change(tx, "rating", row.id),
        None => Ok(Vec::new()),
    })?;
    let Some(was) = was else {
        check_rate(tx, account.id, act.now)?;
        let row = RatingRow {
            id: RatingId::mint(act.now, &mut act.entropy()),
            extension: extension.id,
            account: account.id,
            account_name: account.name.to_string(),
            version: version.id,
            number: version.number,
            stars: input.stars,
            text,
            state: RatingState::Shown,
            reply: None,
            credited_to: extension.owner,
            created_at: act.now,
            updated_at: act.now,
            revision: 1,
        };
        ratings::insert(tx, &row)?;
        credit(tx, None, &row, &extension, &leave.policy, act.now)?;
        tell(tx, &leave, "rated", &extension, &row, act.now);
        return Ok(row);
    };
    check_not_hidden(tx, &was)?;
    let said = (was.state, was.stars, was.text.as_str(), was.version);
    if said == (RatingState::Shown, input.stars, text.as_str(), version.id) {
        return Ok(was);
    }
    check_rate(tx, account.id, act.now)?;
    let mut row = was.clone();
    (row.version, row.number, row.stars, row.text) = (version.id, version.number, input.stars, text);
    (row.state, row.credited_to, row.updated_at) = (RatingState::Shown, extension.owner, act.now);
    let what = if was.state == RatingState::Deleted { "rated" } else { "edited" };
    ratings::update(tx, &was, &mut row, what, account.id, act.now)?;
    credit(tx, Some(&was), &row, &extension, &leave.policy, act.now)?;
    tell(tx, &leave, what, &extension, &row, act.now);
    Ok(row)
}

/// Takes the caller's rating back: it counts no more, and its words are gone, from its history too.
pub fn delete_rating(
    tx: &mut Tx,
    act: &Act,
    extension: &ExtensionRef,
    if_match: IfMatch,
) -> Result<RatingRow, Refused> {
    let extension = find(tx, &act.viewer(), extension)?;
    let leave = leave_for::<DeleteRating>(tx, act, &extension)?;
    let account = leave.account()?.id;
    let was = ratings::of(tx, extension.id, account)?.filter(|row| row.state != RatingState::Deleted);
    let was = was.ok_or(Refused::NotFound("rating"))?;
    if_match.check(was.revision, |_| last_change(tx, "rating", was.id))?;
    let mut row = was.clone();
    (row.state, row.text, row.reply, row.updated_at) = (RatingState::Deleted, String::new(), None, act.now);
    ratings::update(tx, &was, &mut row, "deleted", account, act.now)?;
    ratings::forget_words(tx, row.id)?;
    rating_reports::make_moot(tx, row.id)?;
    credit(tx, Some(&was), &row, &extension, &leave.policy, act.now)?;
    tell(tx, &leave, "deleted", &extension, &row, act.now);
    Ok(row)
}

/// Keeps what a change of a rating means for the reputation of who owns what was rated: what counted is taken from whom
/// it was credited to, what counts now is given to whom it is.
pub(super) fn credit(
    tx: &mut Tx,
    was: Option<&RatingRow>,
    row: &RatingRow,
    extension: &ExtensionRow,
    policy: &Policy,
    now: Timestamp,
) -> Result<(), Refused> {
    let counted = |row: &RatingRow| row.counts().then(|| (row.credited_to, i64::from(row.stars.number())));
    let (before, after) = (was.and_then(counted), counted(row));
    let mut happened: Vec<(AccountId, i64, i64)> = Vec::new();
    match (before, after) {
        (Some((from, old)), Some((to, new))) if from == to => happened.push((to, 0, new - old)),
        (before, after) => {
            happened.extend(before.map(|(from, old)| (from, -1, -old)));
            happened.extend(after.map(|(to, new)| (to, 1, new)));
        }
    }
    for (account, amount, stars) in happened.into_iter().filter(|(_, amount, stars)| (*amount, *stars) != (0, 0)) {
        let about = format!("{} {}: {} of 5", extension.slug, row.number, row.stars);
        let event = reputation::event(EventKind::Rated, amount, row.id, about, now);
        reputation::count(tx, account, &crate::store::reputation::ReputationEvent { stars, ..event }, policy)?;
    }
    Ok(())
}

/// Writes the audit row of a change of a rating, which never holds its words, and tells of it.
pub(super) fn tell<A: Action>(
    tx: &mut Tx,
    leave: &Leave<A>,
    what: &str,
    extension: &ExtensionRow,
    row: &RatingRow,
    now: Timestamp,
) {
    let detail = json!({
        "what": what,
        "slug": extension.slug.as_str(),
        "number": row.number.to_string(),
        "stars": row.stars.number(),
        "state": row.state.name(),
        "revision": row.revision,
    });
    record(tx, leave, &Subject::Rating(row.id), &detail, now);
    tell_rating(tx, what, extension, row, &leave.name());
}

/// The version that is rated: one that the account has on a server.
fn version_rated(
    tx: &mut Tx,
    extension: &ExtensionRow,
    account: AccountId,
    asked: Option<&VersionNumber>,
) -> Result<VersionRow, Refused> {
    let running: Vec<VersionId> = ratings::runs_version(tx, extension.id, account)?;
    let Some(newest) = running.first() else {
        let detail = format!("{} is on no server that you own or manage; only who has it rates it", extension.slug);
        return Err(Refused::conflict("not_installed", detail));
    };
    let found = match asked {
        None => versions::by_id(tx, *newest)?,
        Some(number) => versions::by_number(tx, extension.id, number)?.filter(|row| running.contains(&row.id)),
    };
    match (found, asked) {
        (Some(version), _) => Ok(version),
        (None, Some(number)) => {
            let detail = format!("{} {number} is on no server that you own or manage", extension.slug);
            Err(Refused::conflict("version_not_installed", detail))
        }
        (None, None) => Err(StoreError::Corrupt(format!("the version {newest} is gone")).into()),
    }
}

fn check_not_hidden(tx: &mut Tx, was: &RatingRow) -> Result<(), Refused> {
    use crate::domain::rating::ReportState;
    let upheld = rating_reports::of_rating(tx, was.id)?.into_iter().any(|report| report.state == ReportState::Upheld);
    if upheld || was.state == RatingState::Hidden {
        let detail = "your rating was hidden after a report; only a maintainer can show it again";
        return Err(Refused::conflict("rating_hidden", detail));
    }
    Ok(())
}

fn check_rate(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<(), Refused> {
    let changes = ratings::changes_by(tx, account, now.plus_ms(-HOUR_MS))?;
    if changes >= RATING_CHANGES_PER_HOUR_MAX {
        let what = format!("you changed ratings {changes} times within an hour");
        return Err(Refused::TooOften { what, wait_ms: HOUR_MS });
    }
    Ok(())
}
