//! `skydeck export`: an extension's package, or its code alone, byte for byte as the marketplace gives it.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global};
use crate::domain::digest::Sha256Digest;
use crate::domain::package::Package;

/// What to export, and where to.
#[derive(Debug, Args)]
pub struct Export {
    /// The extension's short name or id
    extension: String,
    /// Which version; the newest that you may have where left out
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// Where to write it; standard output (-) where left out
    #[arg(short, long, value_name = "FILE|-")]
    output: Option<PathBuf>,
    /// The code alone (.wasm), checked against both of the package's digests
    #[arg(long)]
    code: bool,
}

/// Writes the bytes.
///
/// # Errors
/// What the server refuses; a file that cannot be written.
pub fn run(global: &Global, command: Export) -> Result<Exit, Failure> {
    let is_dash = |path: &Path| path.as_os_str() == "-";
    if command.output.is_none() && std::io::stdout().is_terminal() {
        let text = "this would fill the terminal: give -o FILE, or -o - to have it here all the same";
        return Err(Failure::new(Exit::Usage, text));
    }
    let context = Context::open(global)?;
    let package = context.block_on(context.client.export(&command.extension, command.number.as_deref()))?;
    let bytes = if command.code { code(&package)? } else { package };
    let Some(path) = command.output.filter(|path| !is_dash(path)) else {
        output::raw(&bytes)?;
        return Ok(Exit::Done);
    };
    write(&path, &bytes)?;
    let sha256 = Sha256Digest::of(&bytes);
    match Form::of(global) {
        Form::Json => output::json(&json!({
            "file": path.display().to_string(), "bytes": bytes.len(), "sha256": sha256.to_string(),
        }))?,
        form => output::fields(
            form,
            &[("file", path.display().to_string()), ("bytes", bytes.len().to_string()), ("sha256", sha256.to_string())],
        )?,
    }
    Ok(Exit::Done)
}

fn code(package: &[u8]) -> Result<Vec<u8>, Failure> {
    let package = Package::parse(package).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::new(Exit::Invalid, format!("the server's package is faulty: {}", faults.join("; ")))
    })?;
    Ok(package.code.bytes)
}

/// Writes beside the file and renames, so that an interrupted export leaves the old one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(Exit::Environment, format!("{}: {error}", path.display()));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let beside = path.with_file_name(name);
    std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path)).map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        failed(error)
    })
}
