//! `skydeck server`: chat servers, who runs them, their tier, and what waits for consent there.

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global};
use crate::api::servers::{Server as Wire, ServerPatch};
use crate::client::{PageQuery, Seen};

/// What to do with chat servers.
#[derive(Debug, Subcommand)]
pub enum Server {
    /// List the servers that you own or manage; all of them for maintainers
    List(Wanted),
    /// Show one server
    Show(One),
    /// Change who manages a server (its owner), its tier or its instance (administrators)
    Set(Set),
    /// Show what waits for the owner's consent, each scope with its risk
    Consents(One),
}

/// Which servers.
#[derive(Debug, Args)]
pub struct Wanted {
    /// A filter, such as: tier:pro presence:silent consent:yes 'installed:>5' owner:acme sort:-created
    filter: Vec<String>,
}

/// One server.
#[derive(Debug, Args)]
pub struct One {
    /// The server's id, here or on the chat platform
    server: String,
}

/// What is changed.
#[derive(Debug, Args)]
pub struct Set {
    /// The server's id, here or on the chat platform
    server: String,
    /// Everybody who manages it beside its owner, by commas; an empty text for nobody
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    managers: Option<Vec<String>>,
    /// Its subscription tier
    #[arg(long)]
    tier: Option<String>,
    /// The id of the instance that serves it
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
}

/// Does it and prints the servers concerned.
///
/// # Errors
/// A server that is not there or not yours to change; a tier that the policy does not have.
pub fn run(global: &Global, command: Server) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    let client = &context.client;
    match command {
        Server::List(wanted) => {
            let servers = context.block_on(all(&context, &wanted.filter.join(" ")))?;
            if form == Form::Json { output::json(&servers)? } else { print(form, &servers)? }
        }
        Server::Show(one) => show(form, &context.block_on(client.chat_server(&one.server))?.value)?,
        Server::Set(set) => {
            let named = |names: Vec<String>| names.into_iter().filter(|name| !name.is_empty()).collect();
            let patch = ServerPatch { managers: set.managers.map(named), tier: set.tier, instance_id: set.instance };
            show(form, &context.block_on(client.edit_server(&set.server, Seen::Nothing, &patch))?.value)?;
        }
        Server::Consents(one) => consents(&context, form, &one.server)?,
    }
    Ok(Exit::Done)
}

async fn all(context: &Context, filter: &str) -> Result<Vec<Wire>, Failure> {
    let q = (!filter.is_empty()).then(|| filter.to_owned());
    let (mut servers, mut query) = (Vec::new(), PageQuery { q, limit: Some(100), ..PageQuery::default() });
    loop {
        let page = context.client.servers(&query).await?;
        servers.extend(page.items);
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(servers);
        }
    }
}

fn show(form: Form, server: &Wire) -> Result<(), Failure> {
    if form == Form::Json { output::json(server) } else { print(form, std::slice::from_ref(server)) }
}

fn print(form: Form, servers: &[Wire]) -> Result<(), Failure> {
    let row = |server: &Wire| {
        vec![
            server.guild.clone(),
            server.name.clone(),
            server.owner.clone(),
            output::words(&server.managers),
            server.tier.clone(),
            format!("{} ({})", server.instance, server.presence),
            server.installations.to_string(),
            server.consents.to_string(),
            server.id.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = servers.iter().map(row).collect();
    output::rows(
        form,
        &["server", "name", "owner", "managers", "tier", "instance", "installed", "consents", "id"],
        &rows,
    )
}

fn consents(context: &Context, form: Form, server: &str) -> Result<(), Failure> {
    let waiting = context.block_on(context.client.consents(server))?;
    if form == Form::Json {
        return output::json(&waiting);
    }
    let mut rows = Vec::new();
    for asked in &waiting.items {
        for scope in &asked.scopes {
            let state = match (scope.granted, scope.optional) {
                (true, _) => "granted before",
                (false, true) => "may be left out",
                (false, false) => "needed",
            };
            rows.push(vec![
                asked.slug.clone(),
                asked.version.clone(),
                scope.scope.clone(),
                scope.risk.to_string(),
                state.to_owned(),
                scope.description.clone(),
                asked.installation_id.clone(),
            ]);
        }
    }
    if rows.is_empty() {
        return output::line("nothing waits for consent");
    }
    output::rows(form, &["extension", "version", "scope", "risk", "", "what it allows", "installation"], &rows)
}
