//! Static checks of a package and one dry run of each handler: one rule a file, all of one signature, listed in [`RULES`].
//!
//! [`examine()`] does everything for one package: it reads the module, compiles it once, runs each handler once in the
//! simulated world, lets every rule look at what came of it, and says whether the package passes. Nothing here reads a
//! clock, a file or a database: what a rule has to know about the marketplace stands in [`Context`].

mod author;
mod calls;
mod digests;
mod dry_run;
mod examine;
mod findings;
mod handlers;
mod imports;
mod memory;
mod module;
mod names;
mod package;
mod runtime;
#[cfg(test)]
mod sample;
mod scope_policy;
mod scopes;
#[cfg(test)]
mod tests;
mod verdict;
mod version;

use std::collections::BTreeSet;

use crate::domain::digest::{CodeDigests, Sha256Digest};
use crate::domain::extension::{ReasonCode, Slug};
use crate::domain::finding::{Severity, Step};
use crate::domain::id::ExtensionId;
use crate::domain::kind::Kind;
use crate::domain::manifest::Runtime;
use crate::domain::package::Package;
use crate::domain::policy::Policy;
use crate::domain::scope::ScopeSet;
use crate::domain::version::VersionNumber;
use crate::sandbox::{Inspection, Problem, Report};

pub use examine::{Examination, dry_run_event, dry_run_settings, examine};
pub use findings::{FINDINGS_PER_RULE_MAX, Findings, Seen};
pub use verdict::{Verdict, broken_record, scan, verdict};

/// One rule: what it is called, what it looks for, and the function that looks.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name in findings, policies and filters.
    pub name: &'static str,
    /// Counts its changes of meaning; what was dismissed is asked again when it grows.
    pub revision: u32,
    /// The part of publication it belongs to.
    pub step: Step,
    /// The worst it reports.
    pub severity: Severity,
    /// The sort of reason a rejection by it has.
    pub reason: ReasonCode,
    /// One line: what it looks for.
    pub description: &'static str,
    /// One line: what an author does about it.
    pub hint: &'static str,
    /// The function that looks.
    pub check: fn(&Subject<'_>, &mut Findings),
}

/// What the rules look at: one package, and all that its module said and did.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The package.
    pub package: &'a Package,
    /// What the module's bytes say; empty for JavaScript.
    pub inspection: &'a Inspection,
    /// Every problem of the module by itself: those of the inspection, and what compiling found.
    pub problems: &'a [Problem],
    /// The dry runs, one a handler.
    pub reports: &'a [(Kind, Report)],
    /// What is known about the marketplace around it.
    pub context: &'a Context<'a>,
}

/// What the marketplace knows around a package; for a package that is only a file, see [`Context::local`].
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The policy in force.
    pub policy: &'a Policy,
    /// The extension's slug, where it has one.
    pub slug: Option<&'a Slug>,
    /// The last published version of the extension, where there is one.
    pub published: Option<PublishedFacts>,
    /// The digests that the store has for the code, where it is stored.
    pub stored: Option<CodeDigests>,
    /// The author, where there is one.
    pub author: Option<AuthorFacts>,
    /// Extensions of other owners whose name or slug could be taken for this one's.
    pub neighbours: Vec<Neighbour>,
    /// What maintainers have said is not a problem.
    pub dismissed: Option<Dismissed>,
}

/// The last published version of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedFacts {
    /// Its number.
    pub number: VersionNumber,
    /// The scopes it declares.
    pub scopes: ScopeSet,
}

/// The author's account as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthorFacts {
    /// Whether an administrator vouches for who this is.
    pub verified: bool,
    /// Whether it may do nothing at all.
    pub suspended: bool,
    /// 0 to 100.
    pub reputation: u8,
}

/// An extension of another owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// The findings of one extension that count no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dismissed {
    /// The extension: fingerprints never reach across.
    pub extension: ExtensionId,
    /// Their fingerprints.
    pub fingerprints: BTreeSet<Sha256Digest>,
}

impl<'a> Context<'a> {
    /// What is known about a package that is only a file: the policy, and nothing else.
    pub const fn local(policy: &'a Policy) -> Context<'a> {
        Context {
            policy,
            slug: None,
            published: None,
            stored: None,
            author: None,
            neighbours: Vec::new(),
            dismissed: None,
        }
    }
}

impl Subject<'_> {
    /// Whether the code is a WebAssembly module: rules about modules have nothing to say about anything else.
    pub fn is_wasm(&self) -> bool {
        self.package.manifest.runtime == Runtime::Wasm
    }
}

