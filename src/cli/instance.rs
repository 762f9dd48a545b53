//! `skydeck instance`: the bot processes that run extensions; made (the token is shown once), listed and shown.

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global};
use crate::api::instances::{Instance as Wire, NewInstance};
use crate::client::PageQuery;

/// What to do with instances.
#[derive(Debug, Subcommand)]
pub enum Instance {
    /// Make an instance; its token is shown this once
    Create(Create),
    /// List every instance, and whether it is there
    List,
    /// Show one instance
    Show(One),
}

/// A new instance.
#[derive(Debug, Args)]
pub struct Create {
    /// Its name: a-z, 0-9 with single - or _ between them
    name: String,
}

/// One instance.
#[derive(Debug, Args)]
pub struct One {
    /// The instance's id
    id: String,
}

/// Does it and prints the instances concerned.
///
/// # Errors
/// Not an administrator; a name that is taken.
pub fn run(global: &Global, command: Instance) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    match command {
        Instance::Create(new) => {
            let made = context.block_on(context.client.create_instance(&NewInstance { name: new.name }))?;
            if form == Form::Json {
                output::json(&made)?;
            } else {
                print(form, std::slice::from_ref(&made.instance))?;
                output::line("its token, shown this once:")?;
                output::line(&made.secret)?;
            }
        }
        Instance::List => {
            let instances = context.block_on(all(&context))?;
            if form == Form::Json { output::json(&instances)? } else { print(form, &instances)? }
        }
        Instance::Show(one) => {
            let instance = context.block_on(context.client.instance(&one.id))?.value;
            if form == Form::Json { output::json(&instance)? } else { print(form, &[instance])? }
        }
    }
    Ok(Exit::Done)
}

async fn all(context: &Context) -> Result<Vec<Wire>, Failure> {
    let (mut instances, mut query) = (Vec::new(), PageQuery { limit: Some(100), ..PageQuery::default() });
    loop {
        let page = context.client.instances(&query).await?;
        instances.extend(page.items);
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(instances);
        }
    }
}

fn print(form: Form, instances: &[Wire]) -> Result<(), Failure> {
    let row = |instance: &Wire| {
        vec![
            instance.name.clone(),
            instance.presence.clone(),
            instance.host_api.clone().unwrap_or_else(|| "-".to_owned()),
            instance.memory_mib.to_string(),
            instance.servers.to_string(),
            instance.heard_at.as_deref().map_or_else(|| "never".to_owned(), output::moment),
            instance.id.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = instances.iter().map(row).collect();
    output::rows(form, &["instance", "is", "host API", "MiB", "servers", "heard", "id"], &rows)
}
