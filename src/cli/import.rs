//! `skydeck import`: a package becomes a new extension of the caller's.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global, subject};

/// What to import.
#[derive(Debug, Args)]
pub struct Import {
    /// A package (.skypkg)
    file: PathBuf,
    /// The extension's short name; derived from its name where left out
    #[arg(long)]
    slug: Option<String>,
    /// Have the marketplace judge it, and keep nothing
    #[arg(long)]
    dry_run: bool,
}

/// Imports, and says what was made.
///
/// # Errors
/// A faulty package, before anything is sent; what the server refuses.
pub fn run(global: &Global, command: Import) -> Result<Exit, Failure> {
    let form = Form::of(global);
    subject::read(&command.file)?.package()?;
    let bytes = subject::read_bytes(&command.file)?;
    let context = Context::open(global)?;
    let client = if command.dry_run { context.client.rehearsing() } else { context.client.clone() };
    let imported = context.block_on(client.import(bytes, command.slug.as_deref()))?;
    if form == Form::Json {
        output::json(&imported)?;
        return Ok(Exit::Done);
    }
    let (extension, version) = (&imported.extension, &imported.version);
    output::fields(
        form,
        &[
            (if command.dry_run { "would import" } else { "imported" }, extension.slug.clone()),
            ("name", extension.name.clone()),
            ("number", version.number.clone()),
            ("stage", version.stage.clone()),
            ("scopes", output::words(&version.scopes)),
            ("sha256", version.sha256.clone()),
        ],
    )?;
    for note in &imported.notes {
        output::text(&format!("note: {note}"))?;
    }
    Ok(Exit::Done)
}
