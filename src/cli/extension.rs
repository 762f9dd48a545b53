//! `skydeck extension`: the catalogue and one extension in it; what its owner and maintainers do once it is published.

use clap::{Args, Subcommand};
use serde_json::json;

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global};
use crate::api::extensions::{Extension as Wire, Reason, Restriction, Rollback, Spread};
use crate::api::installations::{FlagSettings, InstalledOn, VersionFlags};
use crate::api::page::Page;
use crate::api::versions::Version;
use crate::client::{ClientError, PageQuery, Seen};

/// Items of one page.
const PAGE_ITEMS: usize = 100;

/// What to do with extensions.
#[derive(Debug, Subcommand)]
pub enum Extension {
    /// List the catalogue
    List(List),
    /// Show one, and how far it has spread
    Show(One),
    /// List its versions
    Versions(One),
    /// Show what its channel pointed at, why, and who moved it
    Channel(One),
    /// List the servers that have it (maintainers)
    Installations(One),
    /// Show the feature flags of a version, or set them
    Flags(Flags),
    /// Point its channel back at an older version
    Rollback(ToVersion),
    /// Keep everybody new from getting it until it is looked into
    Quarantine(HoldBack),
    /// Stop it everywhere
    Block(HoldBack),
    /// Lift a quarantine or a block
    Release(Because),
    /// Let nobody new have a version
    Yank(ToVersion),
    /// Take a yank back
    Unyank(OneVersion),
}

/// Which part of the catalogue.
#[derive(Debug, Args)]
pub struct List {
    /// A filter, such as: author:acme scope:ban listing:quarantined sort:-updated
    filter: Vec<String>,
    /// How many to show
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Show all of them
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// One extension.
#[derive(Debug, Args)]
pub struct One {
    /// The extension's id or slug
    extension: String,
}

/// One version.
#[derive(Debug, Args)]
pub struct OneVersion {
    /// The extension's id or slug
    extension: String,
    /// The version's number
    number: String,
}

/// One version, and why.
#[derive(Debug, Args)]
pub struct ToVersion {
    /// The extension's id or slug
    extension: String,
    /// The version's number
    number: String,
    /// Why; it is kept, and told to every instance
    #[arg(long)]
    reason: String,
}

/// Why.
#[derive(Debug, Args)]
pub struct Because {
    /// The extension's id or slug
    extension: String,
    /// Why; it is kept
    #[arg(long)]
    reason: String,
}

/// What is held back, and why.
#[derive(Debug, Args)]
pub struct HoldBack {
    /// The extension's id or slug
    extension: String,
    /// Why; it is kept, and told to every instance
    #[arg(long)]
    reason: String,
    /// Which versions, such as '<1.3.0'; all of them where absent
    #[arg(long)]
    range: Option<String>,
}

/// Feature flags of a version.
#[derive(Debug, Args)]
pub struct Flags {
    /// The extension's id or slug
    extension: String,
    /// The version's number
    number: String,
    /// NAME=on, NAME=off, NAME=25 (percent of the servers) or NAME=default; the others stay
    #[arg(value_name = "FLAGS")]
    changes: Vec<String>,
}

/// Does it and prints what it is about.
///
/// # Errors
/// A wrong filter, with the column; an extension that is not there or not yours; what its state refuses.
pub fn run(global: &Global, command: Extension) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    let client = &context.client;
    let changed = match command {
        Extension::Rollback(to) => {
            let rollback = Rollback { number: to.number, reason: to.reason };
            context.block_on(client.roll_back(&to.extension, Seen::Nothing, &rollback))?
        }
        Extension::Quarantine(hold) => {
            let restriction = Restriction { reason: hold.reason, range: hold.range };
            context.block_on(client.quarantine(&hold.extension, Seen::Nothing, &restriction))?
        }
        Extension::Block(hold) => {
            let restriction = Restriction { reason: hold.reason, range: hold.range };
            context.block_on(client.block(&hold.extension, Seen::Nothing, &restriction))?
        }
        Extension::Release(because) => {
            let reason = Reason { reason: because.reason };
            context.block_on(client.release_extension(&because.extension, Seen::Nothing, &reason))?
        }
        others => return look(&context, form, others),
    };
    if form == Form::Json {
        output::json(&changed.value)?;
    } else {
        print(form, &[changed.value])?;
    }
    Ok(Exit::Done)
}

