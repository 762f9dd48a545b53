//! `skydeck ratings`: what people say of extensions, what owners answer, and what was reported.

use clap::{Args, Subcommand};

use super::context::{Context, gather};
use super::output::{self, Form};
use super::{Exit, Failure, Global, typed};
use crate::api::ratings::{NewRating, NewReport, Rating, RatingReport, RatingSummary, ReportLine};
use crate::client::{RatingFilter, Seen};

/// Columns of a bar.
const BAR: u64 = 40;

/// What to do with ratings.
#[derive(Debug, Subcommand)]
pub enum Ratings {
    /// List what was said of an extension, newest first
    List(List),
    /// Show what all ratings of an extension come to: means, histogram, versions, trend
    Show(Show),
    /// Rate an extension that you have installed, in the place of what you said before
    Rate(Rate),
    /// Take your rating back; its words are gone
    Delete(Extension),
    /// Answer a rating as the extension's owner
    Reply(Reply),
    /// Take an answer back
    Unreply(Id),
    /// Report a rating to the maintainers
    Report(Report),
    /// List what was reported, what waits longest first (maintainers)
    Reports(Reports),
    /// Uphold a report: the rating is hidden and counts no more (maintainers)
    Uphold(Decide),
    /// Dismiss a report: the rating is shown (maintainers)
    Dismiss(Decide),
}

/// Which ratings.
#[derive(Debug, Args)]
pub struct List {
    /// The extension's id or slug
    extension: String,
    /// Only those with so many stars
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=5))]
    stars: Option<u8>,
    /// Only those of this version
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// How many to show
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Print comma-separated values (RFC 4180), for spreadsheets
    #[arg(long, conflicts_with_all = ["json", "plain"])]
    csv: bool,
}

/// Which extension, and how.
#[derive(Debug, Args)]
pub struct Show {
    /// The extension's id or slug
    extension: String,
    /// Draw the histogram and the trend as bars
    #[arg(long, conflicts_with = "json")]
    plot: bool,
    /// Print the weeks as comma-separated values (RFC 4180), for spreadsheets
    #[arg(long, conflicts_with_all = ["json", "plain", "plot"])]
    csv: bool,
}

/// One extension.
#[derive(Debug, Args)]
pub struct Extension {
    /// The extension's id or slug
    extension: String,
}

/// What you think of it.
#[derive(Debug, Args)]
pub struct Rate {
    /// The extension's id or slug
    extension: String,
    /// 1 to 5
    #[arg(value_parser = clap::value_parser!(u8).range(1..=5))]
    stars: u8,
    /// Why; - reads it from standard input, @FILE from a file
    #[arg(long, default_value = "")]
    text: String,
    /// The version it is about; the one that runs without it
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
}

/// What to answer.
#[derive(Debug, Args)]
pub struct Reply {
    /// The rating's id
    rating: String,
    /// The text; - reads it from standard input, @FILE from a file
    #[arg(long)]
    text: String,
}

/// One rating.
#[derive(Debug, Args)]
pub struct Id {
    /// The rating's id
    rating: String,
}

/// What is wrong with it.
#[derive(Debug, Args)]
pub struct Report {
    /// The rating's id
    rating: String,
    /// spam, abuse, off_topic, private_data, manipulation or other
    #[arg(long)]
    reason: String,
    /// In more words
    #[arg(long, default_value = "")]
    text: String,
}

/// Which reports.
#[derive(Debug, Args)]
pub struct Reports {
    /// open, upheld, dismissed or moot
    #[arg(long, default_value = "open")]
    state: String,
    /// How many to show
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Print comma-separated values (RFC 4180), for spreadsheets
    #[arg(long, conflicts_with_all = ["json", "plain"])]
    csv: bool,
}

/// Which report, and why.
#[derive(Debug, Args)]
pub struct Decide {
    /// The report's id
    report: String,
    /// Why; it is kept
    #[arg(long)]
    reason: String,
    /// The revision of the report that you have seen
    #[arg(long, default_value_t = 1, value_name = "N")]
    revision: i64,
}

/// Does it and prints what came of it.
///
/// # Errors
/// What the server refuses: stars, texts, an extension that you have not installed, too many changes.
pub fn run(global: &Global, command: Ratings) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    let client = &context.client;
    match command {
        Ratings::List(list) => {
            let items = {
                let filter = RatingFilter { stars: list.stars, number: list.number.clone() };
                context
                    .block_on(gather(list.limit, async |page| client.ratings(&list.extension, &filter, page).await))?
            };
            let headings = &["rating", "stars", "version", "by", "when", "state", "text", "answer"];
            let rows: Vec<Vec<String>> = items.iter().map(row).collect();
            if list.csv { output::csv(headings, &rows)? } else { table(form, headings, &rows, &items)? }
        }
        Ratings::Show(show) => {
            let summary = context.block_on(client.rating_summary(&show.extension))?;
            if show.csv {
                output::csv(&["week", "count", "mean"], &weeks(&summary))?;
            } else {
                self::show(form, &summary, &show)?;
            }
        }
        Ratings::Rate(rate) => {
            let text = typed::text(&rate.text)?;
            let new = NewRating { stars: i64::from(rate.stars), text, number: rate.number };
            one(form, &context.block_on(client.rate(&rate.extension, Seen::Nothing, &new))?.value)?;
        }
        Ratings::Delete(one) => {
            context.block_on(client.delete_rating(&one.extension, Seen::Nothing))?;
            output::text("your rating is gone")?;
        }
        Ratings::Reply(reply) => {
            let text = typed::text(&reply.text)?;
            one(form, &context.block_on(client.reply_to_rating(&reply.rating, Seen::Nothing, &text))?.value)?;
        }
        Ratings::Unreply(id) => {
            one(form, &context.block_on(client.delete_reply(&id.rating, Seen::Nothing))?.value)?;
        }
        Ratings::Report(report) => {
            let new = NewReport { reason: report.reason, text: report.text };
            decided(form, &context.block_on(client.report_rating(&report.rating, &new))?)?;
        }
        Ratings::Reports(reports) => {
            let items = {
                let state = Some(reports.state.as_str());
                context.block_on(gather(reports.limit, async |page| client.rating_reports(state, page).await))?
            };
            let headings =
                &["report", "revision", "extension", "stars", "reason", "by", "when", "open", "said", "text"];
            let rows: Vec<Vec<String>> = items.iter().map(report_row).collect();
            if reports.csv { output::csv(headings, &rows)? } else { table(form, headings, &rows, &items)? }
        }
        Ratings::Uphold(decide) => {
            let done = client.uphold_report(&decide.report, decide.revision, &decide.reason);
            decided(form, &context.block_on(done)?)?;
        }
        Ratings::Dismiss(decide) => {
            let done = client.dismiss_report(&decide.report, decide.revision, &decide.reason);
            decided(form, &context.block_on(done)?)?;
        }
    }
    Ok(Exit::Done)
}

