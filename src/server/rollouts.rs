//! Rollouts, notices and flags of a published version: what its owner and maintainers watch and steer.

use axum::extract::State;

use super::answer::Answer;
use super::app::{App, Turn};
use super::body::Json;
use super::caller::Asker;
use super::change::Change;
use super::path::{self, Path};
use super::problem::Problem;
use super::reviews::seen_or_any;
use super::wire_installations as wire;
use crate::api::installations::{Rollout, RolloutPatch, VersionFlags};
use crate::api::instances::Notices;
use crate::domain::manifest::FlagDefault;
use crate::domain::rollout::NotARing;
use crate::market::{self, ExtensionRef, Pause, RolloutEdit, VersionRef};
use crate::store::{Tx, policy};

/// How the newest revision of the channel is being brought to the servers.
#[utoipa::path(get, path = "/extensions/{extid}/rollout", tag = "extensions",
    params(("extid" = String, Path, description = "The extension's id or slug")), responses((status = 200, body = Rollout)))]
pub async fn show(State(app): State<App>, asker: Asker, Path(extid): Path<String>) -> Result<Answer, Problem> {
    let extension: ExtensionRef = path::id("extension", &extid)?;
    app.read(&asker, move |tx, turn| answer(tx, turn, &extension)).await
}

/// Sets the ring of a rollout, holds it up, or lets it go on.
#[utoipa::path(patch, path = "/extensions/{extid}/rollout", tag = "extensions",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    request_body = RolloutPatch, responses((status = 200, body = Rollout)))]
pub async fn edit(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<RolloutPatch>>,
) -> Result<Answer, Problem> {
    let extension: ExtensionRef = path::id("extension", &extid)?;
    let ring = body.ring.as_deref().map(str::parse).transpose();
    let input = RolloutEdit {
        extension: extension.clone(),
        if_match: seen_or_any(order.if_match_or_any()?),
        ring: ring.map_err(|refusal: NotARing| Problem::invalid("/ring", refusal.to_string()))?,
        pause: body.paused.map(|why| if why.is_empty() { Pause::Resume } else { Pause::Pause(why) }),
    };
    order
        .commit(&app, move |tx, turn| {
            market::set_rollout(tx, &turn.act(), &input)?;
            answer(tx, turn, &extension)
        })
        .await
}

/// What every instance with the extension was told, and how many have confirmed it.
#[utoipa::path(get, path = "/extensions/{extid}/notices", tag = "extensions",
    params(("extid" = String, Path, description = "The extension's id or slug")), responses((status = 200, body = Notices)))]
pub async fn notices(State(app): State<App>, asker: Asker, Path(extid): Path<String>) -> Result<Answer, Problem> {
    let extension: ExtensionRef = path::id("extension", &extid)?;
    let found =
        app.read(&asker, move |tx, turn| Ok(market::notices_of(tx, &turn.act().viewer(), &extension)?.1)).await?;
    let items = found.iter().map(|(notice, confirmed)| wire::notice(notice, Some(*confirmed))).collect();
    Ok(Answer::ok(&Notices { items }))
}

/// Sets the feature flags of a version, in the place of all that were set.
#[utoipa::path(put, path = "/extensions/{extid}/versions/{number}/flags", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug"),
        ("number" = String, Path, description = "The version's number")),
    request_body = VersionFlags, responses((status = 204)))]
pub async fn set_flags(
    State(app): State<App>,
    Path((extid, number)): Path<(String, String)>,
    Change { body: Json(body), order, .. }: Change<Json<VersionFlags>>,
) -> Result<Answer, Problem> {
    let version = VersionRef { extension: path::id("extension", &extid)?, number: path::id("version", &number)? };
    let mut flags = std::collections::BTreeMap::new();
    for (name, value) in body.flags {
        let read: FlagDefault = serde_json::from_value(value).map_err(|_| {
            let pointer = crate::domain::json::pointer_to("/flags", &name);
            Problem::invalid(pointer, "a flag is true, false, or a percentage of the servers from 0 to 100")
        })?;
        flags.insert(name, read);
    }
    order
        .commit(&app, move |tx, turn| {
            market::set_version_flags(tx, &turn.act(), &version, &flags)?;
            Ok(Answer::empty())
        })
        .await
}

fn answer(tx: &mut Tx, turn: &Turn, extension: &ExtensionRef) -> Result<Answer, Problem> {
    let viewer = turn.act().viewer();
    let (extension_row, row) = market::rollout_of(tx, &viewer, extension)?;
    let (_, standing) = market::standing_of(tx, &viewer, extension)?;
    let rings = policy::for_extension(tx, extension_row.slug.as_str(), turn.now)?.rollouts;
    Ok(Answer::ok(&Rollout {
        extension_id: extension_row.id.to_string(),
        channel_revision: row.rollout.channel_revision,
        ring: row.rollout.ring_at(&rings, turn.now).name().to_owned(),
        paused: row.rollout.paused.clone(),
        since: row.rollout.since.to_string(),
        standing: standing.iter().map(wire::standing).collect(),
        revision: row.revision,
    })
    .revision(row.revision))
}
