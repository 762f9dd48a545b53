//! What happened in the demo's marketplace: every version's life as a list of dated steps, told through the use cases.

use super::catalogue::{Entry, Fate, PEOPLE, Release, catalogue};
use super::guilds::GuildDeed;
use super::packages::package;
use super::teller::Teller;
use super::{life_of_servers, policy};
use crate::cli::{Exit, Failure};
use crate::domain::extension::{ReasonCode, Slug};
use crate::domain::finding::CheckRecord;
use crate::domain::id::PlanId;
use crate::domain::kind::Kind;
use crate::domain::package::Package;
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;
use crate::market::Refused;
use crate::scan::{AuthorFacts, Context, PublishedFacts, examine};
use crate::store::{Store, StoredBlob, Tx};

/// A minute.
pub const MINUTE_MS: i64 = 60_000;
/// An hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// A day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Everything that is prepared before the one transaction that tells the story.
pub struct Prepared {
    steps: Vec<Step>,
    seed: [u8; 32],
    now: Timestamp,
}

/// Something that was done at a time.
#[derive(Clone)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What.
    pub deed: Deed,
}

/// What was done: each is the use case of its name.
#[derive(Clone)]
pub enum Deed {
    Join(usize),
    Guild(GuildDeed),
    Import(Build),
    Draft(Build),
    Save(&'static str),
    Submit(Build),
    Check(Box<Checked>),
    Claim(Build, &'static str),
    Approve(Build, &'static str),
    Reject(Build, &'static str, ReasonCode, &'static str),
    Note(Build, &'static str, &'static str),
    Withdraw(Build),
    Yank(Build, &'static str),
}

/// One version with its package.
#[derive(Clone)]
pub struct Build {
    /// The extension.
    pub entry: &'static Entry,
    /// The version.
    pub release: &'static Release,
    /// Its package.
    pub package: std::sync::Arc<Package>,
    /// Its code as it is stored.
    pub blob: StoredBlob,
}

/// A version with what the checks found.
#[derive(Clone)]
pub struct Checked {
    /// The version.
    pub build: Build,
    /// What each check found.
    pub records: Vec<CheckRecord>,
    /// The dry runs.
    pub reports: Vec<(Kind, String)>,
}

/// Stores the code of every version, checks and dry-runs what was submitted, and dates the steps.
///
/// # Errors
/// Where the folder cannot be written.
pub async fn prepare(store: &Store, now: Timestamp, seed: [u8; 32]) -> Result<Prepared, Failure> {
    let mut steps: Vec<Step> = PEOPLE
        .iter()
        .enumerate()
        .map(|(place, person)| Step { at: now.plus_ms(-person.days * DAY_MS), deed: Deed::Join(place) })
        .collect();
    let policies = policy::in_force(now)?;
    let packages = on_every_processor(catalogue(), |entry| {
        entry.versions.iter().map(|release| package(entry, release)).collect::<Result<Vec<_>, _>>()
    })?;
    let mut builds: Vec<Vec<Build>> = Vec::new();
    for (entry, packages) in catalogue().iter().zip(packages) {
        builds.push(stored(store, entry, packages?).await?);
    }
    for life in on_every_processor(&builds, |builds| life_of(builds, &policies, now))? {
        steps.extend(life);
    }
    steps.extend(life_of_servers::steps(now));
    steps.sort_by_key(|step| step.at);
    Ok(Prepared { steps, seed, now })
}

/// Does the same for each, on as many processors as there are; the results are in the same order.
fn on_every_processor<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Result<Vec<R>, Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(threads).max(1);
    let work = &work;
    std::thread::scope(|scope| {
        let begun: Vec<_> =
            items.chunks(share).map(|items| scope.spawn(move || items.iter().map(work).collect::<Vec<R>>())).collect();
        let mut done = Vec::with_capacity(items.len());
        for thread in begun {
            let part =
                thread.join().map_err(|_| Failure::new(Exit::Failed, "the demo could not be prepared".to_owned()))?;
            done.extend(part);
        }
        Ok(done)
    })
}

/// Stores the code of every version of an extension.
async fn stored(store: &Store, entry: &'static Entry, packages: Vec<Package>) -> Result<Vec<Build>, Failure> {
    let mut builds = Vec::new();
    for (release, package) in entry.versions.iter().zip(packages) {
        let blob = store.blobs().put(package.code.bytes.clone()).await?;
        builds.push(Build { entry, release, package: std::sync::Arc::new(package), blob });
    }
    Ok(builds)
}

/// The dated steps of all versions of one extension.
fn life_of(builds: &[Build], policies: &[(Timestamp, Policy)], now: Timestamp) -> Vec<Step> {
    let (mut steps, mut published) = (Vec::new(), None);
    for (place, build) in builds.iter().enumerate() {
        let known = Known { published: published.as_ref(), policies };
        steps.extend(life(build, place == 0, &known, now));
        if matches!(build.release.fate, Fate::Published | Fate::Yanked(_)) {
            let manifest = &build.package.manifest;
            published = Some(PublishedFacts { number: manifest.number.clone(), scopes: manifest.scopes });
        }
    }
    steps
}

/// The dated steps of one version.
fn life(build: &Build, first: bool, known: &Known<'_>, now: Timestamp) -> Vec<Step> {
    let release = build.release;
    let submitted = now.plus_ms(-release.hours * HOUR_MS);
    let at = |ms: i64, deed: Deed| Step { at: submitted.plus_ms(ms), deed };
    let mut steps = match (first, release.fate) {
        (true, _) => vec![at(-6 * MINUTE_MS, Deed::Import(build.clone()))],
        (false, Fate::Draft) => vec![at(-6 * MINUTE_MS, Deed::Draft(build.clone()))],
        (false, _) => {
            vec![at(-6 * MINUTE_MS, Deed::Draft(build.clone())), at(-5 * MINUTE_MS, Deed::Save(build.entry.slug))]
        }
    };
    if matches!(release.fate, Fate::Draft | Fate::Saved) {
        return steps;
    }
    steps.push(at(0, Deed::Submit(build.clone())));
    if matches!(release.fate, Fate::Withdrawn) {
        steps.push(at(20_000, Deed::Check(Box::new(checked(build, known, submitted)))));
        steps.push(at(50 * MINUTE_MS, Deed::Withdraw(build.clone())));
        return steps;
    }
    steps.push(at(20_000, Deed::Check(Box::new(checked(build, known, submitted)))));
    let claim = |ms: i64, who: &'static str| at(ms, Deed::Claim(build.clone(), who));
    let approve = |ms: i64, who: &'static str| at(ms, Deed::Approve(build.clone(), who));
    // Reviewers take turns by the number of hours, so that the history has all of them.
    let who = ["ines", "rahul", "noor"][usize::try_from(release.hours).unwrap_or(0) % 3];
    let waited = release.waited_hours() * HOUR_MS;
    match release.fate {
        Fate::Published | Fate::Yanked(_) => {
            steps.push(claim(waited, who));
            steps.push(approve(waited + 9 * MINUTE_MS, who));
            if let Fate::Yanked(reason) = release.fate {
                steps.push(at(waited + 3 * DAY_MS, Deed::Yank(build.clone(), reason)));
            }
        }
        Fate::Rejected(reason, feedback) => {
            steps.push(claim(waited, who));
            steps.push(at(waited + 11 * MINUTE_MS, Deed::Reject(build.clone(), who, reason, feedback)));
        }
        Fate::Noted(who, text) => steps.push(at(2 * HOUR_MS, Deed::Note(build.clone(), who, text))),
        Fate::Claimed(who) => {
            steps.push(Step { at: now.plus_ms(-3 * MINUTE_MS), deed: Deed::Claim(build.clone(), who) });
        }
        Fate::HalfApproved(who) => {
            steps.push(claim(5 * HOUR_MS, who));
            steps.push(approve(5 * HOUR_MS + 12 * MINUTE_MS, who));
        }
        Fate::Waiting | Fate::Withdrawn | Fate::Saved | Fate::Draft => {}
    }
    steps
}

/// What the checks of a version hold it against.
struct Known<'a> {
    published: Option<&'a PublishedFacts>,
    policies: &'a [(Timestamp, Policy)],
}

fn checked(build: &Build, known: &Known<'_>, at: Timestamp) -> Checked {
    let in_force = known.policies.iter().rev().find(|(since, _)| *since <= at);
    let policy = in_force.map_or_else(Policy::default, |(_, policy)| policy.clone());
    let person = PEOPLE.iter().find(|person| person.name == build.entry.owner);
    let slug: Option<Slug> = build.entry.slug.parse().ok();
    let context = Context {
        slug: slug.as_ref(),
        published: known.published.cloned(),
        stored: Some(build.package.digests),
        author: person.map(|person| AuthorFacts { verified: person.verified, suspended: false, reputation: 50 }),
        ..Context::local(&policy)
    };
    let examination = examine(&build.package, &context, &|| at.plus_ms(15_000));
    let reports = examination
        .reports
        .iter()
        .map(|(kind, report)| (*kind, serde_json::to_string(report).unwrap_or_default()))
        .collect();
    Checked { build: build.clone(), records: examination.records, reports }
}

/// Tells the story in one transaction; gives the plan that its administrator made last.
///
/// # Errors
/// [`Refused`], naming what the marketplace did not accept.
pub fn tell(tx: &mut Tx, prepared: &Prepared) -> Result<PlanId, Refused> {
    let mut teller = Teller::new(prepared.seed, prepared.now);
    for step in &prepared.steps {
        teller.take(tx, step)?;
    }
    teller.world.plan.ok_or(Refused::NotFound("plan"))
}

impl Build {
    /// What it is known by.
    pub const fn key(&self) -> (&'static str, &'static str) {
        (self.entry.slug, self.release.number)
    }
}
