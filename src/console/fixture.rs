//! Believable answers of a server, for the console's own tests.

pub mod servers;

use serde_json::json;

use crate::api::accounts::{Account, Author, Me, ReputationPart};
use crate::api::queue::{Priority, PriorityParts, QueueItem};
use crate::api::reviews::{CheckRun, Checks, Finding, HistoryEntry, Note, Review, ScopeSets};
use crate::api::versions::Version;
use crate::domain::scope::Scope;
use crate::domain::time::Timestamp;

/// When every test happens.
pub const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

const NAMES: &[(&str, &str, &str, &[&str])] = &[
    ("role-menu", "Role Menu", "alice", &["roles_read", "roles_manage", "messages_write"]),
    ("raid-shield", "Raid Shield", "northwind", &["ban", "kick", "timeout", "members_read"]),
    ("dice", "Dice", "bob", &[]),
    ("welcome-card", "Welcome Card", "carol", &["messages_write", "members_read", "embed_links"]),
    ("starboard", "Starboard", "acme", &["reactions", "messages_read", "messages_write"]),
    ("casino", "Casino Royale", "luckyseven", &["economy_read", "economy_manage"]),
    ("modmail", "Mod Mail", "northwind", &["messages_global", "channels_manage", "threads"]),
    ("rss-feed", "RSS Feed", "dave", &["http_request", "messages_write", "storage"]),
];

/// The submission of that number: the smaller, the more urgent.
pub fn queue_item(number: usize) -> QueueItem {
    let (slug, name, author, scopes) = NAMES[number % NAMES.len()];
    let hours = i64::try_from(number).unwrap() - 3;
    let stage = match number % 5 {
        1 => "review",
        4 => "checking",
        _ => "ready",
    };
    let claimed = (stage == "review").then_some(if number % 2 == 1 { "maria" } else { "zoe" });
    let id = format!("01920000-0000-7000-8000-{number:012}");
    let risk = scopes.iter().filter_map(|scope| scope.parse::<Scope>().ok()).map(|scope| i64::from(scope.risk())).sum();
    let findings = i64::try_from(number % 3).unwrap();
    QueueItem {
        id: id.clone(),
        review_id: id,
        extension_id: format!("01910000-0000-7000-8000-{number:012}"),
        version_id: format!("01930000-0000-7000-8000-{number:012}"),
        slug: slug.to_owned(),
        name: name.to_owned(),
        number: format!("1.{}.0", number % 7),
        stage: stage.to_owned(),
        author: author.to_owned(),
        author_reputation: 40 + u8::try_from(number % 50).unwrap(),
        kinds: vec!["command".to_owned()],
        runtime: "wasm".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        risk,
        priority: Priority {
            total: 120 - hours,
            parts: PriorityParts { due: 90 - hours - risk, risk: 2 * risk, reputation: 30 - risk },
        },
        submitted_at: NOW.plus_ms((hours - 24) * 3_600_000).to_string(),
        due_at: NOW.plus_ms(hours * 3_600_000 + 600_000).to_string(),
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        claimed_by: claimed.map(str::to_owned),
        lease_until: claimed.map(|_| NOW.plus_ms(24 * 60_000 + 1_000).to_string()),
        first_approval_by: (number == 2).then(|| "zoe".to_owned()),
        approvals_needed: if number == 2 { 2 } else { 1 },
        findings_worst: ["", "warning", "error"][number % 3].to_owned(),
        findings_count: findings,
        notes_count: 0,
        revision: 4,
    }
}

/// The account that sits at the console.
pub fn me() -> Me {
    Me {
        account: account("maria", "maintainer", 80),
        rights: vec!["read".to_owned(), "review".to_owned()],
        token_expires_at: None,
        server_version: "0.1.0".to_owned(),
        now: NOW.to_string(),
    }
}

