//! The audit log: read by page, its head, and its verification.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::App;
use super::caller::Asker;
use super::page::{self, Window};
use super::problem::Problem;
use super::query::Query;
use crate::api::audit::{AuditHead, AuditRow, AuditVerdict};
use crate::api::page::Page;
use crate::domain::account::AccountName;
use crate::domain::audit::AuditHead as Head;
use crate::domain::id::AccountId;
use crate::store::audit::{self, AuditFilter};
use crate::store::{StoreError, Tx, accounts};

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only this action, such as `review.approve`.
    action: Option<String>,
    /// Only what this account did, by name or id.
    actor: Option<String>,
    /// Only what was done to this: `KIND:ID`, such as `version:0192f0c1-2222-7000-8000-000000000000`.
    subject: Option<String>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A head noted down earlier.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HeadQuery {
    /// `NUMBER:MAC`, as `GET /audit/head` gave it; without it a cut at the end cannot be told from the outside.
    head: Option<String>,
}

/// The audit log, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = Page<AuditRow>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<AuditQuery>,
) -> Result<Answer, Problem> {
    let subject = query.subject.as_deref().map(|text| {
        let parts = text.split_once(':').map(|(kind, id)| (kind.to_owned(), id.to_owned()));
        parts.ok_or_else(|| Problem::bad_query("subject", "subject has to be KIND:ID, such as version:0192f0c1-…"))
    });
    let filter = AuditFilter { actor_id: None, action: query.action, subject: subject.transpose()? };
    let list = format!("audit {filter:?} {:?}", query.actor);
    let window = Window::<i64>::from_query(&list, query.limit, query.cursor.as_deref())?;
    let (before, limit, actor) = (window.after, window.limit, query.actor);
    let (found, names) = app
        .read(&asker, move |tx, _| {
            let mut filter = filter.clone();
            if let Some(actor) = &actor {
                filter.actor_id = Some(account_id(tx, actor)?);
            }
            let rows = audit::page(tx, &filter, before, limit + 1)?;
            let names = rows.iter().map(|row| name(tx, &row.entry.actor_id)).collect::<Result<Vec<_>, _>>()?;
            Ok((rows, names))
        })
        .await?;
    let next = found.get(window.limit - 1).filter(|_| found.len() > window.limit).map(|row| row.number);
    let items: Vec<AuditRow> = found.iter().zip(names).take(window.limit).map(|(row, name)| wire(row, name)).collect();
    Ok(page::answer(&uri, &window, items, next, None))
}

/// The newest row's number and MAC: note it down elsewhere, to find a cut later.
#[utoipa::path(get, path = "/audit/head", tag = "audit", responses((status = 200, body = AuditHead)))]
pub async fn head(State(app): State<App>, asker: Asker) -> Result<Answer, Problem> {
    let head = app.read(&asker, |tx, _| Ok(audit::head(tx)?)).await?;
    Ok(Answer::ok(&wire_head(&head)))
}

/// Follows the chain from the first row to the newest, and through a head noted down earlier.
#[utoipa::path(
    get,
    path = "/audit/verify",
    tag = "audit",
    params(HeadQuery),
    responses((status = 200, body = AuditVerdict))
)]
pub async fn verify(State(app): State<App>, asker: Asker, Query(query): Query<HeadQuery>) -> Result<Answer, Problem> {
    let seen = query.head.as_deref().map(str::parse::<Head>).transpose();
    let seen = seen.map_err(|error| Problem::bad_query("head", error.to_string()))?;
    let found = app.read(&asker, move |tx, _| Ok((audit::head(tx)?, audit::verify(tx, seen)?)));
    let (kept, verdict) = found.await?;
    let (intact, fault) = match &verdict {
        Ok(_) => (true, None),
        Err(fault) => (false, Some(fault.to_string())),
    };
    Ok(Answer::ok(&AuditVerdict { intact, rows: kept.number, head: wire_head(&kept), fault }))
}

fn account_id(tx: &mut Tx, text: &str) -> Result<String, StoreError> {
    if text.parse::<AccountId>().is_ok() {
        return Ok(text.to_owned());
    }
    let account = match text.parse::<AccountName>() {
        Ok(name) => accounts::by_name(tx, &name)?,
        Err(_) => None,
    };
    Ok(account.map_or_else(|| format!("nobody named {text}"), |account| account.id.to_string()))
}

fn name(tx: &mut Tx, actor_id: &str) -> Result<Option<String>, StoreError> {
    let Ok(id) = actor_id.parse::<AccountId>() else { return Ok(None) };
    Ok(accounts::by_id(tx, id)?.map(|account| account.name.to_string()))
}

fn wire(row: &audit::AuditRow, name: Option<String>) -> AuditRow {
    let entry = &row.entry;
    AuditRow {
        number: row.number,
        at: entry.at.to_string(),
        actor_kind: entry.actor_kind.clone(),
        actor: name.unwrap_or_else(|| entry.actor_kind.clone()),
        action: entry.action.clone(),
        subject_kind: entry.subject_kind.clone(),
        subject_id: entry.subject_id.clone(),
        detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
        mac: row.mac.to_string(),
    }
}

fn wire_head(head: &Head) -> AuditHead {
    AuditHead { number: head.number, mac: head.mac.to_string(), head: head.to_string() }
}
