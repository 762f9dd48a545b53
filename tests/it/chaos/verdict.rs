//! What has to be true when everybody has gone home.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use skydeck::api::events::LiveEvent;
use skydeck::domain::id::ReviewId;
use skydeck::store::audit::{self, AuditRow};
use skydeck::store::events::{self, Event, EventsAfter};
use skydeck::store::reviews::{self, ReviewOutcome, ReviewRow};
use skydeck::store::{Store, StoreError, Tx};

use super::fill::Ground;
use super::reader::Heard;
use super::{Arena, Outcome};
use crate::history::{self, Answered, Asked, Operation, State, Verdict};

/// Rows read at once.
const PAGE: usize = 1_000;
/// Time before a database that recovers is asked again.
const PAUSE: Duration = Duration::from_millis(50);
/// How often it is asked at most.
const TRIES_MAX: u32 = 1_200;

/// What the store holds in the end.
struct Ledger {
    reviews: BTreeMap<String, ReviewRow>,
    /// Approvals and rejections of the audit log.
    decisions: Vec<AuditRow>,
    events: Vec<Event>,
}

/// Compares what everybody was told with what the store holds.
pub async fn judge(store: &Store, arena: &Arena, ground: &Ground, heard: &[Heard]) -> Outcome {
    let mut faults = std::mem::take(&mut *arena.faults.lock().expect("unpoisoned"));
    let ids: Vec<ReviewId> = ground.reviews.keys().map(|id| id.parse().expect("an id")).collect();
    let start = ground.newest_event;
    let ledger = read(store, move |tx| ledger(tx, &ids, start)).await;
    match read(store, |tx| audit::verify(tx, None)).await {
        Ok(_) => {}
        Err(fault) => faults.push(format!("the audit chain is broken: {fault:?}")),
    }
    let mut histories = std::mem::take(&mut *arena.histories.lock().expect("unpoisoned"));
    let operations: Vec<Operation> = histories.values().flatten().copied().collect();
    let unknown = operations.iter().filter(|one| one.answered == Answered::Unknown).count();
    look(arena, ground, &ledger, &mut histories);
    let (mut violations, mut claimed_twice) = (Vec::new(), 0);
    for (review, revision) in &ground.reviews {
        let history = histories.remove(review).unwrap_or_default();
        if let Err(violation) = history::check(State::waiting(*revision), &history) {
            violations.push(format!("{review}: {violation}"));
        }
        if gave_one_claim_twice(&history) {
            claimed_twice += 1;
        }
        faults.extend(decided_once(review, &history, ground, &ledger));
    }
    faults.extend(histories.keys().map(|review| format!("{review} was reviewed and never submitted")));
    faults.extend(heard.iter().enumerate().filter_map(|(number, heard)| heard_all(number, heard, &ledger.events)));
    Outcome { violations, claimed_twice, faults, operations: operations.len(), unknown }
}

/// The newest event's number.
pub async fn newest_event(store: &Store) -> i64 {
    read(store, events::newest).await
}

