//! Editing the policy in the editor of one's choice: what is typed is kept until it is in force.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::Command;

use super::super::context::{Context, folders};
use super::super::output::{self, Form};
use super::super::{Exit, Failure, Global, typed};
use super::{Edit, applied, as_value, confirm, current, read_file};
use crate::api::policy::NewPlan;
use crate::config::write_private;
use crate::domain::policy::Place;

/// The draft that is kept while it is written.
const DRAFT: &str = "policy-draft.toml";
/// The editor where neither VISUAL nor EDITOR names one.
const EDITOR_DEFAULT: &str = "vi";

pub(super) fn run(global: &Global, context: &Context, form: Form, edit: &Edit) -> Result<Exit, Failure> {
    if !std::io::stdin().is_terminal() {
        let text = "there is no terminal to edit on; write a file (`skydeck policy show --all` begins one) and use \
                    `skydeck policy apply FILE`";
        return Err(Failure::new(Exit::Usage, text));
    }
    let (revision, in_force) = current(context)?;
    let path = folders(global)?.data.join(DRAFT);
    if edit.fresh || !path.exists() {
        keep(&path, &in_force.to_commented_toml())?;
    } else {
        output::text(&format!("going on with the draft in {} (--fresh begins anew)", path.display()))?;
    }
    let draft = loop {
        open(&path)?;
        match read_file(&path, Place::Global) {
            Ok(draft) => break draft,
            Err(faulty) => {
                output::text(&faulty.to_string())?;
                typed::confirm("Edit it again?", "edit the draft again")?;
            }
        }
    };
    if draft == in_force {
        output::text(&format!("nothing was changed; revision {} stays in force", revision.number))?;
        forget(&path)?;
        return Ok(Exit::Done);
    }
    let new = NewPlan { document: Some(as_value(&draft)?), revision: None, reason: edit.reason.clone() };
    let plan = context.block_on(context.client.plan_policy(&new)).map_err(Failure::from);
    let done = plan.and_then(|plan| {
        confirm(form, &plan)?;
        Ok(context.block_on(context.client.apply_policy(&plan.id, plan.base))?)
    });
    match done {
        Ok(done) => {
            forget(&path)?;
            applied(form, &done)?;
            Ok(Exit::Done)
        }
        Err(failure) => {
            output::text(&format!("the draft is kept in {}", path.display()))?;
            Err(failure)
        }
    }
}

fn open(path: &Path) -> Result<(), Failure> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let editor = named("VISUAL").or_else(|| named("EDITOR")).unwrap_or_else(|| OsString::from(EDITOR_DEFAULT));
    // An editor may be given with arguments of its own, as in `code --wait`.
    let words = editor.to_string_lossy().into_owned();
    let mut words = words.split_whitespace();
    let program = words.next().unwrap_or(EDITOR_DEFAULT);
    let status = Command::new(program).args(words).arg(path).status();
    let refused = |what: String| Failure::new(Exit::Environment, format!("the editor {program:?} {what}; set EDITOR"));
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(refused(format!("ended with {status}"))),
        Err(error) => Err(refused(format!("cannot be started: {error}"))),
    }
}

fn keep(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(Exit::Environment, format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    write_private(path, text.as_bytes()).map_err(failed)
}

fn forget(path: &Path) -> Result<(), Failure> {
    std::fs::remove_file(path).map_err(|error| Failure::new(Exit::Environment, format!("{}: {error}", path.display())))
}
