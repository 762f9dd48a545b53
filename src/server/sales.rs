//! Points and what was sold for them: balances, statements, takings by extension and by day.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::accounts::named;
use super::answer::Answer;
use super::app::{App, Turn};
use super::body::Json;
use super::caller::Asker;
use super::change::Change;
use super::page::{self, Window};
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use super::wire_sales as wire;
use crate::api::page::Page;
use crate::api::purchases::{Points, PointsGrant, PointsGranted, Sales, StatementLine};
use crate::domain::ledger::LedgerAccount;
use crate::domain::time::Timestamp;
use crate::market::{self, ExtensionRef, GrantPoints, NotARange, Range, Seller};
use crate::store::Tx;

/// Whose points.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PointsQuery {
    /// Whose, by name or id; one's own where absent, others' for administrators.
    account: Option<String>,
}

/// Which part of whose statement.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    /// Whose, by name or id; one's own where absent. Administrators also see `issued` and `market`.
    account: Option<String>,
    /// Lines at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Whose sales, and when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SalesQuery {
    /// Whose, by name or id; one's own where absent. Administrators see everybody's, and `all`.
    author: Option<String>,
    /// The first moment, or a day such as `2026-01-31`; 30 days before the end where absent.
    from: Option<String>,
    /// The first moment that does not count any more, or a day; the end of this day (UTC) where absent.
    to: Option<String>,
}

/// When.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RangeQuery {
    /// The first moment, or a day such as `2026-01-31`; 30 days before the end where absent.
    from: Option<String>,
    /// The first moment that does not count any more, or a day; the end of this day (UTC) where absent.
    to: Option<String>,
}

/// How many points an account has; for administrators also how many were issued, and what the marketplace has.
#[utoipa::path(get, path = "/points", tag = "premium", params(PointsQuery), responses((status = 200, body = Points)))]
pub async fn points(State(app): State<App>, asker: Asker, Query(query): Query<PointsQuery>) -> Result<Answer, Problem> {
    let found = app
        .read(&asker, move |tx, turn| {
            let account = named(tx, turn, query.account.as_deref())?;
            let points = market::points_of(tx, &turn.act().viewer(), account.id)?;
            Ok(Points {
                account_id: account.id.to_string(),
                account: account.name.to_string(),
                balance: points.balance,
                issued: points.whole.map(|whole| whole.issued),
                market: points.whole.map(|whole| whole.market),
            })
        })
        .await?;
    Ok(Answer::ok(&found))
}

/// Grants points to an account.
#[utoipa::path(post, path = "/points/grants", tag = "premium", request_body = PointsGrant, responses((status = 201, body = PointsGranted)))]
pub async fn grant_points(
    State(app): State<App>,
    Change { body: Json(body), order, .. }: Change<Json<PointsGrant>>,
) -> Result<Answer, Problem> {
    order
        .commit(&app, move |tx, turn| {
            let to = super::accounts::find(tx, &body.account)?.id;
            let input = GrantPoints { to, points: body.points, reason: body.reason.clone() };
            let granted = market::grant_points(tx, &turn.act(), &input)?;
            let location = format!("/ledger?account={}", granted.account.id);
            Ok(Answer::created(
                &location,
                &PointsGranted {
                    account_id: granted.account.id.to_string(),
                    account: granted.account.name.to_string(),
                    balance: granted.balance,
                    entry_id: granted.entry.to_string(),
                },
            ))
        })
        .await
}

/// An account's statement: each movement of its points with the balance after it, newest first.
#[utoipa::path(get, path = "/ledger", tag = "premium", params(LedgerQuery), responses((status = 200, body = Page<StatementLine>)))]
pub async fn statement(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<LedgerQuery>,
) -> Result<Answer, Problem> {
    let list = format!("ledger of {}", query.account.as_deref().unwrap_or(""));
    let window = Window::<i64>::from_query(&list, query.limit, query.cursor.as_deref())?;
    let (before, limit) = (window.after, window.limit);
    let (items, next) = app
        .read(&asker, move |tx, turn| {
            let account = match query.account.as_deref() {
                Some("issued") => LedgerAccount::Issued,
                Some("market") => LedgerAccount::Market,
                other => LedgerAccount::Wallet(named(tx, turn, other)?.id),
            };
            let viewer = turn.act().viewer();
            let found = market::statement(tx, &viewer, account, before, limit + 1)?;
            let next = found.get(limit - 1).filter(|_| found.len() > limit).map(|line| line.n);
            let lines = found.iter().take(limit);
            let items = lines.map(|line| wire::line(tx, &viewer, line)).collect::<Result<Vec<_>, _>>()?;
            Ok((items, next))
        })
        .await?;
    Ok(page::answer(&uri, &window, items, next, None))
}

/// What an account sold, by extension and by day.
#[utoipa::path(get, path = "/sales", tag = "premium", params(SalesQuery), responses((status = 200, body = Sales)))]
pub async fn list(State(app): State<App>, asker: Asker, Query(query): Query<SalesQuery>) -> Result<Answer, Problem> {
    let (from, to) = (moment("from", query.from.as_deref())?, moment("to", query.to.as_deref())?);
    let found = app
        .read(&asker, move |tx, turn| {
            let seller = match query.author.as_deref() {
                Some("all") => Seller::All,
                other => Seller::Account(named(tx, turn, other)?.id),
            };
            Ok(market::sales(tx, &turn.act().viewer(), seller, range(from, to, turn.now)?)?)
        })
        .await?;
    Ok(Answer::ok(&wire::sales(&found)))
}

/// What an extension sold, by day.
#[utoipa::path(get, path = "/extensions/{extid}/sales", tag = "premium",
    params(("extid" = String, Path, description = "The extension's id or slug"), RangeQuery), responses((status = 200, body = Sales)))]
pub async fn of_extension(
    State(app): State<App>,
    asker: Asker,
    Path(extid): Path<String>,
    Query(query): Query<RangeQuery>,
) -> Result<Answer, Problem> {
    let extension: ExtensionRef = path::id("extension", &extid)?;
    let (from, to) = (moment("from", query.from.as_deref())?, moment("to", query.to.as_deref())?);
    let found = app
        .read(&asker, move |tx: &mut Tx, turn: &Turn| {
            let range = range(from, to, turn.now)?;
            Ok(market::sales_of(tx, &turn.act().viewer(), &extension, range)?.1)
        })
        .await?;
    Ok(Answer::ok(&wire::sales(&found)))
}

fn moment(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let whole = if text.len() == "2026-01-31".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    match whole.parse::<Timestamp>() {
        Ok(moment) => Ok(Some(moment)),
        Err(_) => {
            Err(Problem::bad_query(name, format!("{name} has to be a day such as 2026-01-31, or an RFC 3339 time")))
        }
    }
}

fn range(from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> Result<Range, Problem> {
    Range::new(from, to, now).map_err(|fault: NotARange| Problem::bad_query("from", fault.to_string()))
}
