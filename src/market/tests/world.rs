//! A small marketplace with a clock, five accounts and packages on demand.

use std::cell::Cell;

use crate::domain::account::{Account, Caller, Rights, Role};
use crate::domain::audit::AuditHead;
use crate::domain::digest::{CodeDigests, Sha256Digest};
use crate::domain::filter::{self, Filter};
use crate::domain::finding::{CheckRecord, CheckVerdict, Finding, Severity, Step};
use crate::domain::id::{Entropy, ReviewId, TokenId};
use crate::domain::kind::Kind;
use crate::domain::package::Package;
use crate::domain::policy::{Policy, Stamp, policy_changes};
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;
use crate::market::*;
use crate::store::policy::{self, PolicyRevision};
use crate::store::reviews::ReviewRow;
use crate::store::versions::VersionRow;
use crate::store::{Scratch, StoreError, Tx, audit, reviews, scratch};

/// The moment each story starts.
pub const START: Timestamp = Timestamp::from_ms(1_790_000_000_000);

pub struct World {
    pub scratch: Scratch,
    now: Cell<i64>,
    drawn: Cell<u64>,
    pub ada: Caller,
    pub ben: Caller,
    pub mia: Caller,
    pub max: Caller,
    pub root: Caller,
}

impl World {
    pub fn new() -> World {
        World::on(scratch())
    }

    pub fn on(scratch: Scratch) -> World {
        let make = |name: &str, role: Role, seed: u8| {
            let act = Act { by: By::LocalOperator, now: START, seed: [seed; 32] };
            let input = CreateAccount { name: name.parse().unwrap(), role, verified: false };
            let account = scratch.tx(|tx| create_account(tx, &act, &input)).unwrap();
            caller(account)
        };
        let world = World {
            ada: make("ada", Role::User, 1),
            ben: make("ben", Role::User, 2),
            mia: make("mia", Role::Maintainer, 3),
            max: make("max", Role::Maintainer, 4),
            root: make("root", Role::Administrator, 5),
            scratch,
            now: Cell::new(START.as_ms()),
            drawn: Cell::new(100),
        };
        world.set_policy(|policy| policy.review.second_reviewer_per_mille = 0);
        world
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now.get())
    }

    pub fn wait_ms(&self, ms: i64) {
        self.now.set(self.now.get() + ms);
    }

    pub fn act(&self, who: &Caller) -> Act {
        self.drawn.set(self.drawn.get() + 1);
        Act {
            by: By::Caller(who.clone()),
            now: self.now(),
            seed: *Sha256Digest::of(&self.drawn.get().to_le_bytes()).as_bytes(),
        }
    }

    /// Does something in a transaction, a second later; an accepted act leaves exactly one audit row, a refused one none.
    pub fn does<T>(&self, who: &Caller, work: impl FnOnce(&mut Tx, &Act) -> Result<T, Refused>) -> Result<T, Refused> {
        self.wait_ms(1_000);
        let act = self.act(who);
        let before = self.head().number;
        let outcome = self.scratch.tx(|tx| work(tx, &act));
        assert_eq!(self.head().number - before, i64::from(outcome.is_ok()), "audit rows of one act");
        outcome
    }

    pub fn reads<T>(&self, work: impl FnOnce(&mut Tx) -> Result<T, Refused>) -> Result<T, Refused> {
        self.scratch.read(work)
    }

    pub fn head(&self) -> AuditHead {
        self.scratch.read(audit::head).unwrap()
    }

    pub fn verify(&self) {
        self.scratch.read(|tx| audit::verify(tx, None)).unwrap().unwrap();
    }

    pub fn set_policy(&self, change: impl FnOnce(&mut Policy)) {
        let set = |tx: &mut Tx| -> Result<(), StoreError> {
            let current = policy::current(tx)?;
            let before = policy::in_force(tx, self.now())?;
            let mut after = Policy::clone(&before);
            change(&mut after);
            let mut document = current.document().clone();
            for (path, _) in policy_changes(&before, &after) {
                document.put(path.clone(), path.get(&after).expect("a field of the policy"));
            }
            let stamp = Stamp { revision: current.number() + 1, by: None, at: self.now() };
            let enacted = current.enacted.succeeded(document, stamp);
            let next = PolicyRevision { enacted, reason: "a test".to_owned(), restores: None, plan: None };
            policy::append(tx, &next)
        };
        self.scratch.tx(set).unwrap();
    }

    pub fn import(&self, who: &Caller, package: Package) -> Result<Imported, Refused> {
        let blob = self.scratch.blob_of(package.digests);
        self.does(who, |tx, act| import(tx, act, &Import { package, blob, slug: None }))
    }

    pub fn draft(&self, who: &Caller, extension: &Imported, package: Package) -> Result<VersionRow, Refused> {
        let blob = self.scratch.blob_of(package.digests);
        let input = Draft { extension: extension.extension.id.into(), package, blob, if_match: IfMatch::Any };
        self.does(who, |tx, act| draft(tx, act, &input))
    }

    pub fn submit(&self, who: &Caller, version: &VersionRef) -> Result<Submitted, Refused> {
        self.does(who, |tx, act| submit(tx, act, version, IfMatch::Any))
    }

    /// The checks of a review, as the worker records them.
    pub fn check(&self, review: &ReviewRow, findings: Vec<Finding>) -> Recorded {
        self.wait_ms(1_000);
        let verdict = if findings.is_empty() { CheckVerdict::Passed } else { CheckVerdict::Failed };
        let records = vec![CheckRecord {
            step: Step::SecurityScan,
            rule: "imports".to_owned(),
            rule_revision: 1,
            started_ms: self.now().as_ms(),
            ended_ms: self.now().as_ms(),
            verdict,
            findings,
        }];
        let input = RecordChecks {
            review: review.id,
            sha256: review.sha256,
            records,
            reports: vec![(Kind::Command, "{}".to_owned())],
            now: self.now(),
            seed: *Sha256Digest::of(review.id.to_string().as_bytes()).as_bytes(),
        };
        self.scratch.tx(|tx| record_checks(tx, &input)).unwrap()
    }

    /// Imports, submits and checks: a review that waits for a maintainer.
    pub fn ready(&self, who: &Caller, name: &str, number: &str, scopes: &[&str]) -> ReviewRow {
        let imported = self.import(who, package(name, number, scopes, name.as_bytes())).unwrap();
        let submitted = self.submit(who, &version_of(&imported)).unwrap();
        match self.check(&submitted.review, Vec::new()) {
            Recorded::Ready(review) => review,
            other => panic!("{other:?}"),
        }
    }

    pub fn claim(&self, who: &Caller, review: ReviewId) -> Result<ReviewRow, Refused> {
        self.does(who, |tx, act| claim(tx, act, review, IfMatch::Any))
    }

    pub fn approve(&self, who: &Caller, seen: &ReviewRow) -> Result<Approved, Refused> {
        let input = Approve { review: seen.id, if_match: IfMatch::Revision(seen.revision), seen: seen.sha256 };
        self.does(who, |tx, act| approve(tx, act, &input))
    }

    pub fn reject(&self, who: &Caller, seen: &ReviewRow, feedback: &str) -> Result<ReviewRow, Refused> {
        let input = Reject {
            review: seen.id,
            if_match: IfMatch::Revision(seen.revision),
            reason: crate::domain::extension::ReasonCode::Quality,
            feedback: feedback.to_owned(),
        };
        self.does(who, |tx, act| reject(tx, act, &input))
    }

    /// Publishes a new extension and gives its review.
    pub fn publish(&self, who: &Caller, name: &str) -> ReviewRow {
        let review = self.ready(who, name, "1.0.0", &[]);
        let claimed = self.claim(&self.mia, review.id).unwrap();
        match self.approve(&self.mia, &claimed).unwrap() {
            Approved::Published { review, .. } => review,
            Approved::First(review) => panic!("one approval is enough for {review:?}"),
        }
    }

    pub fn review(&self, id: ReviewId) -> ReviewRow {
        self.scratch.read(|tx| reviews::by_id(tx, id)).unwrap().unwrap()
    }

    /// The slugs on the pages of the queue, three rows a page.
    pub fn queue(&self, who: &Caller, text: &str) -> Vec<String> {
        let filter = Filter::parse(text, &filter::QUEUE).unwrap();
        let (mut slugs, mut after) = (Vec::new(), None);
        loop {
            let page = self.reads(|tx| queue(tx, &viewer(who), &filter, after, 3, self.now())).unwrap();
            slugs.extend(page.lines.iter().map(|line| line.row.slug().to_owned()));
            after = match page.next {
                Some(next) => Some(crate::store::queue::parse_cursor(&next.to_string(), &filter).unwrap()),
                None => return slugs,
            };
        }
    }
}

