//! Instances: made by administrators; they announce, are heard, take note and report usage with tokens of their own.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::{App, fresh_seed};
use super::body::{Empty, FromBody, Json};
use super::caller::{Asker, Secret};
use super::change::Change;
use super::page::{self, Window};
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use super::wire_installations as wire;
use crate::api::installations::Installation;
use crate::api::instances::{
    Announced, Announcement, Confirmation, Heard, Instance, InstanceCreated, NewInstance, UsageCounted, UsageRecord,
    UsageReport,
};
use crate::api::page::Page;
use crate::domain::id::{InstallationId, InstanceId, NoticeId};
use crate::domain::instance::Claimed;
use crate::domain::limits::{USAGE_BYTES_MAX, USAGE_GAPS_MAX};
use crate::domain::usage;
use crate::market::{self, Announce, Batch};
use crate::store::{events, instances as store, policy};

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InstancesQuery {
    /// Items at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Bodies with usage are larger than others.
#[derive(Clone, Debug)]
pub struct UsageBody(UsageReport);

impl FromBody for UsageBody {
    const BYTES_MAX: usize = USAGE_BYTES_MAX;

    fn from_body(headers: &http::HeaderMap, bytes: axum::body::Bytes) -> Result<UsageBody, Problem> {
        Json::<UsageReport>::from_body(headers, bytes).map(|body| UsageBody(body.0))
    }
}

/// Every instance, with whether it is there.
#[utoipa::path(get, path = "/instances", tag = "instances", params(InstancesQuery), responses((status = 200, body = Page<Instance>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<InstancesQuery>,
) -> Result<Answer, Problem> {
    let window = Window::<String>::from_query("instances", query.limit, query.cursor.as_deref())?;
    let after: Option<InstanceId> = window.after.as_ref().and_then(|id| id.parse().ok());
    let limit = window.limit;
    let (items, next) = app
        .read(&asker, move |tx, turn| {
            let found = store::page(tx, after, limit + 1)?;
            let next = found.get(limit - 1).filter(|_| found.len() > limit).map(|instance| instance.id.to_string());
            let policy = policy::in_force(tx, turn.now)?;
            let items = found.iter().take(limit).map(|found| wire::instance(tx, found, &policy, turn.now));
            Ok((items.collect::<Result<Vec<_>, _>>()?, next))
        })
        .await?;
    Ok(page::answer::<String, Instance>(&uri, &window, items, next, None))
}

/// Makes an instance with a token of its own, which is shown this once.
#[utoipa::path(post, path = "/instances", tag = "instances", request_body = NewInstance, responses((status = 201, body = InstanceCreated)))]
pub async fn create(
    State(app): State<App>,
    Change { body: Json(new), order, .. }: Change<Json<NewInstance>>,
) -> Result<Answer, Problem> {
    let name = new.name.parse()?;
    let secret = Secret::from_bytes(fresh_seed()?);
    order
        .commit(&app, move |tx, turn| {
            let instance = market::create_instance(tx, &turn.act(), &name, secret.reveal())?;
            let location = format!("/instances/{}", instance.id);
            let policy = policy::in_force(tx, turn.now)?;
            let instance = wire::instance(tx, &instance, &policy, turn.now)?;
            let created = InstanceCreated { instance, secret: secret.reveal().to_owned() };
            Ok(Answer::created(&location, &created).holding_secret())
        })
        .await
}

/// One instance: itself, or any for maintainers.
#[utoipa::path(get, path = "/instances/{id}", tag = "instances", params(("id" = String, Path, description = "The instance's id")), responses((status = 200, body = Instance)))]
pub async fn show(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let id: InstanceId = path::id("instance", &text)?;
    let instance = app
        .read(&asker, move |tx, turn| {
            let found = market::find_instance(tx, &turn.act().viewer(), id)?;
            let policy = policy::in_force(tx, turn.now)?;
            Ok(wire::instance(tx, &found, &policy, turn.now)?)
        })
        .await?;
    Ok(Answer::ok(&instance).revision(instance.revision))
}

