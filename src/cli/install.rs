//! `skydeck install`: an extension onto a server, with informed consent to it and to everything that comes along.

use std::collections::BTreeMap;

use clap::Args;

use super::context::Context;
use super::installation;
use super::output::{self, Form};
use super::{Exit, Failure, Global};
use crate::api::installations::{ConsentAlong, InstallationOffer, NewInstallation};

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
    /// Something it needs, as it was offered.
    #[arg(
        long = "with",
        value_name = "SLUG@VERSION[=SCOPES]",
        help = "Something it needs that comes along, with the scopes that you grant to it, such as library@1.4.0=storage; \
                several times for several"
    )]
    along: Vec<String>,
    /// Only show what would come, and what each asks for
    #[arg(long, conflicts_with_all = ["grant", "follow", "along"])]
    offer: bool,
}

/// Installs it and prints where it stands.
///
/// # Errors
/// What the first stages refuse, with the reason; nothing was installed then.
pub fn run(global: &Global, command: Install) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let along = read_along(&command.along)?;
    let context = Context::open(global)?;
    if command.offer {
        let number = command.number.as_deref();
        let offer = context.client.installation_offer(&command.on, &command.extension, number);
        show_offer(form, &context.block_on(offer)?)?;
        return Ok(Exit::Done);
    }
    let named = |names: Vec<String>| names.into_iter().filter(|name| !name.is_empty()).collect();
    let new = NewInstallation {
        extension: command.extension,
        number: command.number,
        grant: command.grant.map(named),
        follow: command.follow,
        along,
    };
    let made = context.block_on(context.client.install(&command.on, &new))?;
    installation::show(form, &made)?;
    Ok(Exit::Done)
}

fn show_offer(form: Form, offer: &InstallationOffer) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(offer);
    }
    let mut rows = Vec::new();
    for one in &offer.items {
        let by = if one.needed_by.is_empty() { "-".to_owned() } else { output::words(&one.needed_by) };
        let row = |scope: &str, risk: String, what: &str| {
            vec![one.slug.clone(), one.version.clone(), by.clone(), scope.to_owned(), risk, what.to_owned()]
        };
        if one.scopes.is_empty() {
            rows.push(row("-", "-".to_owned(), "asks for nothing"));
        }
        for scope in &one.scopes {
            let left_out = if scope.optional { " (may be left out)" } else { "" };
            rows.push(row(&scope.scope, scope.risk.to_string(), &format!("{}{left_out}", scope.description)));
        }
    }
    output::rows(form, &["extension", "version", "needed by", "scope", "risk", "what it allows"], &rows)
}

fn read_along(words: &[String]) -> Result<BTreeMap<String, ConsentAlong>, Failure> {
    let mut along = BTreeMap::new();
    for word in words {
        let (named, scopes) = match word.split_once('=') {
            Some((named, scopes)) => (named, Some(scopes)),
            None => (word.as_str(), None),
        };
        let Some((slug, number)) =
            named.split_once('@').filter(|(slug, number)| !slug.is_empty() && !number.is_empty())
        else {
            let text =
                format!("{word:?} is nothing that comes along; write it as library@1.4.0 or library@1.4.0=storage");
            return Err(Failure::new(Exit::Usage, text));
        };
        let names = |text: &str| text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let consent = ConsentAlong { number: number.to_owned(), grant: scopes.map(names) };
        if along.insert(slug.to_owned(), consent).is_some() {
            return Err(Failure::new(Exit::Usage, format!("{slug} is named twice")));
        }
    }
    Ok(along)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_along_is_read_with_its_grant() {
        let read = |words: &[&str]| read_along(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let found = read(&["library@1.4.0=storage,ban", "sounds@2.0.0-rc.1", "silent@1.0.0="]).unwrap();
        let grant = |slug: &str| found[slug].grant.clone();
        assert_eq!(grant("library"), Some(vec!["storage".to_owned(), "ban".to_owned()]));
        assert_eq!((found["sounds"].number.as_str(), grant("sounds")), ("2.0.0-rc.1", None));
        assert_eq!(grant("silent"), Some(Vec::new()));
        for bad in ["library", "library@", "@1.0.0", "=storage"] {
            assert!(read(&[bad]).is_err(), "{bad}");
        }
        assert!(read(&["library@1.0.0", "library@2.0.0"]).is_err());
    }
}
