//! `skydeck templates`: the texts that reviewers begin a rejection with, one a reason.

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global, typed};
use crate::api::threads::FeedbackTemplate;
use crate::client::Seen;

/// What to do with templates.
#[derive(Debug, Subcommand)]
pub enum Templates {
    /// List them, with who changed them
    List,
    /// Write the template for a reason (administrators)
    Set(Set),
}

/// Which template, and its text.
#[derive(Debug, Args)]
pub struct Set {
    /// The reason, such as scopes_excessive
    reason: String,
    /// The text; - reads it from standard input, @FILE from a file
    #[arg(value_name = "TEXT|-|@FILE")]
    text: String,
}

/// Does it and prints what came of it.
///
/// # Errors
/// A reason that is none; a text that is too long; what is not yours to change.
pub fn run(global: &Global, command: Templates) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    match command {
        Templates::List => {
            let items = context.block_on(context.client.feedback_templates())?.items;
            if form == Form::Json {
                output::json(&items)?;
            } else {
                for template in &items {
                    show(form, template)?;
                    output::text("")?;
                }
            }
        }
        Templates::Set(set) => {
            let text = typed::text(&set.text)?;
            let template = context.block_on(context.client.set_feedback_template(&set.reason, Seen::Nothing, &text))?;
            if form == Form::Json {
                output::json(&template)?;
            } else {
                show(form, &template)?;
            }
        }
    }
    Ok(Exit::Done)
}

fn show(form: Form, template: &FeedbackTemplate) -> Result<(), Failure> {
    let changed = match (&template.changed_by, &template.changed_at) {
        (Some(by), Some(at)) => format!("by {by}, {}", output::moment(at)),
        _ => "the program's own".to_owned(),
    };
    output::fields(form, &[("reason", template.reason.clone()), ("changed", changed)])?;
    output::text(&template.text)
}
