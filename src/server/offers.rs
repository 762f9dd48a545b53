//! What installing an extension brings to a server: offered with everything that it needs, and the consent to each.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::App;
use super::caller::Asker;
use super::installations::{number, scopes};
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use super::servers::read_ref;
use super::wire_installations as wire;
use crate::api::installations::{ConsentAlong, InstallationOffer};
use crate::domain::extension::Slug;
use crate::domain::json::pointer_to;
use crate::market::{self, Along, ExtensionRef};

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfferQuery {
    /// The version; what the channel points at where left out.
    number: Option<String>,
}

/// What installing an extension would bring: everything that it needs and is not on the server, and what each asks for.
#[utoipa::path(get, path = "/servers/{id}/offers/{extid}", tag = "installations",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform"),
        ("extid" = String, Path, description = "The extension's id or slug"), OfferQuery),
    responses((status = 200, body = InstallationOffer)))]
pub async fn show(
    State(app): State<App>,
    asker: Asker,
    Path((server, extid)): Path<(String, String)>,
    Query(query): Query<OfferQuery>,
) -> Result<Answer, Problem> {
    let (server, extension): (_, ExtensionRef) = (read_ref(&server)?, path::id("extension", &extid)?);
    let number = match &query.number {
        Some(text) => Some(text.parse().map_err(|refusal| Problem::bad_query("number", format!("{refusal}")))?),
        None => None,
    };
    app.read(&asker, move |tx, turn| {
        let viewer = turn.act().viewer();
        let lines = market::installation_offer(tx, &viewer, (&server, &extension), number.as_ref(), turn.now)?;
        Ok(Answer::ok(&InstallationOffer { items: lines.iter().map(wire::offered).collect() }))
    })
    .await
}

/// Reads the consent to each extension that comes along.
pub(super) fn along(given: &BTreeMap<String, ConsentAlong>) -> Result<BTreeMap<Slug, Along>, Problem> {
    let read = |(name, consent): (&String, &ConsentAlong)| {
        let at = pointer_to("/along", name);
        let slug: Slug = name.parse().map_err(|refusal| Problem::invalid(at.as_str(), format!("{refusal}")))?;
        let number = number(&format!("{at}/number"), &consent.number)?;
        let grant = consent.grant.as_deref().map(|names| scopes(&format!("{at}/grant"), names)).transpose()?;
        Ok((slug, Along { number, grant }))
    };
    given.iter().map(read).collect()
}
