//! Ratings of extensions: pages, sums, one's own, and the owner's answers.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::App;
use super::body::{Empty, Json};
use super::caller::Asker;
use super::change::Change;
use super::page::{self, Window};
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use super::reviews::seen_or_any;
use super::wire_ratings as wire;
use crate::api::page::Page;
use crate::api::ratings::{NewRating, NewReply, Rating, RatingSummary};
use crate::domain::id::RatingId;
use crate::domain::rating::Stars;
use crate::domain::version::VersionNumber;
use crate::market::{self, ExtensionRef, Rate, RatingAnswer};

/// Which ratings.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RatingsQuery {
    /// Only those with so many stars.
    #[param(minimum = 1, maximum = 5)]
    stars: Option<i64>,
    /// Only those of this version.
    number: Option<String>,
    /// Ratings at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The ratings of an extension, those that changed last first.
#[utoipa::path(get, path = "/extensions/{extid}/ratings", tag = "ratings",
    params(("extid" = String, Path, description = "The extension's id or slug"), RatingsQuery),
    responses((status = 200, body = Page<Rating>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Path(extid): Path<String>,
    Query(query): Query<RatingsQuery>,
) -> Result<Answer, Problem> {
    let extension: ExtensionRef = path::id("extension", &extid)?;
    let stars = query.stars.map(Stars::try_from).transpose();
    let stars = stars.map_err(|refusal| Problem::bad_query("stars", refusal.to_string()))?;
    let number = query.number.as_deref().map(str::parse::<VersionNumber>).transpose();
    let number = number.map_err(|refusal| Problem::bad_query("number", refusal.to_string()))?;
    let list = format!("ratings {extid} {stars:?} {number:?}");
    let window = Window::<(i64, String)>::from_query(&list, query.limit, query.cursor.as_deref())?;
    let (before, limit) = (window.after.clone(), window.limit);
    let found = app
        .read(&asker, move |tx, turn| {
            let viewer = turn.act().viewer();
            Ok(market::ratings(tx, &viewer, &extension, stars, number.clone(), before.clone(), limit + 1)?)
        })
        .await?;
    let last = found.get(limit - 1).filter(|_| found.len() > limit);
    let next = last.map(|row| (row.updated_at.as_ms(), row.id.to_string()));
    let items: Vec<Rating> = found.iter().take(limit).map(wire::rating).collect();
    Ok(page::answer(&uri, &window, items, next, None))
}

/// What all ratings of an extension come to: histogram, means, by version, and the trend.
#[utoipa::path(get, path = "/extensions/{extid}/ratings/summary", tag = "ratings",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    responses((status = 200, body = RatingSummary)))]
pub async fn summary(State(app): State<App>, asker: Asker, Path(extid): Path<String>) -> Result<Answer, Problem> {
    let extension: ExtensionRef = path::id("extension", &extid)?;
    app.read(&asker, move |tx, turn| {
        let (row, found) = market::ratings_summary(tx, &turn.act().viewer(), &extension, turn.now)?;
        Ok(Answer::ok(&wire::summary(&row, &found)))
    })
    .await
}

/// The caller's own rating of an extension, with its history.
#[utoipa::path(get, path = "/extensions/{extid}/ratings/mine", tag = "ratings",
    params(("extid" = String, Path, description = "The extension's id or slug")), responses((status = 200, body = Rating)))]
pub async fn mine(State(app): State<App>, asker: Asker, Path(extid): Path<String>) -> Result<Answer, Problem> {
    let extension: ExtensionRef = path::id("extension", &extid)?;
    app.read(&asker, move |tx, turn| {
        let found = market::my_rating(tx, &turn.act().viewer(), &extension)?;
        Ok(Answer::ok(&wire::detail(&found)).revision(found.row.revision))
    })
    .await
}

/// Rates an extension that is on a server of the caller, in the place of what the caller said of it before.
#[utoipa::path(put, path = "/extensions/{extid}/ratings/mine", tag = "ratings",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    request_body = NewRating, responses((status = 200, body = Rating)))]
pub async fn put(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<NewRating>>,
) -> Result<Answer, Problem> {
    let number = body.number.as_deref().map(str::parse::<VersionNumber>).transpose();
    let input = Rate {
        extension: path::id("extension", &extid)?,
        if_match: seen_or_any(order.if_match_if_given()),
        stars: Stars::try_from(body.stars).map_err(|refusal| Problem::invalid("/stars", refusal.to_string()))?,
        text: body.text,
        number: number.map_err(|refusal| Problem::invalid("/number", refusal.to_string()))?,
    };
    order
        .commit(&app, move |tx, turn| {
            let row = market::rate(tx, &turn.act(), &input)?;
            Ok(Answer::ok(&wire::rating(&row)).revision(row.revision))
        })
        .await
}

/// Takes the caller's rating of an extension back; its words are gone, from its history too.
#[utoipa::path(delete, path = "/extensions/{extid}/ratings/mine", tag = "ratings",
    params(("extid" = String, Path, description = "The extension's id or slug")), responses((status = 204)))]
pub async fn delete(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let extension: ExtensionRef = path::id("extension", &extid)?;
    let if_match = seen_or_any(order.if_match_if_given());
    order
        .commit(&app, move |tx, turn| {
            market::delete_rating(tx, &turn.act(), &extension, if_match)?;
            Ok(Answer::empty())
        })
        .await
}

/// One rating; with its history for its author and maintainers.
#[utoipa::path(get, path = "/ratings/{id}", tag = "ratings", params(("id" = String, Path, description = "The rating's id")),
    responses((status = 200, body = Rating)))]
pub async fn show(State(app): State<App>, asker: Asker, Path(id): Path<String>) -> Result<Answer, Problem> {
    let rating: RatingId = path::id("rating", &id)?;
    app.read(&asker, move |tx, turn| {
        let found = market::rating(tx, &turn.act().viewer(), rating)?;
        Ok(Answer::ok(&wire::detail(&found)).revision(found.row.revision))
    })
    .await
}

/// Answers a rating, once, as the extension's owner.
#[utoipa::path(post, path = "/ratings/{id}/reply", tag = "ratings",
    params(("id" = String, Path, description = "The rating's id")),
    request_body = NewReply, responses((status = 200, body = Rating)))]
pub async fn reply(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<NewReply>>,
) -> Result<Answer, Problem> {
    let rating: RatingId = path::id("rating", &id)?;
    let input = RatingAnswer { rating, if_match: seen_or_any(order.if_match_if_given()), text: body.text };
    order
        .commit(&app, move |tx, turn| {
            let row = market::reply(tx, &turn.act(), &input)?;
            Ok(Answer::ok(&wire::rating(&row)).revision(row.revision))
        })
        .await
}

/// Takes the answer to a rating back.
#[utoipa::path(delete, path = "/ratings/{id}/reply", tag = "ratings",
    params(("id" = String, Path, description = "The rating's id")), responses((status = 200, body = Rating)))]
pub async fn delete_reply(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let rating: RatingId = path::id("rating", &id)?;
    let if_match = seen_or_any(order.if_match_if_given());
    order
        .commit(&app, move |tx, turn| {
            let row = market::delete_reply(tx, &turn.act(), rating, if_match)?;
            Ok(Answer::ok(&wire::rating(&row)).revision(row.revision))
        })
        .await
}