fn table<T: serde::Serialize>(form: Form, headings: &[&str], rows: &[Vec<String>], items: &[T]) -> Result<(), Failure> {
    if form == Form::Json { output::json(&items) } else { output::rows(form, headings, rows) }
}

fn row(rating: &Rating) -> Vec<String> {
    vec![
        rating.id.clone(),
        rating.stars.to_string(),
        rating.number.clone(),
        rating.account.clone(),
        output::moment(&rating.updated_at),
        rating.state.clone(),
        rating.text.clone(),
        rating.reply.as_ref().map(|reply| reply.text.clone()).unwrap_or_default(),
    ]
}

fn report_row(line: &ReportLine) -> Vec<String> {
    vec![
        line.report.id.clone(),
        line.report.revision.to_string(),
        line.slug.clone(),
        line.rating.stars.to_string(),
        line.report.reason.clone(),
        line.by.clone(),
        output::moment(&line.report.at),
        line.open_reports.to_string(),
        line.report.text.clone(),
        line.rating.text.clone(),
    ]
}

fn one(form: Form, rating: &Rating) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(rating);
    }
    let mut fields = vec![
        ("rating", rating.id.clone()),
        ("stars", rating.stars.to_string()),
        ("version", rating.number.clone()),
        ("state", rating.state.clone()),
        ("text", rating.text.clone()),
    ];
    fields.extend(rating.reply.as_ref().map(|reply| ("answer", reply.text.clone())));
    output::fields(form, &fields)
}

fn decided(form: Form, report: &RatingReport) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(report);
    }
    let fields = [
        ("report", report.id.clone()),
        ("rating", report.rating_id.clone()),
        ("reason", report.reason.clone()),
        ("state", report.state.clone()),
    ];
    output::fields(form, &fields)
}

fn mean(mean: Option<f64>) -> String {
    mean.map_or_else(|| "-".to_owned(), |mean| format!("{mean:.2}"))
}

fn weeks(summary: &RatingSummary) -> Vec<Vec<String>> {
    let week = |week: &crate::api::ratings::RatingWeek| {
        vec![week.start.chars().take(10).collect(), week.count.to_string(), mean(week.mean)]
    };
    summary.trend.iter().map(week).collect()
}

fn show(form: Form, summary: &RatingSummary, show: &Show) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(summary);
    }
    let all = &summary.all;
    let fields = [
        ("extension", summary.slug.clone()),
        ("ratings", all.count.to_string()),
        ("mean", mean(all.mean)),
        ("Bayesian mean", format!("{:.2}", all.bayesian_mean)),
        (
            "pulled towards",
            format!("{:.2}, the catalogue's mean, as {} ratings", summary.prior_mean, summary.prior_weight),
        ),
    ];
    output::fields(form, &fields)?;
    let most = all.histogram.iter().copied().max().unwrap_or(0);
    for (stars, count) in all.histogram.iter().enumerate().rev() {
        let bar = if show.plot { format!("  {}", bar(*count, most)) } else { String::new() };
        output::text(&format!("{} stars  {count:>6}{bar}", stars + 1))?;
    }
    let rows = summary.versions.iter().map(|version| {
        let sum = &version.sum;
        vec![version.number.clone(), sum.count.to_string(), mean(sum.mean), format!("{:.2}", sum.bayesian_mean)]
    });
    output::rows(form, &["version", "ratings", "mean", "Bayesian mean"], &rows.collect::<Vec<_>>())?;
    let most = summary.trend.iter().map(|week| week.count).max().and_then(|most| u64::try_from(most).ok()).unwrap_or(0);
    for week in summary.trend.iter().filter(|_| show.plot) {
        let day: String = week.start.chars().take(10).collect();
        let count = u64::try_from(week.count).unwrap_or(0);
        output::text(&format!("{day}  {:>5}  {:>4}  {}", week.count, mean(week.mean), bar(count, most)))?;
    }
    Ok(())
}

/// A bar of signs that every terminal and screen reader has.
pub(super) fn bar(count: u64, most: u64) -> String {
    let (count, most) = (u128::from(count.min(most)), u128::from(most));
    let long = (count * u128::from(BAR) + most / 2).checked_div(most).unwrap_or(0);
    "#".repeat(usize::try_from(long).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_they_are_many() {
        for (count, most, long) in
            [(0, 0, 0), (0, 9, 0), (9, 9, 40), (1, 80, 1), (1, 82, 0), (9, 3, 40), (u64::MAX, u64::MAX, 40)]
        {
            assert_eq!(bar(count, most).len(), long, "{count} of {most}");
        }
    }
}