fn look(context: &Context, form: Form, command: Extension) -> Result<Exit, Failure> {
    let client = &context.client;
    match command {
        Extension::List(part) => list(context, form, &part)?,
        Extension::Show(one) => show(context, form, &one.extension)?,
        Extension::Versions(one) => {
            let one = one.extension.as_str();
            let found = context.block_on(all(|page| async move { client.versions(one, &page).await }))?;
            print_versions(form, &found)?;
        }
        Extension::Channel(one) => {
            let channel = context.block_on(client.channel(&one.extension))?;
            if form == Form::Json {
                output::json(&channel)?;
            } else {
                let row = |one: &crate::api::extensions::ChannelRevision| {
                    let at = output::moment(&one.at);
                    vec![one.revision.to_string(), one.number.clone(), at, one.by.clone(), one.reason.clone()]
                };
                let rows: Vec<Vec<String>> = channel.items.iter().map(row).collect();
                output::rows(form, &["revision", "version", "at", "by", "why"], &rows)?;
            }
        }
        Extension::Installations(one) => {
            let one = one.extension.as_str();
            let found = context.block_on(all(|page| async move { client.installed_with(one, &page).await }))?;
            print_servers(form, &found)?;
        }
        Extension::Flags(asked) => flags(context, form, &asked)?,
        Extension::Yank(of) => {
            let reason = Reason { reason: of.reason };
            let yanked = context.block_on(client.yank(&of.extension, &of.number, Seen::Nothing, &reason))?;
            show_version(form, yanked.value)?;
        }
        Extension::Unyank(of) => {
            let version = context.block_on(client.unyank(&of.extension, &of.number, Seen::Nothing))?;
            show_version(form, version.value)?;
        }
        _ => {}
    }
    Ok(Exit::Done)
}

/// Reads a list to its end.
async fn all<T, F: Future<Output = Result<Page<T>, ClientError>>>(
    read: impl Fn(PageQuery) -> F,
) -> Result<Vec<T>, ClientError> {
    let (mut items, mut cursor) = (Vec::new(), None);
    loop {
        let page = read(PageQuery { cursor, limit: Some(PAGE_ITEMS), ..PageQuery::default() }).await?;
        items.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(items);
        }
    }
}

fn list(context: &Context, form: Form, part: &List) -> Result<(), Failure> {
    let limit = if part.all { usize::MAX } else { part.limit };
    let filter = part.filter.join(" ");
    let (mut items, mut next) = (Vec::new(), None);
    loop {
        let page = PageQuery {
            q: (!filter.trim().is_empty()).then(|| filter.clone()),
            cursor: next.take(),
            limit: Some((limit - items.len()).clamp(1, PAGE_ITEMS)),
            ..PageQuery::default()
        };
        let page = context.block_on(context.client.extensions(&page))?;
        items.extend(page.items);
        next = page.next;
        if next.is_none() || items.len() >= limit {
            break;
        }
    }
    if form == Form::Json {
        return output::json(&json!({"items": items, "next": next}));
    }
    print(form, &items)?;
    if next.is_some() { output::line("there are more: --limit N or --all shows them") } else { Ok(()) }
}

fn print(form: Form, extensions: &[Wire]) -> Result<(), Failure> {
    let row = |one: &Wire| {
        vec![
            one.slug.clone(),
            one.name.clone(),
            one.owner.clone(),
            one.tier.clone(),
            one.listing.clone(),
            one.head.clone().unwrap_or_else(|| "-".to_owned()),
            one.head_revision.to_string(),
            one.installations.map_or_else(|| "-".to_owned(), |count| count.to_string()),
            output::moment(&one.updated_at),
        ]
    };
    let rows: Vec<Vec<String>> = extensions.iter().map(row).collect();
    output::rows(form, &["extension", "name", "owner", "tier", "is", "version", "channel", "servers", "changed"], &rows)
}

fn show(context: &Context, form: Form, extension: &str) -> Result<(), Failure> {
    let shown = context.block_on(context.client.extension(extension))?.value;
    let spread = match context.block_on(context.client.spread(extension)) {
        Ok(spread) => Some(spread),
        // Only its owner and maintainers are told.
        Err(error) if error.status() == Some(404) => None,
        Err(error) => return Err(error.into()),
    };
    if form == Form::Json {
        return output::json(&json!({"extension": shown, "spread": spread}));
    }
    let mut fields = vec![
        ("extension", shown.slug.clone()),
        ("id", shown.id.clone()),
        ("name", shown.name.clone()),
        ("owner", shown.owner.clone()),
        ("tier", shown.tier.clone()),
        ("is", shown.listing.clone()),
        ("why", shown.listing_reason.clone().unwrap_or_else(|| "-".to_owned())),
        ("version", shown.head.clone().unwrap_or_else(|| "-".to_owned())),
        ("channel revision", shown.head_revision.to_string()),
        ("tags", output::words(&shown.tags)),
        ("changed", output::moment(&shown.updated_at)),
    ];
    fields.extend(spread.iter().flat_map(spread_fields));
    output::fields(form, &fields)
}

fn spread_fields(spread: &Spread) -> Vec<(&'static str, String)> {
    let versions: Vec<String> =
        spread.versions.iter().map(|one| format!("{} on {}", one.number, one.installations)).collect();
    vec![
        ("installations", format!("{}, {} of them active", spread.installations, spread.active)),
        ("servers", spread.servers.to_string()),
        ("instances", format!("{}, {} of them listening", spread.instances, spread.listening)),
        ("versions", if versions.is_empty() { "-".to_owned() } else { versions.join(", ") }),
    ]
}

