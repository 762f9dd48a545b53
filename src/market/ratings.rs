//! Looking at ratings: pages, the sum of them with its trend, one with its history, and what was reported.

use std::collections::BTreeMap;

use super::refused::Refused;
use super::sight::{ExtensionRef, Viewer, find};
use crate::domain::id::{RatingId, ReportId};
use crate::domain::limits::RATING_TREND_WEEKS;
use crate::domain::permit::Denied;
use crate::domain::rating::{Histogram, Prior, RatingState, ReportState, Stars};
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;
use crate::store::extensions::{self, ExtensionRow};
use crate::store::rating_reports::{self, ReportRow};
use crate::store::ratings::{self, RatingChange, RatingQuery, RatingRow};
use crate::store::{StoreError, Tx, accounts};

const WEEK_MS: i64 = 7 * 86_400_000;

/// What all ratings of an extension come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// How many there are of each number of stars.
    pub histogram: Histogram,
    /// What the means are pulled towards.
    pub prior: Prior,
    /// The same by version, the greatest number first.
    pub versions: Vec<VersionRating>,
    /// What was given in each of the last weeks, oldest first; weeks without ratings are there too.
    pub trend: Vec<Week>,
}

/// What the ratings of one version come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRating {
    /// The version's number.
    pub number: VersionNumber,
    /// How many there are of each number of stars.
    pub histogram: Histogram,
}

/// What was given in one week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    /// When it starts.
    pub start: Timestamp,
    /// How many ratings were given or changed.
    pub count: i64,
    /// Their stars, all together.
    pub stars: i64,
}

/// A rating with what it was before.
#[derive(Clone, Debug)]
pub struct RatingDetail {
    /// The rating.
    pub row: RatingRow,
    /// The extension.
    pub extension: ExtensionRow,
    /// Its history, oldest first: for its author and maintainers.
    pub history: Vec<RatingChange>,
}

/// A report as the queue of reports shows it.
#[derive(Clone, Debug)]
pub struct ReportLine {
    /// The report.
    pub row: ReportRow,
    /// The name of who reported.
    pub by_name: String,
    /// The rating as it is now.
    pub rating: RatingRow,
    /// The extension.
    pub extension: ExtensionRow,
    /// How many reports of the same rating wait.
    pub open: usize,
}

/// A page of the ratings of an extension, those that changed last first.
pub fn ratings(
    tx: &mut Tx,
    viewer: &Viewer,
    extension: &ExtensionRef,
    stars: Option<Stars>,
    number: Option<VersionNumber>,
    before: Option<(i64, String)>,
    limit: usize,
) -> Result<Vec<RatingRow>, Refused> {
    let extension = find(tx, viewer, extension)?;
    Ok(ratings::page(tx, &RatingQuery { extension: extension.id, stars, number, before, limit })?)
}

/// What all ratings of an extension come to.
pub fn ratings_summary(
    tx: &mut Tx,
    viewer: &Viewer,
    extension: &ExtensionRef,
    now: Timestamp,
) -> Result<(ExtensionRow, Summary), Refused> {
    let extension = find(tx, viewer, extension)?;
    let mut versions: BTreeMap<VersionNumber, Histogram> = BTreeMap::new();
    for count in ratings::counts(tx, extension.id)? {
        versions.entry(count.number).or_default().add(count.stars, count.amount);
    }
    let histogram = versions.values().copied().fold(Histogram::default(), Histogram::and);
    let (catalogue, rated) = ratings::catalogue(tx)?;
    let this_week = now.as_ms().div_euclid(WEEK_MS);
    let first = this_week - RATING_TREND_WEEKS + 1;
    let given = ratings::given(tx, extension.id, Timestamp::from_ms(first * WEEK_MS), WEEK_MS)?;
    let trend = (first..=this_week).map(|number| {
        let found = given.iter().find(|given| given.number == number);
        let (count, stars) = found.map_or((0, 0), |given| (given.count, given.stars));
        Week { start: Timestamp::from_ms(number * WEEK_MS), count, stars }
    });
    let summary = Summary {
        histogram,
        prior: Prior::of(catalogue, rated),
        trend: trend.collect(),
        versions: (versions.into_iter().rev()).map(|(number, histogram)| VersionRating { number, histogram }).collect(),
    };
    Ok((extension, summary))
}

/// The viewer's own rating of an extension, unless it was taken back.
pub fn my_rating(tx: &mut Tx, viewer: &Viewer, extension: &ExtensionRef) -> Result<RatingDetail, Refused> {
    let extension = find(tx, viewer, extension)?;
    let account = viewer.account().ok_or(Refused::NotFound("rating"))?;
    let row = ratings::of(tx, extension.id, account)?.filter(|row| row.state != RatingState::Deleted);
    let row = row.ok_or(Refused::NotFound("rating"))?;
    let history = ratings::history(tx, row.id)?;
    Ok(RatingDetail { row, extension, history })
}

/// One rating. What is hidden is shown to its author and maintainers, and so is its history.
pub fn rating(tx: &mut Tx, viewer: &Viewer, id: RatingId) -> Result<RatingDetail, Refused> {
    let row = ratings::by_id(tx, id)?.ok_or(Refused::NotFound("rating"))?;
    let extension = find(tx, viewer, &row.extension.into()).map_err(|_| Refused::NotFound("rating"))?;
    let sees_all = viewer.is_maintainer() || viewer.account() == Some(row.account);
    if !row.counts() && !sees_all {
        return Err(Refused::NotFound("rating"));
    }
    let history = if sees_all { ratings::history(tx, id)? } else { Vec::new() };
    Ok(RatingDetail { row, extension, history })
}

/// A page of reports in one state, those that wait longest first; for maintainers.
pub fn rating_reports(
    tx: &mut Tx,
    viewer: &Viewer,
    state: ReportState,
    after: Option<ReportId>,
    limit: usize,
) -> Result<Vec<ReportLine>, Refused> {
    if !viewer.is_maintainer() {
        return Err(Denied::Unknown.into());
    }
    let mut lines = Vec::new();
    for row in rating_reports::page(tx, state, after, limit)? {
        let missing = |what: &str| StoreError::Corrupt(format!("the report {} has no {what}", row.id));
        let rating = ratings::by_id(tx, row.rating)?.ok_or_else(|| missing("rating"))?;
        let extension = extensions::by_id(tx, row.extension)?.ok_or_else(|| missing("extension"))?;
        let by = accounts::by_id(tx, row.by)?.ok_or_else(|| missing("account"))?;
        let all = rating_reports::of_rating(tx, row.rating)?;
        let open = all.iter().filter(|report| report.state == ReportState::Open).count();
        lines.push(ReportLine { by_name: by.name.to_string(), rating, extension, open, row });
    }
    Ok(lines)
}
