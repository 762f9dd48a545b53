//! One checker: takes a job, examines its package, records what came of it, and takes the next.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::super::app::fresh_seed;
use super::super::clock::Clock;
use super::super::problem::Problem;
use super::super::stop::Stop;
use super::facts::Facts;
use super::pool::{NotRun, run_alone};
use crate::domain::digest::Sha256Digest;
use crate::domain::finding::CheckRecord;
use crate::domain::id::ReviewId;
use crate::domain::kind::Kind;
use crate::domain::package::Package;
use crate::domain::stage::StageName;
use crate::market::{self, CHECKS_JOB, RecordChecks, Recorded, Refused};
use crate::scan;
use crate::store::jobs::{self, Job};
use crate::store::reviews::{self, ReviewRow};
use crate::store::{Store, StoreError};

/// How long a job is held without a heartbeat.
pub(super) const LEASE_MS: i64 = 10_000;
/// Time between two heartbeats.
const BEAT_EVERY: Duration = Duration::from_secs(3);
/// Time between two looks at the jobs where no event says that there is one.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Time after the store refused.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// One task that checks submissions, one at a time.
pub(super) struct Checker {
    store: Store,
    clock: Clock,
    name: String,
    stop: Stop,
}

/// Why a job came to no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfinished {
    /// The server is to end.
    #[error("the server ends")]
    Stopped,
    /// Another worker has the job by now.
    #[error("the lease was lost")]
    LeaseLost,
    /// There is nothing to check any more.
    #[error("it was withdrawn or checked meanwhile")]
    Moot,
    /// The store could not for the moment: no fault of the package.
    #[error(transparent)]
    Trouble(StoreError),
    /// It failed, and may succeed another time.
    #[error("{0}")]
    Failed(String),
}

/// What an examination leaves to be recorded.
#[derive(Clone, Debug)]
struct Findings {
    records: Vec<CheckRecord>,
    reports: Vec<(Kind, String)>,
}

impl Checker {
    /// A checker with a name that no other run of the server has.
    pub fn new(store: Store, clock: Clock, number: usize, stop: Stop) -> Result<Checker, Problem> {
        let seed = fresh_seed()?;
        let unique = Sha256Digest::from_bytes(seed);
        Ok(Checker { store, clock, name: format!("checks-{unique}-{number}"), stop })
    }

    /// Checks what there is, and waits for more, until told to stop.
    pub async fn run(self) {
        let mut news = self.store.subscribe_events();
        while !self.stop.is_requested() {
            news.borrow_and_update();
            match self.take().await {
                Ok(Some(job)) => self.finish(&job).await,
                Ok(None) => self.rest(&mut news).await,
                Err(error) => {
                    tracing::warn!(%error, "no job could be taken; tried again soon");
                    self.pause(AFTER_TROUBLE).await;
                }
            }
        }
    }

    /// Takes the next job, where one is due; an idle look writes nothing.
    pub async fn take(&self) -> Result<Option<Job>, StoreError> {
        let now = self.clock.now();
        if self.store.read(jobs::next_at).await?.is_none_or(|due| due > now) {
            return Ok(None);
        }
        let name = self.name.clone();
        self.store.write(move |tx| jobs::take(tx, &name, now, LEASE_MS)).await
    }

    /// Does a job, and sees to what becomes of it.
    pub async fn finish(&self, job: &Job) {
        let ended = match self.perform(job).await {
            Ok(recorded) => {
                log(job, &recorded);
                return;
            }
            Err(Unfinished::LeaseLost) => {
                tracing::warn!(job = %job.id, "another worker took a job whose lease had run out");
                return;
            }
            Err(Unfinished::Stopped) => self.give_back(job).await,
            Err(Unfinished::Moot) => self.drop_job(job).await,
            Err(Unfinished::Trouble(error)) => {
                tracing::warn!(job = %job.id, %error, "the store could not serve the checks; tried again soon");
                self.pause(AFTER_TROUBLE).await;
                self.give_back(job).await
            }
            Err(Unfinished::Failed(text)) => {
                tracing::warn!(job = %job.id, review = %job.subject_id, error = %text, "the checks of a submission failed");
                self.fail(job, text).await
            }
        };
        if let Err(error) = ended {
            tracing::warn!(job = %job.id, %error, "a job could not be given back; its lease will run out");
        }
    }

    async fn perform(&self, job: &Job) -> Result<Recorded, Unfinished> {
        let review = self.review(job).await?;
        let version = review.version;
        let now = self.clock.now();
        let facts = self.store.read(move |tx| Facts::of_version(tx, version, now)).await?.ok_or(Unfinished::Moot)?;
        let findings = if job.attempts > i64::from(facts.policy.checks.crashes_max) {
            let attempts = u32::try_from(job.attempts - 1).unwrap_or(u32::MAX);
            let error = if job.last_error.is_empty() { "the checks were cut off" } else { &job.last_error };
            let record = scan::broken_record(attempts, error, self.clock.now());
            Findings { records: vec![record], reports: Vec::new() }
        } else {
            self.examine(job, facts).await?
        };
        self.record(job, &review, findings).await
    }

