//! `skydeck rollout`: how far an update has gone, holding it up, and which instances took note of what.

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global};
use crate::api::installations::{Rollout as Wire, RolloutPatch};
use crate::client::Seen;

/// What to do with rollouts.
#[derive(Debug, Subcommand)]
pub enum Rollout {
    /// Show how far an update has gone, and where its installations stand
    Show(One),
    /// Set the ring, hold the update up, or go on with it
    Set(Set),
    /// Show what every instance was told at once, and how many confirmed it
    Notices(One),
}

/// One extension.
#[derive(Debug, Args)]
pub struct One {
    /// The extension's id or slug
    extension: String,
}

/// What is changed.
#[derive(Debug, Args)]
pub struct Set {
    /// The extension's id or slug
    extension: String,
    /// canary, tenth or all
    #[arg(long)]
    ring: Option<String>,
    /// Why it is to stand still
    #[arg(long, value_name = "REASON", conflicts_with = "resume")]
    pause: Option<String>,
    /// Let it go on
    #[arg(long)]
    resume: bool,
}

/// Does it and prints where the rollout stands.
///
/// # Errors
/// An extension that is not yours; a ring that there is not.
pub fn run(global: &Global, command: Rollout) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    let client = &context.client;
    match command {
        Rollout::Show(one) => print(form, &context.block_on(client.rollout(&one.extension))?.value)?,
        Rollout::Set(set) => {
            let paused = if set.resume { Some(String::new()) } else { set.pause };
            let patch = RolloutPatch { ring: set.ring, paused };
            print(form, &context.block_on(client.set_rollout(&set.extension, Seen::Nothing, &patch))?.value)?;
        }
        Rollout::Notices(one) => {
            let notices = context.block_on(client.notices(&one.extension))?;
            let confirmed = |notice: &crate::api::instances::Notice| {
                format!("{} of {}", notice.confirmed.unwrap_or(0), notice.instances.unwrap_or(0))
            };
            let rows: Vec<Vec<String>> = notices
                .items
                .iter()
                .map(|notice| vec![output::moment(&notice.at), notice.kind.clone(), confirmed(notice)])
                .collect();
            if form == Form::Json {
                output::json(&notices)?;
            } else {
                output::rows(form, &["at", "what", "confirmed"], &rows)?;
            }
        }
    }
    Ok(Exit::Done)
}

fn print(form: Form, rollout: &Wire) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(rollout);
    }
    let fields = [
        ("channel revision", rollout.channel_revision.to_string()),
        ("ring", rollout.ring.clone()),
        ("since", output::moment(&rollout.since)),
        ("stands still", rollout.paused.clone().unwrap_or_else(|| "no".to_owned())),
    ];
    output::fields(form, &fields)?;
    let rows: Vec<Vec<String>> = rollout
        .standing
        .iter()
        .map(|standing| {
            let version = standing.version_id.clone().unwrap_or_else(|| "-".to_owned());
            vec![standing.state.clone(), version, standing.count.to_string()]
        })
        .collect();
    output::rows(form, &["is", "version", "installations"], &rows)
}