fn show_version(form: Form, version: Version) -> Result<(), Failure> {
    if form == Form::Json { output::json(&version) } else { print_versions(form, &[version]) }
}

fn print_versions(form: Form, versions: &[Version]) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(&json!({"items": versions}));
    }
    let row = |one: &Version| {
        vec![
            one.number.clone(),
            one.stage.clone(),
            one.yanked.clone().unwrap_or_else(|| "-".to_owned()),
            one.published_at.as_deref().map_or_else(|| "-".to_owned(), output::moment),
            output::words(&one.scopes),
            one.md5.clone(),
            one.sha256.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = versions.iter().map(row).collect();
    output::rows(form, &["version", "is", "yanked", "published", "scopes", "md5", "sha256"], &rows)
}

fn print_servers(form: Form, found: &[InstalledOn]) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(&json!({"items": found}));
    }
    let row = |one: &InstalledOn| {
        let installation = &one.installation;
        let coming = installation.attempt.as_ref().map(|next| format!("{} ({})", next.version, next.stage));
        let update = installation.update.as_ref().map(|update| format!("{} ({})", update.version, update.when));
        vec![
            installation.guild.clone(),
            one.server.clone(),
            one.tier.clone(),
            if installation.blocked { "blocked".to_owned() } else { installation.state.clone() },
            installation.version.clone().unwrap_or_else(|| "-".to_owned()),
            coming.or(update).unwrap_or_else(|| "-".to_owned()),
            one.ring.clone(),
            installation.follow.clone(),
            one.instance.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    output::rows(form, &["server", "name", "tier", "is", "version", "coming", "ring", "follows", "instance"], &rows)
}

fn flags(context: &Context, form: Form, asked: &Flags) -> Result<(), Failure> {
    let client = &context.client;
    let mut settings = context.block_on(client.version_flags(&asked.extension, &asked.number))?;
    if !asked.changes.is_empty() {
        let flags = changed_flags(&settings, &asked.changes)?;
        context.block_on(client.set_version_flags(&asked.extension, &asked.number, &flags))?;
        settings = context.block_on(client.version_flags(&asked.extension, &asked.number))?;
    }
    if form == Form::Json {
        return output::json(&settings);
    }
    let value = |value: &serde_json::Value| match value {
        serde_json::Value::Bool(true) => "on".to_owned(),
        serde_json::Value::Bool(false) => "off".to_owned(),
        share => format!("{share} %"),
    };
    let row = |one: &crate::api::installations::FlagSetting| {
        vec![
            one.name.clone(),
            value(one.set.as_ref().unwrap_or(&one.default)),
            value(&one.default),
            one.servers_on.to_string(),
            one.servers_off.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = settings.items.iter().map(row).collect();
    output::rows(form, &["flag", "is", "manifest", "servers on", "servers off"], &rows)
}

/// What is set once these changes are made: the server takes the whole list.
fn changed_flags(settings: &FlagSettings, words: &[String]) -> Result<VersionFlags, Failure> {
    let set = settings.items.iter().filter_map(|one| Some((one.name.clone(), one.set.clone()?)));
    let mut flags: std::collections::BTreeMap<String, serde_json::Value> = set.collect();
    for word in words {
        let wrong =
            || Failure::new(Exit::Usage, format!("{word:?} is no flag such as fast=on, fast=25 or fast=default"));
        let (name, value) = word.split_once('=').ok_or_else(wrong)?;
        match value {
            "on" => drop(flags.insert(name.to_owned(), true.into())),
            "off" => drop(flags.insert(name.to_owned(), false.into())),
            "default" => drop(flags.remove(name)),
            share => {
                let share: u8 = share.trim_end_matches('%').parse().map_err(|_| wrong())?;
                flags.insert(name.to_owned(), share.into());
            }
        }
    }
    Ok(VersionFlags { flags })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::installations::FlagSetting;

    #[test]
    fn flags_that_are_not_named_stay_as_they_were_set() {
        let setting = |name: &str, set: Option<serde_json::Value>| FlagSetting {
            name: name.to_owned(),
            default: false.into(),
            set,
            servers_on: 0,
            servers_off: 0,
        };
        let settings = FlagSettings {
            items: vec![setting("fast", Some(true.into())), setting("new", Some(10.into())), setting("old", None)],
        };
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let changed = changed_flags(&settings, &words(&["new=25%", "old=off", "fast=default"])).unwrap();
        assert_eq!(serde_json::to_value(changed.flags).unwrap(), json!({"new": 25, "old": false}));
        for wrong in ["new", "new=", "new=300", "new=yes"] {
            assert!(changed_flags(&settings, &words(&[wrong])).is_err(), "{wrong}");
        }
    }
}
