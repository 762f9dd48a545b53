//! A maintainer: takes submissions on, gives some back, decides the others, and asks another node where one is gone.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::Arena;
use super::dice::Dice;
use crate::harness::raw_client;
use crate::history::{Answered, Asked, Operation, Verdict};

/// Longer than any answer takes: a request is never sent again while an earlier one may still be carried out.
const ANSWER_MAX: Duration = Duration::from_mins(2);
/// Time before a request is sent again; it doubles with each that fails, so many times at most.
const PAUSE: Duration = Duration::from_millis(15);
const DOUBLED_MAX: u32 = 5;

/// One maintainer's hands.
struct Hands {
    arena: Arc<Arena>,
    http: reqwest::Client,
    secret: String,
    number: usize,
    node: usize,
    asked: usize,
    failed: u32,
    dice: Dice,
}

/// What the queue shows of a submission.
struct Item {
    id: String,
    revision: i64,
    sha256: String,
}

/// A request that changes something.
struct Change {
    path: String,
    if_match: Option<String>,
    body: Option<Value>,
}

/// Whether a request is sent again until it is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Enough,
    /// What broke stays unknown.
    None,
}

struct Reply {
    status: u16,
    body: Value,
}

/// Reviews until nothing is open any more.
pub async fn review(arena: Arc<Arena>, secret: String, number: usize, dice: Dice) {
    let http = raw_client();
    let mut hands = Hands { arena, http, secret, number, node: number, asked: 0, failed: 0, dice };
    loop {
        let taken = if hands.dice.percent(25) { hands.claim_seen().await } else { hands.claim_next().await };
        if let Some(item) = taken {
            hands.treat(&item).await;
            continue;
        }
        // What a decision without an answer left behind is decided now.
        for item in hands.list("claimed:me", 10).await {
            hands.decide(&item).await;
        }
        if hands.list("", 1).await.is_empty() {
            return;
        }
        tokio::time::sleep(PAUSE * (1 << DOUBLED_MAX)).await;
    }
}

impl Hands {
    async fn treat(&mut self, item: &Item) {
        if self.dice.percent(10) {
            self.release(item).await;
        } else {
            self.decide(item).await;
        }
    }

    async fn claim_next(&mut self) -> Option<Item> {
        let began = self.arena.moment();
        let change = Change { path: "/queue/claim-next".to_owned(), if_match: None, body: None };
        let reply = self.change(&change, Patience::Enough).await?;
        let item = self.item_of(&reply)?;
        self.note(&item.id, Asked::Claim, Answered::Done { revision: item.revision }, began);
        Some(item)
    }

    /// Claims one of those at the top, as others do at the same time.
    async fn claim_seen(&mut self) -> Option<Item> {
        let mut shown = self.list("stage:ready", 6).await;
        if shown.is_empty() {
            return None;
        }
        let id = shown.swap_remove(self.dice.below(shown.len())).id;
        let began = self.arena.moment();
        let change = Change { path: format!("/reviews/{id}/claim"), if_match: Some("*".to_owned()), body: None };
        let patience = self.patience();
        let Some(reply) = self.change(&change, patience).await else {
            self.note(&id, Asked::Claim, Answered::Unknown, began);
            return None;
        };
        if let Some(item) = self.item_of(&reply) {
            self.note(&id, Asked::Claim, Answered::Done { revision: item.revision }, began);
            Some(item)
        } else {
            self.note(&id, Asked::Claim, Answered::Refused, began);
            None
        }
    }

    async fn release(&mut self, item: &Item) {
        let began = self.arena.moment();
        let change = Change { path: format!("/reviews/{}/release", item.id), if_match: None, body: None };
        let patience = self.patience();
        let reply = self.change(&change, patience).await;
        self.note_answer(&item.id, Asked::Release, reply.as_ref(), began);
    }

