//! Tells the story: each step through the use case that it would have been, at its time.

use std::collections::{BTreeMap, HashMap};

use super::catalogue::{Fate, PEOPLE, entry};
use super::guilds::{Offered, World};
use super::story::{Build, Checked, Deed, HOUR_MS, MINUTE_MS, Step};
use crate::domain::account::{Account, AccountName, Caller, Rights};
use crate::domain::id::{AccountId, Entropy, ReviewId, TokenId};
use crate::domain::stage::StageName;
use crate::domain::time::Timestamp;
use crate::market::{self, Act, By, ExtensionRef, IfMatch, Refused, VersionRef};
use crate::store::{Tx, accounts, jobs};

/// Who tells the story, with what it has named so far.
pub struct Teller {
    pub(super) entropy: Entropy,
    pub(super) people: HashMap<&'static str, AccountId>,
    reviews: BTreeMap<(&'static str, &'static str), ReviewId>,
    pub(super) world: World,
    now: Timestamp,
}

impl Teller {
    /// A teller at the beginning of a story that ends at `now`.
    pub fn new(seed: [u8; 32], now: Timestamp) -> Teller {
        Teller {
            entropy: Entropy::from_seed(seed),
            people: HashMap::new(),
            reviews: BTreeMap::new(),
            world: World::default(),
            now,
        }
    }

    /// When the story is told: the end of it.
    pub(super) const fn told_at(&self) -> Timestamp {
        self.now
    }

    /// Takes one step.
    ///
    /// # Errors
    /// [`Refused`], naming what the marketplace did not accept.
    pub fn take(&mut self, tx: &mut Tx, step: &Step) -> Result<(), Refused> {
        let now = step.at;
        match &step.deed {
            Deed::Join(place) => self.join(tx, *place, now),
            Deed::Guild(deed) => self.guild(tx, deed, now),
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
                let owner = entry(slug).map_or("", |entry| entry.owner);
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
        if matches!(build.release.fate, Fate::HalfApproved(_)) {
            return Ok(());
        }
        let manifest = &build.package.manifest;
        self.world
            .offered
            .insert(build.entry.slug, Offered { all: manifest.scopes, optional: manifest.optional_scopes });
        if half {
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

    pub(super) fn act(&mut self, tx: &mut Tx, name: &'static str, now: Timestamp) -> Result<Act, Refused> {
        let id = self.people.get(name).copied().ok_or(Refused::NotFound("account"))?;
        let account = accounts::by_id(tx, id)?.ok_or(Refused::NotFound("account"))?;
        let rights = Rights::of_role(account.role);
        Ok(self.act_with(account, rights, now))
    }

    /// What an account does with these rights.
    pub(super) fn act_with(&mut self, account: Account, rights: Rights, now: Timestamp) -> Act {
        let caller = Caller { account, token: TokenId::mint(now, &mut self.entropy), rights };
        Act { by: By::Caller(caller), now, seed: self.entropy.draw() }
    }
}

/// The extension with this slug.
pub(super) fn extension(slug: &str) -> Result<ExtensionRef, Refused> {
    slug.parse().map_err(|_| Refused::NotFound("extension"))
}

fn version(build: &Build) -> Result<VersionRef, Refused> {
    Ok(VersionRef { extension: extension(build.entry.slug)?, number: build.package.manifest.number.clone() })
}