/// The rule of a name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

/// Every rule, in the order it runs and is shown.
pub const RULES: &[Rule] = &[
    Rule {
        name: "package",
        revision: 1,
        step: Step::PackageValidation,
        severity: Severity::Error,
        reason: ReasonCode::Policy,
        description: "The package is within the sizes that this marketplace takes, and says what it has to say",
        hint: "Make the code smaller (strip debug sections, optimise for size) and write the missing fields",
        check: package::check,
    },
    Rule {
        name: "names",
        revision: 1,
        step: Step::PackageValidation,
        severity: Severity::Error,
        reason: ReasonCode::Policy,
        description: "No name imitates another extension's, mixes scripts, or hides characters",
        hint: "Choose a name of your own, written in one script",
        check: names::check,
    },
    Rule {
        name: "runtime",
        revision: 1,
        step: Step::PackageValidation,
        severity: Severity::Error,
        reason: ReasonCode::Broken,
        description: "The code is a WebAssembly module, which is what can be run",
        hint: "Port the code to a language that compiles to WebAssembly and import the sky:* functions",
        check: runtime::check,
    },
    Rule {
        name: "handlers",
        revision: 1,
        step: Step::PackageValidation,
        severity: Severity::Error,
        reason: ReasonCode::Broken,
        description: "The module exports exactly the handlers of the kinds that the manifest names",
        hint: "Export a function () -> i32 for each kind of the manifest, and no handler besides",
        check: handlers::check,
    },
    Rule {
        name: "module",
        revision: 1,
        step: Step::SecurityScan,
        severity: Severity::Error,
        reason: ReasonCode::Broken,
        description: "The module is valid, within the bounds on modules, and has no start section",
        hint: "Build with a current toolchain for wasm32, and export _initialize instead of a start function",
        check: module::check,
    },
    Rule {
        name: "imports",
        revision: 1,
        step: Step::SecurityScan,
        severity: Severity::Error,
        reason: ReasonCode::Security,
        description: "The module imports nothing but functions that this host has",
        hint: "Import sky:core, sky:<scope> and the listed WASI stubs only; `skydeck functions` lists them",
        check: imports::check,
    },
    Rule {
        name: "scopes",
        revision: 1,
        step: Step::SecurityScan,
        severity: Severity::Error,
        reason: ReasonCode::ScopesExcessive,
        description: "The manifest declares the scopes that the code can reach, and no others",
        hint: "Declare what the code uses; take out what it does not",
        check: scopes::check,
    },
    Rule {
        name: "scope_policy",
        revision: 1,
        step: Step::SecurityScan,
        severity: Severity::Error,
        reason: ReasonCode::Policy,
        description: "No declared scope is denied here; those that need a closer look are named",
        hint: "Do without the denied scope",
        check: scope_policy::check,
    },
    Rule {
        name: "memory",
        revision: 1,
        step: Step::SecurityScan,
        severity: Severity::Error,
        reason: ReasonCode::Broken,
        description: "The memory and tables that the module starts with fit the subscription tiers",
        hint: "Link a small stack and a small initial memory; memory can grow later",
        check: memory::check,
    },
    Rule {
        name: "dry_run",
        revision: 1,
        step: Step::SecurityScan,
        severity: Severity::Error,
        reason: ReasonCode::Broken,
        description: "Each handler finishes one believable event within the caps",
        hint: "Run `skydeck dry-run FILE --kind KIND` and read the trace and the log",
        check: dry_run::check,
    },
    Rule {
        name: "version",
        revision: 1,
        step: Step::VersionVerify,
        severity: Severity::Error,
        reason: ReasonCode::Other,
        description: "The number is greater than the last published one by semantic versioning",
        hint: "Raise the number",
        check: version::check,
    },
    Rule {
        name: "digests",
        revision: 1,
        step: Step::VersionVerify,
        severity: Severity::Critical,
        reason: ReasonCode::Security,
        description: "MD5 and SHA-256 of the code are those that the package claims and the store has",
        hint: "Export the package again; a code that changes on its way has been tampered with or damaged",
        check: digests::check,
    },
    Rule {
        name: "author",
        revision: 1,
        step: Step::AuthorAuth,
        severity: Severity::Error,
        reason: ReasonCode::Policy,
        description: "The author's account is in good standing",
        hint: "Ask an administrator about the account",
        check: author::check,
    },
];

#[cfg(test)]
mod names_of_rules {
    #[test]
    fn the_rules_are_those_that_the_policy_names() {
        let names: Vec<&str> = super::RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names, crate::domain::policy::RULES);
    }
}
