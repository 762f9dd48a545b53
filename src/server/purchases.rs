//! Premium extensions bought and taken back, and the grants by which instances run them.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::accounts::named;
use super::answer::Answer;
use super::app::App;
use super::body::Json;
use super::caller::Asker;
use super::change::Change;
use super::page::{self, Window};
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use super::wire_sales as wire;
use crate::api::extensions::Reason;
use crate::api::page::Page;
use crate::api::problem::Problem as WireProblem;
use crate::api::purchases::{Grant, GrantPublicKey, NewPurchase, Purchase};
use crate::domain::id::{InstallationId, PurchaseId};
use crate::market::{self, Bought, Buy, ExtensionRef, InstallationRef};

/// Which part of whose list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PurchasesQuery {
    /// Whose, by name or id; one's own where absent, others' for administrators.
    account: Option<String>,
    /// Purchases at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Buys an extension at the price that was shown. The same `Idempotency-Key` buys once, however late it comes again; with
/// another price or extension it is refused.
#[utoipa::path(post, path = "/extensions/{extid}/purchase", tag = "premium",
    params(("extid" = String, Path, description = "The extension's id or slug")), request_body = NewPurchase,
    responses((status = 201, body = Purchase), (status = 200, description = "It was bought with this key before.", body = Purchase)))]
pub async fn buy(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<NewPurchase>>,
) -> Result<Answer, Problem> {
    let extension: ExtensionRef = path::id("extension", &extid)?;
    let key = order.idempotency_key().map(str::to_owned);
    let input = Buy { extension, price_points: body.price_points, key };
    order
        .commit(&app, move |tx, turn| {
            Ok(match market::purchase(tx, &turn.act(), &input)? {
                Bought::Now(row) => Answer::created(&format!("/purchases/{}", row.id), &wire::purchase(tx, &row)?),
                Bought::Before(row) => Answer::ok(&wire::purchase(tx, &row)?),
            })
        })
        .await
}

/// What an account bought, newest first.
#[utoipa::path(get, path = "/purchases", tag = "premium", params(PurchasesQuery), responses((status = 200, body = Page<Purchase>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<PurchasesQuery>,
) -> Result<Answer, Problem> {
    let list = format!("purchases of {}", query.account.as_deref().unwrap_or(""));
    let window = Window::<String>::from_query(&list, query.limit, query.cursor.as_deref())?;
    let before: Option<PurchaseId> = window.after.as_ref().and_then(|id| id.parse().ok());
    let limit = window.limit;
    let (items, next) = app
        .read(&asker, move |tx, turn| {
            let account = named(tx, turn, query.account.as_deref())?;
            let found = market::purchases_of(tx, &turn.act().viewer(), account.id, before, limit + 1)?;
            let next = found.get(limit - 1).filter(|_| found.len() > limit).map(|row| row.id.to_string());
            let items = found.iter().take(limit).map(|row| wire::purchase(tx, row)).collect::<Result<Vec<_>, _>>()?;
            Ok((items, next))
        })
        .await?;
    Ok(page::answer(&uri, &window, items, next, None))
}

/// One purchase.
#[utoipa::path(get, path = "/purchases/{id}", tag = "premium", params(("id" = String, Path, description = "The purchase's id")),
    responses((status = 200, body = Purchase)))]
pub async fn show(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let id: PurchaseId = path::id("purchase", &text)?;
    let found = app
        .read(&asker, move |tx, turn| {
            let row = market::find_purchase(tx, &turn.act().viewer(), id)?;
            Ok(wire::purchase(tx, &row)?)
        })
        .await?;
    Ok(Answer::ok(&found))
}

/// Takes a purchase back: the buyer has all of the price again, and is not entitled any more.
#[utoipa::path(post, path = "/purchases/{id}/refund", tag = "premium", params(("id" = String, Path, description = "The purchase's id")),
    request_body = Reason, responses((status = 200, body = Purchase)))]
pub async fn refund(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Reason>>,
) -> Result<Answer, Problem> {
    let id: PurchaseId = path::id("purchase", &text)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::refund(tx, &turn.act(), id, &body.reason)?;
            Ok(Answer::ok(&wire::purchase(tx, &row)?))
        })
        .await
}

/// What lets the instance of a server run a premium extension there without asking again, until it ends.
#[utoipa::path(get, path = "/installations/{id}/grant", tag = "premium",
    params(("id" = String, Path, description = "The installation's id")),
    responses((status = 200, body = Grant), (status = 409, description = "It costs nothing, or the server's owner has not bought it.",
        body = WireProblem, content_type = "application/problem+json")))]
pub async fn grant(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let wanted = InstallationRef::Id(path::id::<InstallationId>("installation", &text)?);
    let key = app.store().grant_key().await?;
    let fingerprint = key.fingerprint();
    let granted = app
        .read(&asker, move |tx, turn| Ok(market::grant_of(tx, &turn.act().viewer(), &wanted, (fingerprint, turn.now))?))
        .await?;
    let signed = key.sign(&granted).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(Answer::ok(&Grant {
        grant: signed,
        extension_id: granted.extension_id.to_string(),
        server_id: granted.server_id.to_string(),
        issued_at: granted.issued_at.to_string(),
        expires_at: granted.expires_at.to_string(),
    }))
}

/// What grants are verified with; an instance fetches it once and keeps it.
#[utoipa::path(get, path = "/grants/key", tag = "premium", responses((status = 200, body = GrantPublicKey)))]
pub async fn key(State(app): State<App>, asker: Asker) -> Result<Answer, Problem> {
    app.read(&asker, |_, _| Ok(())).await?;
    let public = app.store().grant_key().await?.public();
    Ok(Answer::ok(&GrantPublicKey {
        algorithm: "Ed25519".to_owned(),
        public_key: public.to_string(),
        fingerprint: public.fingerprint().to_string(),
    }))
}
