//! `skydeck installation`: what is installed on a server, and everything its owner and managers do about it.

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global, typed};
use crate::api::installations::{
    Consent, FlagOverrides, Installation as Wire, InstallationDetail, InstallationPatch, InstallationUpdate, NewSecret,
    Revocation,
};
use crate::client::Seen;

/// What to do with installations.
#[derive(Debug, Subcommand)]
pub enum Installation {
    /// List everything on a server
    List(OnServer),
    /// Show one installation with the stages it went through
    Show(One),
    /// Grant a version what it asks for, or decline it
    Consent(Answer),
    /// Take scopes back; a version that cannot do without one of them stops
    Revoke(Scopes),
    /// Bring another version, or what the channel points at
    Update(ToVersion),
    /// Bring the version back that ran before
    Rollback(Because),
    /// Stop it
    Disable(Because),
    /// Let it run again, or keep what was to be removed
    Enable(One),
    /// Say whether updates come by themselves
    Follow(Following),
    /// Remove an extension from a server, and say what that frees
    Remove(OnServerNamed),
    /// Show the configuration, or set it from a JSON document
    Config(Document),
    /// Set a secret, read from standard input; it is never shown again
    Secret(SetSecret),
    /// Show the feature flags, or set them for this server
    Flags(SetFlags),
    /// Show what it used in the last thirty days
    Usage(One),
}

/// One installation.
#[derive(Debug, Args)]
pub struct One {
    /// The installation's id
    id: String,
}

/// One server.
#[derive(Debug, Args)]
pub struct OnServer {
    /// The server's id, here or on the chat platform
    server: String,
}

/// An extension on a server.
#[derive(Debug, Args)]
pub struct OnServerNamed {
    /// The server's id, here or on the chat platform
    server: String,
    /// The extension's id or slug
    extension: String,
}

/// What the owner answers.
#[derive(Debug, Args)]
pub struct Answer {
    /// The installation's id
    id: String,
    /// The scopes that are granted, by commas
    #[arg(long, value_delimiter = ',', value_name = "SCOPES", required_unless_present = "decline")]
    grant: Option<Vec<String>>,
    /// Why the version is declined
    #[arg(long, value_name = "REASON", conflicts_with = "grant")]
    decline: Option<String>,
}

/// Scopes of an installation.
#[derive(Debug, Args)]
pub struct Scopes {
    /// The installation's id
    id: String,
    /// The scopes, by commas
    #[arg(required = true, value_delimiter = ',')]
    scopes: Vec<String>,
}

/// A version for an installation.
#[derive(Debug, Args)]
pub struct ToVersion {
    /// The installation's id
    id: String,
    /// The version; what the channel points at where left out
    #[arg(long, value_name = "VERSION")]
    number: Option<String>,
}

/// An installation with a reason.
#[derive(Debug, Args)]
pub struct Because {
    /// The installation's id
    id: String,
    /// Why
    #[arg(long)]
    reason: String,
}

/// How an installation follows the channel.
#[derive(Debug, Args)]
pub struct Following {
    /// The server's id, here or on the chat platform
    server: String,
    /// The extension's id or slug
    extension: String,
    /// automatic, manual or pinned
    how: String,
}

/// A configuration.
#[derive(Debug, Args)]
pub struct Document {
    /// The installation's id
    id: String,
    /// The document: JSON, @FILE, or - for standard input; shown where left out
    document: Option<String>,
}

/// A secret.
#[derive(Debug, Args)]
pub struct SetSecret {
    /// The installation's id
    id: String,
    /// Its name
    name: String,
    /// Where it may be sent to.
    #[arg(
        long = "origin",
        value_name = "ORIGIN",
        required = true,
        help = "An origin that it may be sent to, such as https://api.example.com; may be given several times"
    )]
    origins: Vec<String>,
}

/// Feature flags.
#[derive(Debug, Args)]
pub struct SetFlags {
    /// The installation's id
    id: String,
    /// Flags for this server, such as fast=on old=off, in the place of all that were set
    flags: Vec<String>,
}

/// Does it and prints what came of it.
///
/// # Errors
/// An installation that is not there or not yours; what its state or its schema refuses.
pub fn run(global: &Global, command: Installation) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    let client = &context.client;
    let changed = match command {
        Installation::List(on) => {
            let found = context.block_on(client.installed_on(&on.server))?;
            if form == Form::Json {
                output::json(&found)?;
            } else {
                print(form, &found.items)?;
            }
            return Ok(Exit::Done);
        }
        Installation::Show(one) => {
            detail(form, &context.block_on(client.installation(&one.id))?.value)?;
            return Ok(Exit::Done);
        }
        Installation::Consent(answer) => {
            let consent = Consent { grant: answer.grant, decline: answer.decline };
            context.block_on(client.consent(&answer.id, Seen::Nothing, &consent))?
        }
        Installation::Revoke(revoked) => {
            context.block_on(client.revoke_scopes(&revoked.id, &Revocation { scopes: revoked.scopes }))?
        }
        Installation::Update(to) => {
            context.block_on(client.update_installation(&to.id, &InstallationUpdate { number: to.number }))?
        }
        Installation::Rollback(back) => context.block_on(client.roll_installation_back(&back.id, &back.reason))?,
        Installation::Disable(stop) => context.block_on(client.disable(&stop.id, &stop.reason))?,
        Installation::Enable(one) => context.block_on(client.enable(&one.id))?,
        Installation::Follow(way) => {
            let patch = InstallationPatch { follow: way.how };
            context.block_on(client.follow(&way.server, &way.extension, Seen::Nothing, &patch))?
        }
        others => return on_what_it_has(&context, form, others),
    };
    show(form, &changed)?;
    Ok(Exit::Done)
}