    async fn decide(&mut self, item: &Item) {
        let verdict = if self.dice.percent(30) { Verdict::Rejected } else { Verdict::Approved };
        let (verb, body) = match verdict {
            Verdict::Approved => ("approve", json!({"sha256": item.sha256})),
            Verdict::Rejected => ("reject", json!({"reason": "other", "feedback": "not now"})),
        };
        let change = Change {
            path: format!("/reviews/{}/{verb}", item.id),
            if_match: Some(format!("\"{}\"", item.revision)),
            body: Some(body),
        };
        let began = self.arena.moment();
        let patience = self.patience();
        let reply = self.change(&change, patience).await;
        self.note_answer(&item.id, Asked::Decide { verdict, seen: item.revision }, reply.as_ref(), began);
        if reply.is_some_and(|reply| reply.status == 200) {
            self.arena.decided.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn patience(&mut self) -> Patience {
        if self.dice.percent(40) { Patience::None } else { Patience::Enough }
    }

    /// A page of the queue.
    async fn list(&mut self, filter: &str, limit: usize) -> Vec<Item> {
        loop {
            let url = format!("{}/queue", self.arena.url(self.node));
            let request = self.http.get(url).query(&[("q", filter), ("limit", &limit.to_string())]);
            match self.send(request).await {
                Some(Reply { status: 200, body }) => {
                    return body["items"].as_array().into_iter().flatten().filter_map(item).collect();
                }
                Some(Reply { status, body }) if status < 500 => {
                    self.arena.fault(format!("the queue answered {status}: {body}"));
                    return Vec::new();
                }
                _ => self.turn_away().await,
            }
        }
    }

    /// Sends a change with a key of its own until it is answered, by whichever node.
    async fn change(&mut self, change: &Change, patience: Patience) -> Option<Reply> {
        self.asked += 1;
        let key = format!("maintainer-{}-{}", self.number, self.asked);
        loop {
            let url = format!("{}{}", self.arena.url(self.node), change.path);
            let mut request = self.http.request(Method::POST, url).header("Idempotency-Key", &key);
            if let Some(if_match) = &change.if_match {
                request = request.header("If-Match", if_match);
            }
            if let Some(body) = &change.body {
                request = request.json(body);
            }
            match self.send(request).await {
                Some(Reply { status: 409, body }) if body["code"] == "idempotency_in_flight" => {}
                Some(reply) if reply.status < 500 => return Some(reply),
                Some(Reply { status: 500, body }) => self.arena.fault(format!("{} answered 500: {body}", change.path)),
                _ if patience == Patience::None => {
                    self.turn_away().await;
                    return None;
                }
                _ => {}
            }
            self.turn_away().await;
        }
    }

    /// One request; nothing where the connection broke before the whole answer was there.
    async fn send(&mut self, request: reqwest::RequestBuilder) -> Option<Reply> {
        let answered = async {
            let response = request.bearer_auth(&self.secret).send().await.ok()?;
            let status = response.status().as_u16();
            let bytes = response.bytes().await.ok()?;
            Some(Reply { status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
        };
        let answered = tokio::time::timeout(ANSWER_MAX, answered).await;
        let reply = answered.unwrap_or_else(|_| panic!("a node took longer than {ANSWER_MAX:?} to answer"));
        if reply.as_ref().is_some_and(|reply| reply.status < 500) {
            self.failed = 0;
        }
        reply
    }

    async fn turn_away(&mut self) {
        self.node += 1 + self.dice.below(2);
        tokio::time::sleep(PAUSE * (1 << self.failed.min(DOUBLED_MAX))).await;
        self.failed += 1;
    }

    fn item_of(&self, reply: &Reply) -> Option<Item> {
        if !matches!(reply.status, 200 | 204 | 409 | 412) {
            self.arena.fault(format!("a claim answered {}: {}", reply.status, reply.body));
        }
        if reply.status == 200 { item(&reply.body) } else { None }
    }

    fn note_answer(&self, review: &str, asked: Asked, reply: Option<&Reply>, began: u64) {
        let answered = match reply {
            None => Answered::Unknown,
            Some(Reply { status: 200, body }) => {
                Answered::Done { revision: body["revision"].as_i64().expect("a revision") }
            }
            Some(Reply { status: 409 | 412, .. }) => Answered::Refused,
            Some(Reply { status, body }) => {
                self.arena.fault(format!("{asked:?} of {review} answered {status}: {body}"));
                Answered::Refused
            }
        };
        self.note(review, asked, answered, began);
    }

    fn note(&self, review: &str, asked: Asked, answered: Answered, began: u64) {
        let ended = if answered == Answered::Unknown { u64::MAX } else { self.arena.moment() };
        self.arena.note(review, Operation { by: self.number, asked, answered, began, ended });
    }
}

fn item(value: &Value) -> Option<Item> {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    Some(Item { id: text("id")?, revision: value["revision"].as_i64()?, sha256: text("sha256")? })
}