/// Reads, as often as it takes a database that was just killed to come back.
async fn read<T: Send + 'static>(
    store: &Store,
    look: impl Fn(&mut Tx) -> Result<T, StoreError> + Send + Sync + Clone + 'static,
) -> T {
    let mut tries = 0;
    loop {
        match store.read(look.clone()).await {
            Ok(found) => return found,
            Err(error) => assert!(tries < TRIES_MAX, "the store cannot be read: {error}"),
        }
        tries += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

fn ledger(tx: &mut Tx, ids: &[ReviewId], start: i64) -> Result<Ledger, StoreError> {
    let mut found = BTreeMap::new();
    for id in ids {
        found.extend(reviews::by_id(tx, *id)?.map(|row| (id.to_string(), row)));
    }
    let (mut decisions, mut last) = (Vec::new(), 0);
    loop {
        let rows = audit::following(tx, last, i64::try_from(PAGE).expect("a small number"))?;
        let Some(newest) = rows.last() else { break };
        last = newest.number;
        decisions.extend(rows.into_iter().filter(|row| verdict(row).is_some()));
    }
    let (mut told, mut last) = (Vec::new(), start);
    while let EventsAfter::Following(events) = events::after(tx, last, PAGE)? {
        let Some(newest) = events.last() else { break };
        last = newest.number;
        told.extend(events.into_iter().filter(|event| event.topic == "queue"));
    }
    Ok(Ledger { reviews: found, decisions, events: told })
}

fn verdict(row: &AuditRow) -> Option<Verdict> {
    match row.entry.action.as_str() {
        "review.approve" => Some(Verdict::Approved),
        "review.reject" => Some(Verdict::Rejected),
        _ => None,
    }
}

/// Ends each history with how the store says it ended.
fn look(arena: &Arena, ground: &Ground, ledger: &Ledger, histories: &mut BTreeMap<String, Vec<Operation>>) {
    let number = |name: &str| ground.maintainers.iter().position(|member| member.name == name);
    for (review, row) in &ledger.reviews {
        let ended = row.end.as_ref().and_then(|end| {
            let verdict = match end.outcome {
                ReviewOutcome::Published => Verdict::Approved,
                ReviewOutcome::Rejected => Verdict::Rejected,
                ReviewOutcome::FailedChecks | ReviewOutcome::Withdrawn => return None,
            };
            Some((number(end.by_name.as_deref()?)?, verdict))
        });
        let holder = row.claim.as_ref().and_then(|claim| number(&claim.by_name));
        let seen = State { holder, decided: ended, revision: row.revision };
        let (began, done) = (arena.moment(), arena.moment());
        let look = Operation { by: 0, asked: Asked::Look, answered: Answered::Seen(seen), began, ended: done };
        histories.entry(review.clone()).or_default().push(look);
    }
}

fn gave_one_claim_twice(history: &[Operation]) -> bool {
    let claims = history.iter().filter_map(|one| match (one.asked, one.answered) {
        (Asked::Claim, Answered::Done { revision }) => Some(revision),
        _ => None,
    });
    let mut given = BTreeSet::new();
    claims.into_iter().any(|revision| !given.insert(revision))
}

/// One decision in the audit log, which is the one that was acknowledged, or one that nobody got an answer to.
fn decided_once(review: &str, history: &[Operation], ground: &Ground, ledger: &Ledger) -> Option<String> {
    let rows: Vec<_> = ledger.decisions.iter().filter(|row| row.entry.subject_id == review).collect();
    let [row] = rows.as_slice() else {
        return Some(format!("{review} has {} decisions in the audit log", rows.len()));
    };
    let (by, written) = (&row.entry.actor_id, verdict(row));
    let decisions = |wanted: fn(Answered) -> bool| {
        history.iter().filter(move |one| wanted(one.answered)).filter_map(|one| match one.asked {
            Asked::Decide { verdict, .. } => Some((&ground.maintainers[one.by].id, verdict)),
            _ => None,
        })
    };
    let is_written = |decision: (&String, Verdict)| decision.0 == by && Some(decision.1) == written;
    let mut acknowledged = decisions(|answered| matches!(answered, Answered::Done { .. })).peekable();
    let explained = if acknowledged.peek().is_some() {
        acknowledged.all(is_written)
    } else {
        decisions(|answered| answered == Answered::Unknown).any(is_written)
    };
    (!explained).then(|| format!("{review}: the audit log has {written:?} by {by}, which is not what was acknowledged"))
}

/// Every event once and in order, unless the reader was told to read everything anew.
fn heard_all(number: usize, heard: &Heard, told: &[Event]) -> Option<String> {
    let numbers: Vec<i64> = heard.events.iter().map(|event| event.number).collect();
    if !numbers.is_sorted_by(|a, b| a < b) {
        return Some(format!("reader {number} did not hear of every event once and in order: {numbers:?}"));
    }
    if heard.events.iter().any(|event| event.topic == "resync") {
        return None;
    }
    let body = |event: &Event| serde_json::from_str::<serde_json::Value>(&event.body).unwrap_or_default();
    let line = |event: &LiveEvent| (event.number, event.topic.clone(), event.body.to_string());
    let came: BTreeSet<_> = heard.events.iter().map(line).collect();
    let wanted: BTreeSet<_> =
        told.iter().map(|event| (event.number, event.topic.clone(), body(event).to_string())).collect();
    let differing: Vec<_> = came.symmetric_difference(&wanted).take(3).collect();
    (!differing.is_empty()).then(|| {
        format!(
            "reader {number} heard {} of {} events, over {} streams: {differing:?}",
            came.len(),
            wanted.len(),
            heard.streams
        )
    })
}
