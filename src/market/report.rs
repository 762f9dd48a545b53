//! Reporting a rating, and deciding about what was reported.

use serde_json::json;

use super::act::{Act, IfMatch, last_change, leave_for};
use super::input::{Length, words};
use super::rate::{credit, tell};
use super::record::{Subject, record, tell_rating};
use super::refused::Refused;
use super::reputation;
use super::sight::find;
use crate::domain::id::{RatingId, ReportId};
use crate::domain::limits::{RATING_REPORTS_PER_DAY_MAX, REASON_CHARS_MAX};
use crate::domain::permit::{DecideReport, ReportRating};
use crate::domain::rating::{RatingState, ReportReason, ReportState};
use crate::domain::reputation::EventKind;
use crate::store::rating_reports::{self, Decision, ReportRow};
use crate::store::ratings::{self, RatingRow};
use crate::store::{StoreError, Tx, extensions};

const DAY_MS: i64 = 86_400_000;

/// What somebody finds wrong with a rating.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// The rating.
    pub rating: RatingId,
    /// What sort of wrong.
    pub reason: ReportReason,
    /// In more words; may be empty.
    pub text: String,
}

/// How a report is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rating is hidden.
    Uphold,
    /// The rating is shown.
    Dismiss,
}

/// A decision about a report, and with it about every other report of the same rating.
#[derive(Clone, Debug)]
pub struct ReportVerdict {
    /// The report.
    pub report: ReportId,
    /// The revision that was seen.
    pub if_match: IfMatch,
    /// The decision.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}

/// Reports a rating to the maintainers.
///
/// # Errors
/// The conflicts `own_rating` and `already_reported`, and [`Refused::TooOften`].
pub fn report(tx: &mut Tx, act: &Act, input: &Complaint) -> Result<ReportRow, Refused> {
    let rating = ratings::by_id(tx, input.rating)?.filter(RatingRow::counts).ok_or(Refused::NotFound("rating"))?;
    let extension = find(tx, &act.viewer(), &rating.extension.into()).map_err(|_| Refused::NotFound("rating"))?;
    let leave = leave_for::<ReportRating>(tx, act, &extension)?;
    let account = leave.account()?.id;
    if account == rating.account {
        return Err(Refused::conflict("own_rating", "this rating is yours; change it or take it back"));
    }
    let reported = rating_reports::count_by(tx, account, act.now.plus_ms(-DAY_MS))?;
    if reported >= RATING_REPORTS_PER_DAY_MAX {
        let what = format!("you reported {reported} ratings within a day");
        return Err(Refused::TooOften { what, wait_ms: DAY_MS });
    }
    let row = ReportRow {
        id: ReportId::mint(act.now, &mut act.entropy()),
        rating: rating.id,
        rating_revision: rating.revision,
        extension: extension.id,
        by: account,
        reason: input.reason,
        text: words("/text", &input.text, Length::optional(REASON_CHARS_MAX))?,
        at: act.now,
        state: ReportState::Open,
        decision: None,
        revision: 1,
    };
    if !rating_reports::insert(tx, &row)? {
        return Err(Refused::conflict(
            "already_reported",
            "you have reported this already; a maintainer will look at it",
        ));
    }
    let detail = json!({
        "slug": extension.slug.as_str(),
        "report_id": row.id.to_string(),
        "reason": row.reason.name(),
        "rating_revision": row.rating_revision,
    });
    record(tx, &leave, &Subject::Rating(rating.id), &detail, act.now);
    tell_rating(tx, "reported", &extension, &rating, "somebody");
    Ok(row)
}

/// Upholds or dismisses what was reported. A decision can be turned round.
///
/// # Errors
/// The conflicts `own_matter` for who wrote or reported the rating, and `already_decided`.
pub fn decide_report(tx: &mut Tx, act: &Act, input: &ReportVerdict) -> Result<ReportRow, Refused> {
    let asked = rating_reports::by_id(tx, input.report)?.ok_or(Refused::NotFound("report"))?;
    let extension = extensions::by_id(tx, asked.extension)?
        .ok_or_else(|| StoreError::Corrupt(format!("the extension {} is gone", asked.extension)))?;
    let leave = leave_for::<DecideReport>(tx, act, &extension)?;
    let was = ratings::by_id(tx, asked.rating)?
        .ok_or_else(|| StoreError::Corrupt(format!("the rating {} is gone", asked.rating)))?;
    let account = leave.account()?.id;
    if account == was.account || account == asked.by {
        return Err(Refused::conflict("own_matter", "you wrote or reported this; another maintainer has to decide"));
    }
    input.if_match.check(asked.revision, |_| last_change(tx, "rating", was.id))?;
    let state = match input.verdict {
        Verdict::Uphold => ReportState::Upheld,
        Verdict::Dismiss => ReportState::Dismissed,
    };
    if asked.state == state || asked.state == ReportState::Moot {
        let detail = format!("this report is {} already", asked.state.name());
        return Err(Refused::conflict("already_decided", detail));
    }
    let reason = words("/reason", &input.reason, Length::needed(REASON_CHARS_MAX))?;
    let mut decided = None;
    for mut report in rating_reports::of_rating(tx, was.id)? {
        if report.state != state && report.state != ReportState::Moot {
            report.state = state;
            report.decision = Some(Decision { by: account, at: act.now, reason: reason.clone() });
            rating_reports::update(tx, &mut report)?;
        }
        if report.id == asked.id {
            decided = Some(report);
        }
    }
    let (what, becomes, amount) = match input.verdict {
        Verdict::Uphold => ("hidden", RatingState::Hidden, 1),
        Verdict::Dismiss => ("restored", RatingState::Shown, -1),
    };
    let mut row = was.clone();
    let moves = matches!(
        (was.state, becomes),
        (RatingState::Shown, RatingState::Hidden) | (RatingState::Hidden, RatingState::Shown)
    );
    if moves {
        (row.state, row.credited_to) = (becomes, extension.owner);
        ratings::update(tx, &was, &mut row, what, account, act.now)?;
        credit(tx, Some(&was), &row, &extension, &leave.policy, act.now)?;
        let about = format!("rating of {} {what}", extension.slug);
        let happened = reputation::event(EventKind::Reported, amount, row.id, about, act.now);
        reputation::count(tx, row.account, &happened, &leave.policy)?;
    }
    tell(tx, &leave, if moves { what } else { state.name() }, &extension, &row, act.now);
    decided.ok_or(Refused::NotFound("report"))
}
