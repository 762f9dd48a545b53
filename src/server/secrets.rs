//! Secrets of installations: set by those who run the server, taken out only by the instance that needs them.

use axum::extract::State;

use super::answer::Answer;
use super::app::{App, fresh_seed};
use super::body::{Empty, Json};
use super::caller::Asker;
use super::change::Change;
use super::path::{self, Path};
use super::problem::Problem;
use crate::api::installations::{NewSecret, Secret, SecretTaken, Secrets};
use crate::domain::id::InstallationId;
use crate::domain::secret::{NotASecretPart, Origin, SecretName, parse_origins};
use crate::market::{self, InstallationRef};
use crate::store::secrets::SecretRow;

/// The secrets of an installation: names and origins, never what they are.
#[utoipa::path(get, path = "/installations/{id}/secrets", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")), responses((status = 200, body = Secrets)))]
pub async fn list(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let wanted = InstallationRef::Id(path::id::<InstallationId>("installation", &text)?);
    let found = app.read(&asker, move |tx, turn| Ok(market::secrets_of(tx, &turn.act().viewer(), &wanted)?)).await?;
    Ok(Answer::ok(&Secrets { items: found.iter().map(wire).collect() }))
}

/// Sets a secret; it is encrypted before it is stored, and never shown again.
#[utoipa::path(put, path = "/installations/{id}/secrets/{name}", tag = "installations",
    params(("id" = String, Path, description = "The installation's id"), ("name" = String, Path, description = "The secret's name")),
    request_body = NewSecret, responses((status = 200, body = Secret)))]
pub async fn set(
    State(app): State<App>,
    Path((text, name)): Path<(String, String)>,
    Change { body: Json(body), order, .. }: Change<Json<NewSecret>>,
) -> Result<Answer, Problem> {
    let id: InstallationId = path::id("installation", &text)?;
    let name = read_name(&name)?;
    let origins = parse_origins(&body.origins)
        .map_err(|(place, refusal)| Problem::invalid(format!("/origins/{place}"), refusal.to_string()))?;
    let key = app.store().secret_key().await?;
    let seed = fresh_seed()?;
    let mut nonce = [0_u8; 12];
    nonce.copy_from_slice(&seed[..12]);
    let sealed =
        key.seal(nonce, (id, &name), &body.value).map_err(|refusal| Problem::invalid("/value", refusal.to_string()))?;
    let secret = market::NewSecret { name, sealed, origins };
    order
        .commit(&app, move |tx, turn| {
            let row = market::set_secret(tx, &turn.act(), &InstallationRef::Id(id), &secret)?;
            Ok(Answer::ok(&wire(&row)))
        })
        .await
}

/// Removes a secret.
#[utoipa::path(delete, path = "/installations/{id}/secrets/{name}", tag = "installations",
    params(("id" = String, Path, description = "The installation's id"), ("name" = String, Path, description = "The secret's name")),
    responses((status = 204)))]
pub async fn remove(
    State(app): State<App>,
    Path((text, name)): Path<(String, String)>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let wanted = InstallationRef::Id(path::id::<InstallationId>("installation", &text)?);
    let name = read_name(&name)?;
    order
        .commit(&app, move |tx, turn| {
            market::remove_secret(tx, &turn.act(), &wanted, &name)?;
            Ok(Answer::empty())
        })
        .await
}

/// Takes a secret out, to run the extension with it; each time is in the audit log.
#[utoipa::path(post, path = "/installations/{id}/secrets/{name}/take", tag = "installations",
    params(("id" = String, Path, description = "The installation's id"), ("name" = String, Path, description = "The secret's name")),
    responses((status = 200, body = SecretTaken)))]
pub async fn take(
    State(app): State<App>,
    Path((text, name)): Path<(String, String)>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let id: InstallationId = path::id("installation", &text)?;
    let name = read_name(&name)?;
    let key = app.store().secret_key().await?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::take_secret(tx, &turn.act(), id, &name)?;
            let value = key.open((id, &name), &row.sealed).map_err(|error| Problem::internal(error.to_string()))?;
            let origins = row.origins.iter().map(Origin::to_string).collect();
            Ok(Answer::ok(&SecretTaken { name: name.to_string(), value, origins }).holding_secret())
        })
        .await
}

fn read_name(text: &str) -> Result<SecretName, Problem> {
    text.parse().map_err(|refusal: NotASecretPart| Problem::invalid("/name", refusal.to_string()))
}

fn wire(row: &SecretRow) -> Secret {
    Secret {
        name: row.name.to_string(),
        origins: row.origins.iter().map(Origin::to_string).collect(),
        at: row.at.to_string(),
    }
}