    async fn review(&self, job: &Job) -> Result<ReviewRow, Unfinished> {
        if job.kind != CHECKS_JOB {
            return Err(Unfinished::Failed(format!("this server knows no job of the kind {:?}", job.kind)));
        }
        let id: ReviewId = job.subject_id.parse().map_err(|error| Unfinished::Failed(format!("{error}")))?;
        let review = self.store.read(move |tx| reviews::by_id(tx, id)).await?;
        review.filter(|review| review.is_open() && review.stage == StageName::Checking).ok_or(Unfinished::Moot)
    }

    /// Examines on a thread of its own; meanwhile the lease is kept alive.
    async fn examine(&self, job: &Job, facts: Facts) -> Result<Findings, Unfinished> {
        let code = self.store.blobs().get(facts.version.code.sha256).await?;
        let clock = self.clock.clone();
        let work = run_alone(move || examine(&facts, code, &clock));
        tokio::pin!(work);
        let mut beats = tokio::time::interval(BEAT_EVERY);
        loop {
            tokio::select! {
                biased;
                () = self.stop.requested() => return Err(Unfinished::Stopped),
                done = &mut work => return done?,
                _ = beats.tick() => {
                    if !self.beat(job).await? {
                        return Err(Unfinished::LeaseLost);
                    }
                }
            }
        }
    }

    /// One transaction: the job goes, and what it found comes. A job that is no longer ours leaves no trace.
    async fn record(&self, job: &Job, review: &ReviewRow, findings: Findings) -> Result<Recorded, Unfinished> {
        let seed = fresh_seed().map_err(|_| Unfinished::Failed("no random bytes".to_owned()))?;
        let Findings { records, reports } = findings;
        let now = self.clock.now();
        let input = Arc::new(RecordChecks { review: review.id, sha256: review.sha256, records, reports, now, seed });
        let (id, name) = (job.id, self.name.clone());
        let recorded = self.store.write(move |tx| {
            if !jobs::finish(tx, id, &name)? {
                return Ok::<_, Refused>(None);
            }
            market::record_checks(tx, &input).map(Some)
        });
        match recorded.await {
            Ok(Some(recorded)) => Ok(recorded),
            Ok(None) => Err(Unfinished::LeaseLost),
            Err(Refused::Store(error)) => Err(error.into()),
            Err(refused) => Err(Unfinished::Failed(refused.to_string())),
        }
    }

    async fn beat(&self, job: &Job) -> Result<bool, StoreError> {
        let (id, name, until) = (job.id, self.name.clone(), self.clock.now().plus_ms(LEASE_MS));
        self.store.write(move |tx| jobs::heartbeat(tx, id, &name, until)).await
    }

    async fn give_back(&self, job: &Job) -> Result<(), StoreError> {
        let (id, name) = (job.id, self.name.clone());
        self.store.write(move |tx| jobs::give_back(tx, id, &name)).await.map(drop)
    }

    async fn drop_job(&self, job: &Job) -> Result<(), StoreError> {
        let (id, name) = (job.id, self.name.clone());
        self.store.write(move |tx| jobs::finish(tx, id, &name)).await.map(drop)
    }

    async fn fail(&self, job: &Job, error: String) -> Result<(), StoreError> {
        let (id, name, now) = (job.id, self.name.clone(), self.clock.now());
        self.store.write(move |tx| jobs::fail(tx, id, &name, &error, now)).await.map(drop)
    }

    /// Waits until an event is committed, as every submission makes one, or a little while.
    async fn rest(&self, news: &mut watch::Receiver<i64>) {
        tokio::select! {
            () = self.stop.requested() => {}
            Ok(()) = news.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }

    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = self.stop.requested() => {}
            () = tokio::time::sleep(time) => {}
        }
    }
}

fn examine(facts: &Facts, code: Vec<u8>, clock: &Clock) -> Result<Findings, Unfinished> {
    let package = Package::assemble(&facts.version.document, code).map_err(|faults| {
        let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Unfinished::Failed(format!("the stored package cannot be read: {}", texts.join("; ")))
    })?;
    let examination = scan::examine(&package, &facts.context(), &|| clock.now());
    let reports = examination.reports.iter().map(|(kind, report)| {
        let text = serde_json::to_string(report);
        Ok((*kind, text.map_err(|error| Unfinished::Failed(format!("a report is no JSON: {error}")))?))
    });
    Ok(Findings { reports: reports.collect::<Result<_, Unfinished>>()?, records: examination.records })
}

fn log(job: &Job, recorded: &Recorded) {
    match recorded {
        Recorded::Ready(review) => {
            tracing::info!(review = %review.id, slug = %review.slug, number = %review.number, "the checks of a submission passed");
        }
        Recorded::Rejected(review) => {
            tracing::info!(review = %review.id, slug = %review.slug, number = %review.number, "the checks rejected a submission");
        }
        Recorded::Moot => tracing::info!(review = %job.subject_id, "a submission was withdrawn while it was checked"),
    }
}

impl From<StoreError> for Unfinished {
    fn from(error: StoreError) -> Unfinished {
        match error {
            StoreError::Busy(_)
            | StoreError::Unavailable(_)
            | StoreError::Unsure(_)
            | StoreError::Full(_)
            | StoreError::ReadOnly(_)
            | StoreError::Blobs { .. } => Unfinished::Trouble(error),
            lasting => Unfinished::Failed(lasting.to_string()),
        }
    }
}

impl From<NotRun> for Unfinished {
    fn from(not_run: NotRun) -> Unfinished {
        Unfinished::Failed(not_run.to_string())
    }
}
