//! `skydeck admin nodes`: the servers that share one marketplace.

use clap::Args;

use crate::api::nodes::Node;
use crate::cli::context::Context;
use crate::cli::output::{self, Form};
use crate::cli::{Exit, Failure, Global};

/// Nothing to say.
#[derive(Debug, Args)]
pub struct Nodes {}

/// Lists the servers; those that are silent are marked.
///
/// # Errors
/// Not an administrator.
pub fn run(global: &Global, _command: &Nodes) -> Result<Exit, Failure> {
    let context = Context::open(global)?;
    let nodes = context.block_on(context.client.nodes())?.items;
    let form = Form::of(global);
    if form == Form::Json {
        output::json(&nodes)?;
    } else {
        let rows: Vec<Vec<String>> = nodes.iter().map(row).collect();
        output::rows(form, &["address", "host", "version", "state", "started", "last heard", "clock", "id"], &rows)?;
    }
    Ok(Exit::Done)
}

fn row(node: &Node) -> Vec<String> {
    let state = match (node.alive, node.answers) {
        (true, true) => "answers",
        (true, false) => "alive",
        (false, _) => "silent",
    };
    vec![
        node.address.clone(),
        node.host.clone(),
        node.version.clone(),
        state.to_owned(),
        output::moment(&node.started_at),
        output::moment(&node.beat_at),
        format!("{:+} ms", node.clock_off_ms),
        node.id.clone(),
    ]
}
