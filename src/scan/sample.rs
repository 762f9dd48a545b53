//! Packages for the tests of this room: one that is good, and others that differ from it in one thing each.

use base64::Engine as _;

use super::{AuthorFacts, Context, Dismissed, Examination, Neighbour, PublishedFacts, RULES, Subject, examine};
use crate::domain::digest::{CodeDigests, Sha256Digest};
use crate::domain::extension::Slug;
use crate::domain::finding::{Finding, Severity};
use crate::domain::id::{Entropy, ExtensionId};
use crate::domain::json::Json;
use crate::domain::package::Package;
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;
use crate::sandbox::{Problem, inspect};

/// A package in the making, and what is known around it.
pub struct Sample {
    name: String,
    description: String,
    slug: Slug,
    code: String,
    fields: Vec<(String, String)>,
    pub policy: Policy,
    pub published: Option<PublishedFacts>,
    pub stored: Option<CodeDigests>,
    pub author: Option<AuthorFacts>,
    pub neighbours: Vec<Neighbour>,
    pub dismissed: Vec<Sha256Digest>,
}

const GOOD: &str = r#"(module
    (import "sky:core" "reply_text" (func $reply (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 0) "hello")
    (func (export "on_command") (result i32)
        (drop (call $reply (i32.const 0) (i32.const 5) (i32.const 64) (i32.const 64))) i32.const 0))"#;

impl Sample {
    /// A command that says hello: no rule has anything to say.
    pub fn good() -> Sample {
        Sample::wat(GOOD)
    }

    /// The same with another module.
    pub fn wat(text: &str) -> Sample {
        Sample::code(wat::parse_str(text).unwrap())
    }

    /// The same with these bytes as its module.
    pub fn code(bytes: Vec<u8>) -> Sample {
        Sample::with_code(base64::engine::general_purpose::STANDARD.encode(bytes))
    }

    /// The same with a script.
    pub fn javascript(text: &str) -> Sample {
        Sample::with_code(text.to_owned())
    }

    fn with_code(code: String) -> Sample {
        let fields =
            [("number", "\"1.0.0\""), ("type", "[\"command\"]"), ("key", "\"hello\""), ("keywords", "[\"hi\"]")];
        let more = [("interval", "300000"), ("event", "\"member_join\""), ("slash_description", "\"Says hello\"")];
        let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Sample {
            name: "Hello Bot".to_owned(),
            description: "Says hello".to_owned(),
            slug: Slug::derive("hello-bot"),
            code,
            fields: fields.into_iter().chain(more).map(own).collect(),
            policy: Policy::default(),
            published: None,
            stored: None,
            author: None,
            neighbours: Vec::new(),
            dismissed: Vec::new(),
        }
    }

    pub fn with_name(mut self, name: &str) -> Sample {
        name.clone_into(&mut self.name);
        self
    }

    pub fn with_description(mut self, description: &str) -> Sample {
        description.clone_into(&mut self.description);
        self
    }

    pub fn with_slug(mut self, slug: &str) -> Sample {
        self.slug = slug.parse().unwrap();
        self
    }

    /// Sets one field of the manifest to a JSON text.
    pub fn with_field(mut self, key: &str, value: &str) -> Sample {
        self.fields.retain(|(known, _)| known != key);
        self.fields.push((key.to_owned(), value.to_owned()));
        self
    }

    pub fn with_kinds(self, kinds: &str) -> Sample {
        self.with_field("type", kinds)
    }

    pub fn with_scopes(self, scopes: &str) -> Sample {
        self.with_field("scopes", scopes)
    }

    pub fn with_number(self, number: &str) -> Sample {
        self.with_field("number", &format!("\"{number}\""))
    }

    pub fn without_number(mut self) -> Sample {
        self.fields.retain(|(known, _)| known != "number");
        self
    }

    pub fn package(&self) -> Package {
        let fields: Vec<String> = self.fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let document = format!(
            r#"{{"package_version":"1.1","extension":{{"name":{},"description":{},"version":{{{}}},"code":{}}}}}"#,
            Json::text(self.name.as_str()).to_compact(),
            Json::text(self.description.as_str()).to_compact(),
            fields.join(","),
            Json::text(self.code.as_str()).to_compact(),
        );
        Package::parse(document.as_bytes()).unwrap()
    }

    pub fn extension() -> ExtensionId {
        ExtensionId::mint(Timestamp::from_ms(1), &mut Entropy::from_seed([1; 32]))
    }

    pub fn context(&self) -> Context<'_> {
        Context {
            policy: &self.policy,
            slug: Some(&self.slug),
            published: self.published.clone(),
            stored: self.stored,
            author: self.author,
            neighbours: self.neighbours.clone(),
            dismissed: Some(Dismissed {
                extension: Sample::extension(),
                fingerprints: self.dismissed.iter().copied().collect(),
            }),
        }
    }

    pub fn examine(&self) -> Examination {
        examine(&self.package(), &self.context(), &|| Timestamp::from_ms(1))
    }

    /// What one rule found.
    pub fn findings(&self, rule: &str) -> Vec<Finding> {
        assert!(RULES.iter().any(|known| known.name == rule), "{rule}");
        let records = self.examine().records;
        records.into_iter().find(|record| record.rule == rule).map(|record| record.findings).unwrap_or_default()
    }

    /// Severity and place of what one rule found.
    pub fn found(&self, rule: &str) -> Vec<(Severity, String)> {
        self.findings(rule).into_iter().map(|finding| (finding.severity, finding.location)).collect()
    }

    /// Lends the subject that the rules see, without dry runs.
    pub fn with_subject(&self, look: impl FnOnce(&Subject<'_>)) {
        let package = self.package();
        let inspection = inspect(&package.code.bytes, &crate::domain::limits::ModuleLimits::ceiling());
        let problems: Vec<Problem> = inspection.problems.clone();
        let context = self.context();
        look(&Subject {
            package: &package,
            inspection: &inspection,
            problems: &problems,
            reports: &[],
            context: &context,
        });
    }
}
