//! `skydeck login`: takes a token without showing it, tries it, and keeps it for the server.

use std::io::{IsTerminal as _, Read as _, Write as _};

use clap::Args;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal;
use serde_json::json;

use super::output::{self, Form};
use super::{Exit, Failure, Global, context};
use crate::client::Secret;
use crate::config::{Credentials, Settings};

/// Bytes of a token that are read from a pipe.
const TOKEN_BYTES_MAX: u64 = 1_000;

/// Nothing but what every command takes: the token is typed, or comes through a pipe.
#[derive(Debug, Args)]
pub struct Login {}

/// Raw mode for as long as a secret is typed.
struct Unechoed;

impl Unechoed {
    fn begin() -> std::io::Result<Unechoed> {
        terminal::enable_raw_mode()?;
        Ok(Unechoed)
    }
}

impl Drop for Unechoed {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
    }
}

/// Reads, tries and keeps the token; one that the server refuses is not kept.
///
/// # Errors
/// No token, one that is refused, or a file that cannot be written.
pub fn run(global: &Global, _command: Login) -> Result<Exit, Failure> {
    let folders = context::folders(global)?;
    let settings = Settings::load(&folders.config)?;
    let mut credentials = Credentials::load(&folders.config)?;
    let server = context::server(global, &settings)?;
    let address = server.to_string();
    let authorities = context::authorities(global, &folders, &settings)?;
    let text = read_secret(&address)?;
    let secret: Secret = text.parse().map_err(|error| Failure::new(Exit::Usage, format!("{error}")))?;
    let client = context::client(server, Some(secret.clone()), authorities.as_ref())?;
    let me = context::small_runtime()?.block_on(client.me())?;
    let path = credentials.keep(&address, secret.reveal().to_owned(), &folders.config)?;
    match Form::of(global) {
        Form::Json => output::json(&json!({"server": address, "me": me, "kept_in": path.display().to_string()}))?,
        form => output::fields(
            form,
            &[
                ("signed in to", address),
                ("as", me.account.name),
                ("role", me.account.role),
                ("rights", output::words(&me.rights)),
                ("token ends", me.token_expires_at.unwrap_or_else(|| "never".to_owned())),
                ("kept in", path.display().to_string()),
            ],
        )?,
    }
    Ok(Exit::Done)
}

/// The token, from the keyboard without echo, or the first line of what is piped in.
fn read_secret(server: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::new(Exit::Environment, format!("cannot read the token: {error}"));
    if !std::io::stdin().is_terminal() {
        let mut text = String::new();
        std::io::stdin().take(TOKEN_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        return match text.lines().next().map(str::trim) {
            Some(line) if !line.is_empty() => Ok(line.to_owned()),
            _ => Err(Failure::new(Exit::Usage, "no token came through standard input")),
        };
    }
    let typed = typed(&format!("Token for {server} (it is not shown): "));
    let _ = writeln!(std::io::stderr());
    match typed.map_err(failed)? {
        Some(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(Failure::new(Exit::Usage, "no token was given; nothing was changed")),
    }
}

/// What is typed up to Enter; nothing where it is given up with Esc, Ctrl-C or Ctrl-D.
fn typed(prompt: &str) -> std::io::Result<Option<String>> {
    // Before the prompt, so that nothing typed at its sight is shown.
    let _unechoed = Unechoed::begin()?;
    let mut screen = std::io::stderr();
    write!(screen, "{prompt}").and_then(|()| screen.flush())?;
    let mut text = String::new();
    loop {
        let Event::Key(key) = crossterm::event::read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return Ok(Some(text)),
            KeyCode::Esc => return Ok(None),
            KeyCode::Char('c' | 'd') if control => return Ok(None),
            KeyCode::Char('u') if control => text.clear(),
            KeyCode::Char(character) if !control => text.push(character),
            KeyCode::Backspace => {
                text.pop();
            }
            _ => {}
        }
    }
}
