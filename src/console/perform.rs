//! The hands of the console: does each effect in a task of its own and sends back what came of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, spawn_blocking};

use super::drafts::{Draft, Drafts};
use super::effect::{Decision, Effect};
use super::event::{Answer, Event, Failure, Reply, Turn, Verb};
use super::screens::extensions;
use super::screens::queue::PAGE_ROWS;
use super::screens::{policy, sales};
use super::{Perform, live, load};
use crate::api::reviews::{Approve, BulkItem, Reject};
use crate::client::{Client, ClientError, PageQuery, Seen, Total};

/// How often a watched file is looked at.
const WATCH_EVERY: Duration = Duration::from_millis(300);
/// How long leaving waits for drafts to reach the disk.
const FLUSH_WAIT: Duration = Duration::from_secs(3);

/// Where replies go.
pub type Replies = mpsc::Sender<Event>;

/// Does effects against one server, with drafts in one folder.
#[derive(Debug)]
pub struct Hands {
    client: Client,
    drafts: Drafts,
    writer: mpsc::UnboundedSender<Write>,
    watch: Mutex<Option<AbortHandle>>,
}

/// Work of the one task that writes drafts: in order, so that a later text never loses to an earlier one.
#[derive(Debug)]
enum Write {
    Save(Draft, Replies),
    Remove(String, Replies),
    Flush(oneshot::Sender<()>),
}

impl Hands {
    /// Hands for one server; has to be called within a runtime.
    pub fn new(client: Client, drafts: Drafts) -> Hands {
        let (writer, work) = mpsc::unbounded_channel();
        tokio::spawn(write_drafts(drafts.clone(), work));
        Hands { client, drafts, writer, watch: Mutex::new(None) }
    }

    fn watch(&self, task: Option<AbortHandle>) {
        if let Ok(mut watch) = self.watch.lock()
            && let Some(before) = std::mem::replace(&mut *watch, task)
        {
            before.abort();
        }
    }
}

impl Perform for Hands {
    fn perform(&self, effect: Effect, replies: &Replies) {
        let (client, replies) = (self.client.clone(), replies.clone());
        let reply = match effect {
            Effect::SaveDraft(draft) => return drop(self.writer.send(Write::Save(draft, replies))),
            Effect::RemoveDraft(key) => return drop(self.writer.send(Write::Remove(key, replies))),
            Effect::WatchFile { generation, path } => {
                let task = tokio::spawn(async move {
                    saved_again(&path).await;
                    let _ = replies.send(Event::Reply(Reply::FileChanged { generation })).await;
                });
                return self.watch(Some(task.abort_handle()));
            }
            Effect::EndWatch => return self.watch(None),
            Effect::Follow => return drop(tokio::spawn(live::follow(client, replies))),
            Effect::ListDrafts => {
                let drafts = self.drafts.clone();
                tokio::spawn(async move {
                    let answer = blocking(move || drafts.list().map_err(|error| said(&error))).await;
                    let _ = replies.send(Event::Reply(Reply::Drafts(answer))).await;
                });
                return;
            }
            other => other,
        };
        tokio::spawn(async move {
            if let Some(reply) = answer(&client, reply).await {
                let _ = replies.send(Event::Reply(reply)).await;
            }
        });
    }

    async fn finish(&self) {
        let (done, flushed) = oneshot::channel();
        if self.writer.send(Write::Flush(done)).is_ok() {
            let _ = tokio::time::timeout(FLUSH_WAIT, flushed).await;
        }
    }
}

/// Does one effect; `None` for those that are done elsewhere.
async fn answer(client: &Client, effect: Effect) -> Option<Reply> {
    Some(match effect {
        Effect::LoadMe => Reply::Me(client.me().await.map(Box::new).map_err(failure)),
        Effect::LoadQueue { generation, query, cursor } => {
            let total = if cursor.is_none() { Total::Counted } else { Total::Uncounted };
            let q = (!query.is_empty()).then_some(query);
            let page = PageQuery { q, cursor: cursor.clone(), limit: Some(PAGE_ROWS), total };
            Reply::Queue { generation, cursor, answer: client.queue(&page).await.map_err(failure) }
        }
        Effect::LoadReview { review_id } => {
            let answer = client.review(&review_id).await.map(|fetched| Box::new(fetched.value)).map_err(failure);
            Reply::Review { review_id, answer }
        }
        Effect::LoadCode { review_id, new, old } => {
            let answer = load::code_pair(client, &new, old.as_ref()).await.map(Arc::new);
            Reply::Code { review_id, answer }
        }
        Effect::Turn { turn, review_id, query } => {
            let answer = take_turn(client, turn, review_id.as_deref(), query.as_deref()).await;
            Reply::Turn { turn, review_id, answer: answer.map(|item| item.map(Box::new)).map_err(failure) }
        }
        Effect::Decide(decision) => decide(client, *decision).await,
        Effect::Bulk(items) => Reply::Bulk(bulk(client, &items).await),
        Effect::Run(request) => {
            let slot = request.slot.clone();
            let answer = blocking(move || Ok(Arc::new(load::run(&request)))).await;
            Reply::Run { slot, answer }
        }
        Effect::LoadFile { generation, path } => {
            let answer = blocking(move || load::file(&path).map(Arc::new)).await;
            Reply::File { generation, answer }
        }
        Effect::ListPaths { typed } => {
            let asked = typed.clone();
            let paths = blocking(move || Ok(load::paths(&asked))).await.unwrap_or_default();
            Reply::Paths { typed, paths }
        }
        Effect::Extensions(ask) => Reply::Extensions(extensions::perform::answer(client, ask).await),
        Effect::Verdict { package } => Reply::Verdict(load::verdict(client, package).await.map(Box::new)),
        Effect::Servers(ask) => Reply::Servers(super::screens::servers::fetch::answer(client, ask).await),
        Effect::Sales(effect) => Reply::Sales(sales::perform::answer(client, effect).await),
        Effect::Policy(effect) => Reply::Policy(policy::perform::answer(client, effect).await),
        Effect::Follow
        | Effect::SaveDraft(_)
        | Effect::RemoveDraft(_)
        | Effect::ListDrafts
        | Effect::WatchFile { .. }
        | Effect::EndWatch
        | Effect::Copy(_)
        | Effect::Suspend
        | Effect::Redraw
        | Effect::Quit => return None,
    })
}

