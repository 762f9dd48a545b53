//! `skydeck functions`: the reference of what an extension may call, printed from the sandbox's own table.

use clap::Args;
use serde_json::json;

use super::output::{self, Form};
use super::{Exit, Failure, Global};
use crate::domain::scope::Scope;
use crate::sandbox::FUNCTIONS;

/// Which functions to list.
#[derive(Debug, Args)]
pub struct Functions {
    /// Only those of one scope
    #[arg(long)]
    scope: Option<Scope>,
}

/// Prints the reference.
///
/// # Errors
/// Where standard output is closed.
pub fn run(global: &Global, command: Functions) -> Result<Exit, Failure> {
    let chosen = || FUNCTIONS.iter().filter(|row| command.scope.is_none() || row.scope == command.scope);
    let form = Form::of(global);
    if form == Form::Json {
        let rows: Vec<_> = chosen().map(|row| json!({"module": row.module(), "function": row})).collect();
        output::json(&rows)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = chosen()
        .map(|row| {
            vec![
                row.module(),
                row.name.to_owned(),
                row.fuel.to_string(),
                row.description.to_owned(),
                row.request.to_owned(),
            ]
        })
        .collect();
    output::rows(form, &["module", "function", "fuel", "what it does", "request"], &rows)?;
    Ok(Exit::Done)
}