pub fn caller(account: Account) -> Caller {
    let rights = Rights::of_role(account.role);
    let token = TokenId::mint(START, &mut Entropy::from_seed([9; 32]));
    Caller { account, token, rights }
}

pub fn viewer(who: &Caller) -> Viewer {
    Viewer::Account { id: who.account.id, role: who.account.role }
}

pub fn version_of(imported: &Imported) -> VersionRef {
    VersionRef { extension: imported.extension.id.into(), number: imported.version.number.clone() }
}

pub fn number(text: &str) -> VersionNumber {
    text.parse().unwrap()
}

/// A package whose code is a module header and `tail`.
pub fn package(name: &str, number: &str, scopes: &[&str], tail: &[u8]) -> Package {
    use base64::Engine as _;
    let code = [b"\0asm\x01\0\0\0".as_slice(), tail].concat();
    let json = serde_json::json!({
        "package_version": "1.0",
        "extension": {
            "name": name,
            "description": "A test",
            "version": {"number": number, "type": "command", "key": "t", "scopes": scopes},
            "code": base64::engine::general_purpose::STANDARD.encode(&code),
        },
    });
    Package::parse(json.to_string().as_bytes()).unwrap()
}

/// A package with digests of the caller's choice, as if MD5 were broken for these very codes.
pub fn forged(name: &str, digests: CodeDigests) -> Package {
    let mut package = package(name, "1.0.0", &[], name.as_bytes());
    package.digests = digests;
    package
}

pub fn finding(severity: Severity, evidence: &str) -> Finding {
    Finding {
        rule: "imports".to_owned(),
        rule_revision: 1,
        severity,
        location: "import env.system".to_owned(),
        message: "it imports what nobody offers".to_owned(),
        evidence: evidence.to_owned(),
        hint: "Remove the import.".to_owned(),
        body: None,
    }
}

/// The stable code of a refusal.
pub fn code<T: std::fmt::Debug>(outcome: Result<T, Refused>) -> &'static str {
    match outcome {
        Ok(done) => panic!("accepted: {done:?}"),
        Err(refused) => refused.code(),
    }
}
