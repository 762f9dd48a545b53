//! Ratings and reports as the wire has them.

use crate::api::ratings::{
    Rating, RatingChange, RatingReply, RatingReport, RatingSum, RatingSummary, RatingWeek, ReportLine, VersionRatings,
};
use crate::domain::rating::{Histogram, Prior};
use crate::market::{self, RatingDetail, Summary};
use crate::store::extensions::ExtensionRow;
use crate::store::rating_reports::ReportRow;
use crate::store::ratings::RatingRow;

/// One rating without its history.
pub fn rating(row: &RatingRow) -> Rating {
    Rating {
        id: row.id.to_string(),
        extension_id: row.extension.to_string(),
        account: row.account_name.clone(),
        number: row.number.to_string(),
        stars: row.stars.number(),
        text: row.text.clone(),
        state: row.state.name().to_owned(),
        reply: row.reply.as_ref().map(|reply| RatingReply {
            text: reply.text.clone(),
            by: reply.by_name.clone(),
            at: reply.at.to_string(),
        }),
        created_at: row.created_at.to_string(),
        updated_at: row.updated_at.to_string(),
        revision: row.revision,
        history: Vec::new(),
    }
}

/// One rating with its history.
pub fn detail(found: &RatingDetail) -> Rating {
    let history = found.history.iter().map(|change| RatingChange {
        revision: change.revision,
        what: change.what.clone(),
        number: change.number.to_string(),
        stars: change.stars.number(),
        text: change.text.clone(),
        by: change.by.clone(),
        at: change.at.to_string(),
    });
    Rating { history: history.collect(), ..rating(&found.row) }
}

/// What all ratings of an extension come to.
pub fn summary(extension: &ExtensionRow, found: &Summary) -> RatingSummary {
    let version = |version: &market::VersionRating| VersionRatings {
        number: version.number.to_string(),
        sum: sum(version.histogram, found.prior),
    };
    RatingSummary {
        extension_id: extension.id.to_string(),
        slug: extension.slug.to_string(),
        all: sum(found.histogram, found.prior),
        versions: found.versions.iter().map(version).collect(),
        trend: found.trend.iter().map(week).collect(),
        prior_mean: rounded(found.prior.mean),
        prior_weight: found.prior.weight,
    }
}

/// One report.
pub fn report(row: &ReportRow) -> RatingReport {
    let decision = row.decision.as_ref();
    RatingReport {
        id: row.id.to_string(),
        rating_id: row.rating.to_string(),
        rating_revision: row.rating_revision,
        reason: row.reason.name().to_owned(),
        text: row.text.clone(),
        at: row.at.to_string(),
        state: row.state.name().to_owned(),
        decided_at: decision.map(|decision| decision.at.to_string()),
        decided_reason: decision.map(|decision| decision.reason.clone()),
        revision: row.revision,
    }
}

/// A report as the queue of reports shows it.
pub fn line(line: &market::ReportLine) -> ReportLine {
    ReportLine {
        report: report(&line.row),
        by: line.by_name.clone(),
        rating: rating(&line.rating),
        slug: line.extension.slug.to_string(),
        open_reports: line.open as u64,
    }
}

fn sum(histogram: Histogram, prior: Prior) -> RatingSum {
    RatingSum {
        count: histogram.count(),
        mean: histogram.mean().map(rounded),
        bayesian_mean: rounded(prior.mean_of(histogram)),
        histogram: histogram.0.to_vec(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a week has fewer than 2^52 ratings")]
fn week(week: &market::Week) -> RatingWeek {
    let mean = (week.count > 0).then(|| rounded(week.stars as f64 / week.count as f64));
    RatingWeek { start: week.start.to_string(), count: week.count, mean }
}

/// To three digits: what more there is says nothing.
pub fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
