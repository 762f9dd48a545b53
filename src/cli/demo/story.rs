//! What happened in the demo's marketplace: every version's life as a list of dated steps, told through the use cases.

use std::collections::{BTreeMap, HashMap};

use super::catalogue::{ENTRIES, Entry, Fate, PEOPLE, Release};
use super::packages::package;
use crate::cli::Failure;
use crate::domain::account::{AccountName, Caller, Rights};
use crate::domain::extension::{ReasonCode, Slug};
use crate::domain::finding::CheckRecord;
use crate::domain::id::{AccountId, Entropy, ReviewId, TokenId};
use crate::domain::kind::Kind;
use crate::domain::package::Package;
use crate::domain::policy::Policy;
use crate::domain::stage::StageName;
use crate::domain::time::Timestamp;
use crate::market::{self, Act, By, ExtensionRef, IfMatch, Refused, VersionRef};
use crate::scan::{AuthorFacts, Context, PublishedFacts, examine};
use crate::store::{Store, StoredBlob, Tx, accounts, jobs};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Everything that is prepared before the one transaction that tells the story.
pub struct Prepared {
    steps: Vec<Step>,
    seed: [u8; 32],
}

#[derive(Clone)]
struct Step {
    at: Timestamp,
    deed: Deed,
}

#[derive(Clone)]
enum Deed {
    Join(usize),
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
struct Build {
    entry: &'static Entry,
    release: &'static Release,
    package: std::sync::Arc<Package>,
    blob: StoredBlob,
}

#[derive(Clone)]
struct Checked {
    build: Build,
    records: Vec<CheckRecord>,
    reports: Vec<(Kind, String)>,
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
    for entry in ENTRIES {
        let mut published = None;
        for (place, release) in entry.versions.iter().enumerate() {
            let package = std::sync::Arc::new(package(entry, release)?);
            let blob = store.blobs().put(package.code.bytes.clone()).await?;
            let build = Build { entry, release, package, blob };
            let life = life(&build, place == 0, published.as_ref(), now);
            steps.extend(life);
            if matches!(release.fate, Fate::Published | Fate::Yanked(_)) {
                let manifest = &build.package.manifest;
                published = Some(PublishedFacts { number: manifest.number.clone(), scopes: manifest.scopes });
            }
        }
    }
    steps.sort_by_key(|step| step.at);
    Ok(Prepared { steps, seed })
}

/// The dated steps of one version.
fn life(build: &Build, first: bool, published: Option<&PublishedFacts>, now: Timestamp) -> Vec<Step> {
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
        steps.push(at(20_000, Deed::Check(Box::new(checked(build, published, submitted)))));
        steps.push(at(50 * MINUTE_MS, Deed::Withdraw(build.clone())));
        return steps;
    }
    steps.push(at(20_000, Deed::Check(Box::new(checked(build, published, submitted)))));
    let claim = |ms: i64, who: &'static str| at(ms, Deed::Claim(build.clone(), who));
    let approve = |ms: i64, who: &'static str| at(ms, Deed::Approve(build.clone(), who));
    // Reviewers take turns by the number of hours, so that the history has all of them.
    let who = ["ines", "rahul", "noor"][usize::try_from(release.hours).unwrap_or(0) % 3];
    let waited = (2 + release.hours % 19) * HOUR_MS;
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

fn checked(build: &Build, published: Option<&PublishedFacts>, at: Timestamp) -> Checked {
    let policy = Policy::default();
    let person = PEOPLE.iter().find(|person| person.name == build.entry.owner);
    let slug: Option<Slug> = build.entry.slug.parse().ok();
    let context = Context {
        slug: slug.as_ref(),
        published: published.cloned(),
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

/// Tells the story in one transaction; gives the account that the console is opened as.
///
/// # Errors
/// [`Refused`], naming what the marketplace did not accept.
pub fn tell(tx: &mut Tx, prepared: &Prepared) -> Result<AccountId, Refused> {
    let mut teller =
        Teller { entropy: Entropy::from_seed(prepared.seed), people: HashMap::new(), reviews: BTreeMap::new() };
    for step in &prepared.steps {
        teller.take(tx, step)?;
    }
    teller.people.get(PEOPLE[0].name).copied().ok_or(Refused::NotFound("account"))
}

struct Teller {
    entropy: Entropy,
    people: HashMap<&'static str, AccountId>,
    reviews: BTreeMap<(&'static str, &'static str), ReviewId>,
}

impl Teller {
    fn take(&mut self, tx: &mut Tx, step: &Step) -> Result<(), Refused> {
        let now = step.at;
        match &step.deed {
            Deed::Join(place) => self.join(tx, *place, now),
            Deed::Import(build) => {
                let act = self.act(tx, build.entry.owner, now)?;
                let slug = build.entry.slug.parse().ok();
                let import = market::Import { package: (*build.package).clone(), blob: build.blob.clone(), slug };
                market::import(tx, &act, &import)?;
                Ok(())
            }
            Deed::Draft(build) => {
                let act = self.act(tx, build.entry.owner, now)?;
                let draft = market::Draft {
                    extension: extension(build.entry.slug)?,
                    package: (*build.package).clone(),
                    blob: build.blob.clone(),
                    if_match: IfMatch::Any,
                };
                market::draft(tx, &act, &draft)?;
                Ok(())
            }
            Deed::Save(slug) => {
                let owner = ENTRIES.iter().find(|entry| entry.slug == *slug).map_or("", |entry| entry.owner);
                let act = self.act(tx, owner, now)?;
                market::save(tx, &act, &extension(slug)?, IfMatch::Any)?;
                Ok(())
            }
            Deed::Submit(build) => {
                let act = self.act(tx, build.entry.owner, now)?;
                let submitted = market::submit(tx, &act, &version(build)?, IfMatch::Any)?;
                self.reviews.insert(build.key(), submitted.review.id);
                jobs::forget_subject(tx, market::CHECKS_JOB, &submitted.review.id.to_string())?;
                Ok(())
            }
            Deed::Check(checked) => self.check(tx, checked, now),
            Deed::Withdraw(build) => {
                let act = self.act(tx, build.entry.owner, now)?;
                market::withdraw(tx, &act, &version(build)?, IfMatch::Any)?;
                Ok(())
            }
            Deed::Yank(build, reason) => {
                let act = self.act(tx, build.entry.owner, now)?;
                let yank =
                    market::Yank { version: version(build)?, if_match: IfMatch::Any, reason: (*reason).to_owned() };
                market::yank(tx, &act, &yank)?;
                Ok(())
            }
            Deed::Claim(build, who) => self.claim(tx, build, who, now),
            Deed::Approve(build, who) => self.approve(tx, build, who, now),
            Deed::Reject(build, who, reason, feedback) => {
                let act = self.act(tx, who, now)?;
                let reject = market::Reject {
                    review: self.review(build)?,
                    if_match: IfMatch::Any,
                    reason: *reason,
                    feedback: (*feedback).to_owned(),
                };
                market::reject(tx, &act, &reject)?;
                Ok(())
            }
            Deed::Note(build, who, text) => {
                let act = self.act(tx, who, now)?;
                market::note(tx, &act, self.review(build)?, text)?;
                Ok(())
            }
        }
    }

    fn join(&mut self, tx: &mut Tx, place: usize, now: Timestamp) -> Result<(), Refused> {
        let person = &PEOPLE[place];
        let name: AccountName = person.name.parse().map_err(|_| Refused::NotFound("account"))?;
        let act = Act { by: By::LocalOperator, now, seed: self.entropy.draw() };
        let create = market::CreateAccount { name, role: person.role, verified: person.verified };
        let account = market::create_account(tx, &act, &create)?;
        self.people.insert(person.name, account.id);
        Ok(())
    }

    fn check(&mut self, tx: &mut Tx, checked: &Checked, now: Timestamp) -> Result<(), Refused> {
        let record = market::RecordChecks {
            review: self.review(&checked.build)?,
            sha256: checked.build.package.digests.sha256,
            records: checked.records.clone(),
            reports: checked.reports.clone(),
            now,
            seed: self.entropy.draw(),
        };
        market::record_checks(tx, &record)?;
        Ok(())
    }

    fn claim(&mut self, tx: &mut Tx, build: &Build, who: &'static str, now: Timestamp) -> Result<(), Refused> {
        let act = self.act(tx, who, now)?;
        market::claim(tx, &act, self.review(build)?, IfMatch::Any)?;
        Ok(())
    }

    /// Approves; where two people are needed and the story wants it published, a second one follows.
    fn approve(&mut self, tx: &mut Tx, build: &Build, who: &'static str, now: Timestamp) -> Result<(), Refused> {
        let review = self.review(build)?;
        let seen = build.package.digests.sha256;
        let approve = market::Approve { review, if_match: IfMatch::Any, seen };
        let act = self.act(tx, who, now)?;
        let approved = market::approve(tx, &act, &approve)?;
        let half = matches!(&approved, market::Approved::First(row) if row.stage == StageName::Ready);
        if half && !matches!(build.release.fate, Fate::HalfApproved(_)) {
            let second = if who == "ines" { "rahul" } else { "ines" };
            self.claim(tx, build, second, now.plus_ms(HOUR_MS))?;
            let act = self.act(tx, second, now.plus_ms(HOUR_MS + MINUTE_MS))?;
            market::approve(tx, &act, &approve)?;
        }
        Ok(())
    }

    fn review(&self, build: &Build) -> Result<ReviewId, Refused> {
        self.reviews.get(&build.key()).copied().ok_or(Refused::NotFound("review"))
    }

    fn act(&mut self, tx: &mut Tx, name: &'static str, now: Timestamp) -> Result<Act, Refused> {
        let id = self.people.get(name).copied().ok_or(Refused::NotFound("account"))?;
        let account = accounts::by_id(tx, id)?.ok_or(Refused::NotFound("account"))?;
        let rights = Rights::of_role(account.role);
        let caller = Caller { account, token: TokenId::mint(now, &mut self.entropy), rights };
        Ok(Act { by: By::Caller(caller), now, seed: self.entropy.draw() })
    }
}

impl Build {
    const fn key(&self) -> (&'static str, &'static str) {
        (self.entry.slug, self.release.number)
    }
}

fn extension(slug: &str) -> Result<ExtensionRef, Refused> {
    slug.parse().map_err(|_| Refused::NotFound("extension"))
}

fn version(build: &Build) -> Result<VersionRef, Refused> {
    Ok(VersionRef { extension: extension(build.entry.slug)?, number: build.package.manifest.number.clone() })
}
