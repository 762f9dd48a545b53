//! `skydeck install`: an extension onto a server, with informed consent.

use clap::Args;

use super::context::Context;
use super::installation;
use super::output::Form;
use super::{Exit, Failure, Global};
use crate::api::installations::NewInstallation;

/// What is installed where.
#[derive(Debug, Args)]
pub struct Install {
    /// The extension's id or slug
    extension: String,
    /// The server's id, here or on the chat platform
    #[arg(long, value_name = "ID")]
    on: String,
    /// The version; what the channel points at where left out
    #[arg(long, value_name = "VERSION")]
    number: Option<String>,
    /// The scopes that you grant as the server's owner, by commas; the owner is asked later where left out
    #[arg(long, value_delimiter = ',', value_name = "SCOPES")]
    grant: Option<Vec<String>>,
    /// Whether updates come by themselves: automatic, manual or pinned
    #[arg(long, value_name = "HOW")]
    follow: Option<String>,
}

/// Installs it and prints where it stands.
///
/// # Errors
/// What the first stages refuse, with the reason; nothing was installed then.
pub fn run(global: &Global, command: Install) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    let named = |names: Vec<String>| names.into_iter().filter(|name| !name.is_empty()).collect();
    let new = NewInstallation {
        extension: command.extension,
        number: command.number,
        grant: command.grant.map(named),
        follow: command.follow,
    };
    let made = context.block_on(context.client.install(&command.on, &new))?;
    installation::show(form, &made)?;
    Ok(Exit::Done)
}