/// Says what an instance can run and which servers it serves; judged whole.
#[utoipa::path(put, path = "/instances/{id}", tag = "instances", params(("id" = String, Path, description = "The instance's id")),
    request_body = Announcement, responses((status = 200, body = Announced)))]
pub async fn announce(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Announcement>>,
) -> Result<Answer, Problem> {
    let claimed = Claimed {
        host_api: body.host_api,
        scopes: body.scopes,
        wasm_features: body.wasm_features,
        memory_mib: body.memory_mib,
    };
    let input = Announce { instance: path::id("instance", &text)?, claimed, servers: body.servers };
    order
        .commit(&app, move |tx, turn| {
            let announced = market::announce(tx, &turn.act(), &input)?;
            let policy = policy::in_force(tx, turn.now)?;
            let instance = wire::instance(tx, &announced.instance, &policy, turn.now)?;
            let revision = instance.revision;
            Ok(Answer::ok(&Announced { instance, unknown_servers: announced.unknown }).revision(revision))
        })
        .await
}

/// Says that an instance is there; the answer says what it may have missed.
#[utoipa::path(post, path = "/instances/{id}/heartbeat", tag = "instances", params(("id" = String, Path, description = "The instance's id")),
    responses((status = 200, body = Heard)))]
pub async fn heartbeat(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let id: InstanceId = path::id("instance", &text)?;
    order
        .commit(&app, move |tx, turn| {
            let heard = market::heartbeat(tx, &turn.act(), id)?;
            Ok(Answer::ok(&Heard {
                now: turn.now.to_string(),
                usage_next: heard.window.next(),
                usage_missing: missing(&heard.window),
                notices: heard.notices.iter().map(|notice| wire::notice(notice, None)).collect(),
            }))
        })
        .await
}

/// Takes note of a rollback, a quarantine or a block: by the notice's id, or by the number of the event that told of it.
#[utoipa::path(post, path = "/instances/{id}/acknowledge", tag = "instances", params(("id" = String, Path, description = "The instance's id")),
    request_body = Confirmation, responses((status = 204)))]
pub async fn acknowledge(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Confirmation>>,
) -> Result<Answer, Problem> {
    let id: InstanceId = path::id("instance", &text)?;
    let named: Option<NoticeId> = body
        .notice_id
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|refusal: crate::domain::id::NotAnId| Problem::invalid("/notice_id", refusal.to_string()))?;
    if named.is_none() && body.event_id.is_none() {
        return Err(Problem::invalid("", "name the notice by notice_id, or its event by event_id"));
    }
    order
        .commit(&app, move |tx, turn| {
            let notice = match (named, body.event_id) {
                (Some(notice), _) => notice,
                (None, event) => notice_of(tx, event.unwrap_or(0))?,
            };
            market::confirm(tx, &turn.act(), id, notice)?;
            Ok(Answer::empty())
        })
        .await
}

/// Counts what installations used: numbered batches, each counted exactly once.
#[utoipa::path(post, path = "/instances/{id}/usage", tag = "instances", params(("id" = String, Path, description = "The instance's id")),
    request_body = UsageReport, responses((status = 200, body = UsageCounted)))]
pub async fn usage(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: UsageBody(body), order, .. }: Change<UsageBody>,
) -> Result<Answer, Problem> {
    let input = market::UsageReport {
        instance: path::id("instance", &text)?,
        batches: read_batches(&body)?,
        lost: read_runs(&body.lost)?,
    };
    order
        .commit(&app, move |tx, turn| {
            let counted = market::count_usage(tx, &turn.act(), &input)?;
            Ok(Answer::ok(&UsageCounted {
                next: counted.window.next(),
                missing: missing(&counted.window),
                counted: counted.counted,
                repeated: counted.repeated,
            }))
        })
        .await
}

/// Everything that an instance has to run or to bring about; it reads this when it starts.
#[utoipa::path(get, path = "/instances/{id}/installations", tag = "instances",
    params(("id" = String, Path, description = "The instance's id"), InstancesQuery),
    responses((status = 200, body = Page<Installation>)))]
