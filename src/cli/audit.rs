//! `skydeck audit`: the chained log, read and verified.

use clap::{Args, Subcommand};

use super::context::Context;
use super::local::{Local, Place};
use super::output::{self, Form};
use super::{Exit, Failure, Global};
use crate::api::audit::{AuditHead as Head, AuditRow, AuditVerdict};
use crate::client::{AuditQuery, PageQuery};
use crate::domain::audit::AuditHead;
use crate::store;

/// Items of one page.
const PAGE_ITEMS: usize = 100;

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Show the newest rows
    List(List),
    /// Print the newest row's number and MAC: note it down elsewhere, to find a cut later
    Head(Where),
    /// Compute the whole chain anew; exit code 1 where it does not hold
    Verify(Verify),
}

/// Which rows.
#[derive(Debug, Args)]
pub struct List {
    /// Only this action, such as review.approve
    #[arg(long)]
    action: Option<String>,
    /// Only what this account did, by name or id
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only what was done to this, such as version:ID or review:ID
    #[arg(long, value_name = "KIND:ID")]
    subject: Option<String>,
    /// How many to show
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
}

/// Which log.
#[derive(Debug, Args)]
pub struct Where {
    #[command(flatten)]
    place: Place,
}

/// What to verify against.
#[derive(Debug, Args)]
pub struct Verify {
    /// A head noted down earlier, as `skydeck audit head` prints it
    #[arg(long, value_name = "NUMBER:MAC")]
    head: Option<AuditHead>,
    #[command(flatten)]
    place: Place,
}

/// Reads or verifies.
///
/// # Errors
/// Not a maintainer, a wrong filter, a log that cannot be read.
pub fn run(global: &Global, command: Audit) -> Result<Exit, Failure> {
    let form = Form::of(global);
    match command {
        Audit::List(list) => {
            let context = Context::open(global)?;
            let query = AuditQuery { action: list.action, actor: list.actor, subject: list.subject };
            let rows = context.block_on(collect(&context, &query, list.limit))?;
            print(form, &rows)?;
        }
        Audit::Head(place) => {
            let head = if let Some(local) = place.place.local(global)? {
                wire_head(local.read(store::audit::head)?)
            } else {
                let context = Context::open(global)?;
                context.block_on(context.client.audit_head())?
            };
            match form {
                Form::Json => output::json(&head)?,
                _ => output::line(&head.head)?,
            }
        }
        Audit::Verify(verify) => {
            let verdict = if let Some(local) = verify.place.local(global)? {
                verify_here(&local, verify.head)?
            } else {
                let context = Context::open(global)?;
                let head = verify.head.map(|head| head.to_string());
                context.block_on(context.client.verify_audit(head.as_deref()))?
            };
            return told(form, &verdict);
        }
    }
    Ok(Exit::Done)
}

async fn collect(context: &Context, query: &AuditQuery, limit: usize) -> Result<Vec<AuditRow>, Failure> {
    let mut rows = Vec::new();
    let mut window = PageQuery::default();
    while rows.len() < limit {
        window.limit = Some((limit - rows.len()).min(PAGE_ITEMS));
        let page = context.client.audit(query, &window).await?;
        rows.extend(page.items);
        window.cursor = page.next;
        if window.cursor.is_none() {
            break;
        }
    }
    Ok(rows)
}

fn print(form: Form, rows: &[AuditRow]) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(&rows);
    }
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.number.to_string(),
                row.at.clone(),
                row.actor.clone(),
                row.action.clone(),
                format!("{} {}", row.subject_kind, row.subject_id),
                row.detail.to_string(),
            ]
        })
        .collect();
    output::rows(form, &["n", "at", "who", "action", "subject", "detail"], &rows)
}

fn wire_head(head: AuditHead) -> Head {
    Head { number: head.number, mac: head.mac.to_string(), head: head.to_string() }
}

fn verify_here(local: &Local, seen: Option<AuditHead>) -> Result<AuditVerdict, Failure> {
    let (verified, kept) = local.read(move |tx| Ok((store::audit::verify(tx, seen)?, store::audit::head(tx)?)))?;
    Ok(AuditVerdict {
        intact: verified.is_ok(),
        rows: kept.number,
        head: wire_head(kept),
        fault: verified.err().map(|fault| fault.to_string()),
    })
}

fn told(form: Form, verdict: &AuditVerdict) -> Result<Exit, Failure> {
    if form == Form::Json {
        output::json(verdict)?;
    } else {
        output::text(&match &verdict.fault {
            None => format!("intact: {} rows, head {}", verdict.rows, verdict.head.head),
            Some(fault) => format!("NOT intact: {fault}"),
        })?;
    }
    Ok(if verdict.intact { Exit::Done } else { Exit::Failed })
}
