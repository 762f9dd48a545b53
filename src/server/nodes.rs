//! The servers that share the marketplace's database, as they were last heard of.

use axum::extract::State;

use super::answer::Answer;
use super::app::App;
use super::caller::Asker;
use super::problem::Problem;
use crate::api::nodes::Node as Wire;
use crate::api::page::Page;
use crate::domain::node::is_alive;
use crate::domain::time::Timestamp;
use crate::store::nodes::{self, Node};

/// Digits shown of a key's fingerprint.
const FINGERPRINT_DIGITS: usize = 16;

/// Every server of this marketplace, the oldest first.
#[utoipa::path(get, path = "/nodes", tag = "watching", responses((status = 200, body = Page<Wire>)))]
pub async fn list(State(app): State<App>, asker: Asker) -> Result<Answer, Problem> {
    let (now, found) = app.read(&asker, |tx, _| Ok((nodes::time(tx)?, nodes::all(tx)?))).await?;
    let items = found.iter().map(|node| wire(&app, node, now)).collect();
    Ok(Answer::ok(&Page { items, next: None, total: None }))
}

fn wire(app: &App, node: &Node, now: Timestamp) -> Wire {
    let answers = node.id == app.membership().id();
    Wire {
        id: node.id.to_string(),
        host: node.host.clone(),
        address: node.address.clone(),
        version: node.version.clone(),
        started_at: node.started_at.to_string(),
        beat_at: node.beat_at.to_string(),
        alive: answers || is_alive(node.beat_at, now),
        clock_off_ms: node.clock.since_ms(node.beat_at),
        answers,
        key_fingerprint: node.key_fingerprint.to_string().chars().take(FINGERPRINT_DIGITS).collect(),
    }
}