/// Prints one installation.
///
/// # Errors
/// Where standard output is closed.
pub fn show(form: Form, installation: &Wire) -> Result<(), Failure> {
    if form == Form::Json { output::json(installation) } else { print(form, std::slice::from_ref(installation)) }
}

fn on_what_it_has(context: &Context, form: Form, command: Installation) -> Result<Exit, Failure> {
    let client = &context.client;
    match command {
        Installation::Remove(on) => {
            let removed = context.block_on(client.uninstall(&on.server, &on.extension, Seen::Nothing))?;
            if form == Form::Json {
                output::json(&removed)?;
            } else {
                let when = removed.freed_at.as_deref().map_or_else(|| "now".to_owned(), output::moment);
                let freed = format!(
                    "{} configurations, {} secrets, {} flags, {} recorded stages",
                    removed.configs, removed.secrets, removed.flags, removed.steps
                );
                output::fields(form, &[("freed", when), ("what", freed)])?;
            }
        }
        Installation::Config(one) => {
            let config = match &one.document {
                None => context.block_on(client.config(&one.id))?.value,
                Some(given) => {
                    let document = serde_json::from_str(&typed::text(given)?)
                        .map_err(|error| Failure::new(Exit::Invalid, format!("not JSON: {error}")))?;
                    context.block_on(client.configure(&one.id, Seen::Nothing, &document))?.value
                }
            };
            output::json(&config)?;
        }
        Installation::Secret(set) => {
            let value = typed::text("-")?;
            let secret = NewSecret { value: value.trim_end_matches(['\r', '\n']).to_owned(), origins: set.origins };
            let kept = context.block_on(client.set_secret(&set.id, &set.name, &secret))?;
            if form == Form::Json {
                output::json(&kept)?;
            } else {
                output::line(&format!("{} is kept; it may be sent to {}", kept.name, output::words(&kept.origins)))?;
            }
        }
        Installation::Flags(set) => {
            if !set.flags.is_empty() {
                let flags = FlagOverrides { flags: read_flags(&set.flags)? };
                context.block_on(client.set_flags(&set.id, &flags))?;
            }
            let flags = context.block_on(client.flags(&set.id))?;
            let state = |on: bool| if on { "on" } else { "off" }.to_owned();
            let rows: Vec<Vec<String>> =
                flags.items.iter().map(|flag| vec![flag.name.clone(), state(flag.on), flag.source.clone()]).collect();
            if form == Form::Json {
                output::json(&flags)?;
            } else {
                output::rows(form, &["flag", "is", "set by"], &rows)?;
            }
        }
        Installation::Usage(one) => output::json(&context.block_on(client.usage_of(&one.id))?)?,
        _ => {}
    }
    Ok(Exit::Done)
}

fn read_flags(words: &[String]) -> Result<std::collections::BTreeMap<String, bool>, Failure> {
    let read = |word: &String| match word.split_once('=') {
        Some((name, "on")) => Ok((name.to_owned(), true)),
        Some((name, "off")) => Ok((name.to_owned(), false)),
        _ => Err(Failure::new(Exit::Usage, format!("{word:?} is no flag such as fast=on or fast=off"))),
    };
    words.iter().map(read).collect()
}

fn print(form: Form, installations: &[Wire]) -> Result<(), Failure> {
    let row = |one: &Wire| {
        let coming = one.attempt.as_ref().map(|next| format!("{} ({})", next.version, next.stage));
        let update = one.update.as_ref().map(|update| format!("{} ({})", update.version, update.when));
        vec![
            one.slug.clone(),
            if one.blocked { "blocked".to_owned() } else { one.state.clone() },
            one.version.clone().unwrap_or_else(|| "-".to_owned()),
            coming.or(update).unwrap_or_else(|| "-".to_owned()),
            output::words(&one.granted),
            one.follow.clone(),
            one.reason.clone().unwrap_or_else(|| "-".to_owned()),
            one.id.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = installations.iter().map(row).collect();
    output::rows(form, &["extension", "is", "version", "coming", "granted", "follows", "why", "installation"], &rows)
}

fn detail(form: Form, detail: &InstallationDetail) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(detail);
    }
    show(form, &detail.installation)?;
    let rows: Vec<Vec<String>> = detail
        .steps
        .iter()
        .map(|step| {
            vec![
                output::moment(&step.at),
                step.attempt.to_string(),
                step.version.clone(),
                step.why.clone(),
                step.stage.clone(),
                step.detail.clone(),
            ]
        })
        .collect();
    output::rows(form, &["at", "attempt", "version", "for", "stage", "why"], &rows)
}
