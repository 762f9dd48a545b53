//! Dry runs on the server, of code that it holds.

use axum::extract::State;

use super::answer::Answer;
use super::app::App;
use super::blobs::version_with;
use super::body::Json;
use super::change::Change;
use super::problem::Problem;
use super::worker::{self, DryRun};
use crate::api::runs::{NewDryRun, RunReport};
use crate::domain::digest::Sha256Digest;
use crate::domain::kind::Kind;
use crate::domain::package::Package;
use crate::domain::scope::{Scope, ScopeSet};
use crate::store::{StoreError, policy};

/// Runs one handler of a stored code under the policy's caps, in the built-in world.
#[utoipa::path(post, path = "/dry-runs", tag = "reviews", request_body = NewDryRun,
    responses((status = 200, body = RunReport)))]
pub async fn run(
    State(app): State<App>,
    Change { body: Json(body), order, .. }: Change<Json<NewDryRun>>,
) -> Result<Answer, Problem> {
    let sha256: Sha256Digest = body.sha256.parse().map_err(|error| Problem::invalid("/sha256", format!("{error}")))?;
    let kind: Kind = body.kind.parse().map_err(|error| Problem::invalid("/kind", format!("{error}")))?;
    let granted = body.scopes.as_deref().map(scopes).transpose()?;
    let read = app.read(order.asker(), move |tx, turn| {
        let found = version_with(tx, turn, sha256)?;
        let policy = policy::for_extension(tx, found.extension.slug.as_str(), turn.now)?;
        Ok((found.version, policy))
    });
    let (version, policy) = read.await?;
    let code = app.store().blobs().get(sha256).await?;
    let assembled = worker::run_blocking(move || Package::assemble(&version.document, code)).await?;
    let package = assembled.map_err(|faults| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        StoreError::Corrupt(format!("the version of the code {sha256} is no package any more: {first}"))
    })?;
    let run = DryRun {
        code: package.code.bytes,
        manifest: package.manifest,
        policy,
        kind,
        event: body.event,
        granted,
        seed: body.seed,
    };
    Ok(Answer::ok(&worker::dry_run(run).await?))
}

fn scopes(names: &[String]) -> Result<ScopeSet, Problem> {
    let parsed = names.iter().enumerate().map(|(index, name)| {
        name.parse::<Scope>().map_err(|error| Problem::invalid(format!("/scopes/{index}"), error.to_string()))
    });
    parsed.collect()
}