async fn take_turn(
    client: &Client,
    turn: Turn,
    review_id: Option<&str>,
    query: Option<&str>,
) -> Result<Option<crate::api::queue::QueueItem>, ClientError> {
    let review = review_id.unwrap_or_default();
    let item = match turn {
        Turn::ClaimNext => return client.claim_next(query).await,
        Turn::Claim => client.claim(review, Seen::Nothing).await?,
        Turn::Release => client.release(review).await?,
        Turn::Renew => client.renew(review).await?,
    };
    Ok(Some(item.value))
}

async fn decide(client: &Client, decision: Decision) -> Reply {
    let review = decision.review_id.as_str();
    let answer = match decision.verb {
        Verb::Approve => {
            let note = (!decision.text.is_empty()).then(|| decision.text.clone());
            let approve = Approve { sha256: decision.sha256.clone(), note };
            client.approve(review, decision.revision, &approve).await.map(Some)
        }
        Verb::Reject => {
            let reason = decision.reason.clone().unwrap_or_else(|| "other".to_owned());
            let reject = Reject { reason, feedback: decision.text.clone() };
            client.reject(review, decision.revision, &reject).await.map(Some)
        }
        Verb::Note => client.note(review, &decision.text).await.map(|_| None),
        Verb::Dismiss => {
            let finding = decision.finding.as_deref().unwrap_or_default();
            client.dismiss_finding(finding, &decision.text).await.map(|_| None)
        }
    };
    Reply::Decided {
        review_id: decision.review_id.clone(),
        verb: decision.verb,
        draft: Some(decision.draft.clone()),
        answer: answer.map_err(failure),
    }
}

async fn bulk(client: &Client, items: &[BulkItem]) -> Answer<Vec<crate::api::reviews::BulkResult>> {
    client.bulk(items).await.map_err(failure)
}

/// Work that blocks, away from the runtime's threads; one that panics is a failure like any other.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Answer<T> + Send + 'static) -> Answer<T> {
    spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(Failure { text: "skydeck failed while doing this; please report it".to_owned(), ..Failure::default() })
    })
}

/// What the client says, as the console shows it.
pub fn failure(error: ClientError) -> Failure {
    Failure {
        text: error.to_string(),
        status: error.status(),
        code: error.code().to_owned(),
        changed: error.problem().map(|problem| problem.changed.clone()).unwrap_or_default(),
    }
}

/// A failure that is only a sentence.
fn said(error: &std::io::Error) -> Failure {
    Failure { text: error.to_string(), ..Failure::default() }
}

async fn write_drafts(drafts: Drafts, mut work: mpsc::UnboundedReceiver<Write>) {
    while let Some(write) = work.recv().await {
        let drafts = drafts.clone();
        let (answer, replies) = match write {
            Write::Save(draft, replies) => {
                (blocking(move || drafts.save(&draft).map_err(|error| said(&error))).await, replies)
            }
            Write::Remove(key, replies) => {
                (blocking(move || drafts.remove(&key).map_err(|error| said(&error))).await, replies)
            }
            Write::Flush(done) => {
                let _ = done.send(());
                continue;
            }
        };
        if let Err(failure) = answer {
            let _ = replies.send(Event::Reply(Reply::DraftFailed(failure))).await;
        }
    }
}

/// Waits until the file's time or size is another, and then until it rests.
async fn saved_again(path: &str) {
    let look = || std::fs::metadata(path).and_then(|data| Ok((data.modified()?, data.len()))).ok();
    let before = look();
    let mut last = before;
    loop {
        tokio::time::sleep(WATCH_EVERY).await;
        let now = look();
        if now.is_some() && now != before && now == last {
            return;
        }
        last = now;
    }
}