pub async fn installations(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Path(text): Path<String>,
    Query(query): Query<InstancesQuery>,
) -> Result<Answer, Problem> {
    let id: InstanceId = path::id("instance", &text)?;
    let list = format!("installations of {id}");
    let window = Window::<String>::from_query(&list, query.limit, query.cursor.as_deref())?;
    let after: Option<InstallationId> = window.after.as_ref().and_then(|id| id.parse().ok());
    let limit = window.limit;
    let (items, next) = app
        .read(&asker, move |tx, turn| {
            let found = market::run_by(tx, &turn.act().viewer(), id, after, limit + 1)?;
            let next = found.get(limit - 1).filter(|_| found.len() > limit).map(|site| site.row.id.to_string());
            let shown = found.iter().take(limit);
            let items = shown.map(|site| wire::installation(tx, site, None)).collect::<Result<Vec<_>, _>>()?;
            Ok((items, next))
        })
        .await?;
    Ok(page::answer(&uri, &window, items, next, None))
}

fn notice_of(tx: &mut crate::store::Tx, event: i64) -> Result<NoticeId, Problem> {
    let gone = || Problem::not_found("event with a notice", &event.to_string());
    let events::EventsAfter::Following(found) = events::after(tx, event.saturating_sub(1), 1)? else {
        return Err(gone());
    };
    let body = found.first().filter(|found| found.number == event && found.topic == "notice").ok_or_else(gone)?;
    let body: serde_json::Value = serde_json::from_str(&body.body).unwrap_or_default();
    body["notice_id"].as_str().and_then(|id| id.parse().ok()).ok_or_else(gone)
}

fn missing(window: &usage::Window) -> Vec<Vec<u64>> {
    window.gaps(USAGE_GAPS_MAX).into_iter().map(|(first, last)| vec![first, last]).collect()
}

fn read_runs(runs: &[Vec<u64>]) -> Result<Vec<(u64, u64)>, Problem> {
    let read = |(place, run): (usize, &Vec<u64>)| match run.as_slice() {
        [first, last] => Ok((*first, *last)),
        _ => Err(Problem::invalid(format!("/lost/{place}"), "a run of batches is its first and its last number")),
    };
    runs.iter().enumerate().map(read).collect()
}

fn read_batches(report: &UsageReport) -> Result<Vec<Batch>, Problem> {
    let mut batches = Vec::with_capacity(report.batches.len());
    for (place, batch) in report.batches.iter().enumerate() {
        let record = |(n, record): (usize, &UsageRecord)| read_record(&format!("/batches/{place}/records/{n}"), record);
        let records = batch.records.iter().enumerate().map(record).collect::<Result<_, _>>()?;
        batches.push(Batch { number: batch.number, records });
    }
    Ok(batches)
}

fn read_record(pointer: &str, record: &UsageRecord) -> Result<usage::UsageRecord, Problem> {
    let at = |field: &str| format!("{pointer}/{field}");
    let installation = record.installation_id.parse();
    let mut host_calls = std::collections::BTreeMap::new();
    for (name, calls) in &record.host_calls {
        let scope = name.parse().map_err(|refusal: crate::domain::scope::NotAScope| {
            Problem::invalid(crate::domain::json::pointer_to(&at("host_calls"), name), refusal.to_string())
        })?;
        host_calls.insert(scope, *calls);
    }
    Ok(usage::UsageRecord {
        installation: installation.map_err(|refusal: crate::domain::id::NotAnId| {
            Problem::invalid(at("installation_id"), refusal.to_string())
        })?,
        at: record
            .at
            .parse()
            .map_err(|refusal: crate::domain::time::NotATime| Problem::invalid(at("at"), refusal.to_string()))?,
        calls: record.calls,
        errors: record.errors,
        fuel: record.fuel,
        fuel_peak: record.fuel_peak,
        memory_bytes_peak: record.memory_bytes_peak,
        run_ms: record.run_ms,
        host_calls,
    })
}