/// The review of a submission, with a published version before it.
pub fn review(number: usize) -> Review {
    let item = queue_item(number);
    let scopes = item.scopes.clone();
    let version = version(&item, &scopes);
    let mut published = version.clone();
    published.number = "0.9.1".to_owned();
    published.sha256 = published.sha256.replace("9f86", "77aa");
    published.bytes = 1_204;
    published.scopes = scopes.iter().skip(1).cloned().collect();
    published.manifest["scopes"] = json!(published.scopes);
    published.manifest["number"] = json!("0.9.1");
    published.manifest["timeout"] = json!(5_000);
    let sets = |declared: &[String], unused: usize| ScopeSets {
        declared: declared.to_vec(),
        reachable: declared.iter().skip(unused).cloned().collect(),
        exercised: declared.iter().skip(unused + 1).cloned().collect(),
    };
    Review {
        id: item.review_id.clone(),
        description: "Lets members pick their roles from a menu.\nServer owners decide which.".to_owned(),
        published_scopes: Some(sets(&published.scopes, 0)),
        scopes: sets(&scopes, usize::from(scopes.len() > 2)),
        checks: checks(),
        author: Author {
            account: account(&item.author, "user", item.author_reputation),
            reputation_parts: vec![
                ReputationPart { what: "every account".to_owned(), points: 30 },
                ReputationPart { what: "4 versions published (counted up to 10)".to_owned(), points: 16 },
                ReputationPart { what: "1 versions rejected (counted up to 10)".to_owned(), points: -6 },
            ],
            published: 4,
            rejected: 1,
            at: String::new(),
            events: Vec::new(),
        },
        notes: vec![Note {
            id: "n".to_owned(),
            by: "zoe".to_owned(),
            at: NOW.plus_ms(-3_600_000).to_string(),
            text: "Please look at the new scope.".to_owned(),
        }],
        history: vec![HistoryEntry {
            at: NOW.plus_ms(-86_400_000).to_string(),
            by: item.author.clone(),
            action: "submit".to_owned(),
            number: Some(item.number.clone()),
            detail: String::new(),
        }],
        open: true,
        outcome: None,
        revision: item.revision,
        published: Some(published),
        version,
        item,
    }
}

fn checks() -> Checks {
    let finding = |rule: &str, severity: &str, message: &str| Finding {
        id: rule.to_owned(),
        rule: rule.to_owned(),
        severity: severity.to_owned(),
        location: "/extension/version/scopes".to_owned(),
        message: message.to_owned(),
        evidence: "kick".to_owned(),
        hint: "Remove it from scopes, or call a function that needs it.".to_owned(),
        fingerprint: "f".to_owned(),
        dismissed_by: None,
        dismissed_reason: None,
    };
    Checks {
        state: "passed".to_owned(),
        rules: vec![CheckRun {
            step: "security_scan".to_owned(),
            rule: "scopes".to_owned(),
            rule_revision: 1,
            verdict: "observed".to_owned(),
            started_at: NOW.to_string(),
            took_ms: 3,
        }],
        findings: vec![finding("scopes", "warning", "It declares a scope that nothing in its code can use.")],
        runs: Vec::new(),
    }
}

fn version(item: &QueueItem, scopes: &[String]) -> Version {
    Version {
        id: item.version_id.clone(),
        extension_id: item.extension_id.clone(),
        slug: item.slug.clone(),
        number: item.number.clone(),
        stage: item.stage.clone(),
        yanked: None,
        rejection: None,
        review_id: Some(item.review_id.clone()),
        kinds: item.kinds.clone(),
        scopes: scopes.to_vec(),
        optional_scopes: Vec::new(),
        runtime: item.runtime.clone(),
        md5: "0cc175b9c0f1b6a831c399e269772661".to_owned(),
        sha256: item.sha256.clone(),
        bytes: 1_338,
        manifest: json!({
            "number": item.number, "type": "command", "key": item.slug, "scopes": scopes, "timeout": 2_000,
            "code": "AGFzbQ==", "sha256": item.sha256,
        }),
        revised_from: None,
        created_at: NOW.to_string(),
        updated_at: NOW.to_string(),
        published_at: None,
        revision: 1,
    }
}

fn account(name: &str, role: &str, reputation: u8) -> Account {
    Account {
        id: format!("id-{name}"),
        name: name.to_owned(),
        role: role.to_owned(),
        verified: true,
        suspended: false,
        reputation,
        created_at: NOW.to_string(),
    }
}
