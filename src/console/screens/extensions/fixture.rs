//! Believable answers about extensions, for the console's own tests.

use serde_json::json;

use super::{Facts, FlagsOf, VersionRow};
use crate::api::accounts::Me;
use crate::api::extensions::{ChannelRevision, Extension, Spread, VersionSpread};
use crate::api::installations::{FlagSetting, Installation, InstalledOn, Rollout, Standing, Update};
use crate::api::instances::Notice;
use crate::api::page::Page;
use crate::console::fixture::{self, NOW};

const HOUR_MS: i64 = 3_600_000;

/// A maintainer, an administrator or an author, with all rights of the role.
pub fn me(name: &str, role: &str) -> Me {
    let mut me = fixture::me();
    me.account.name = name.to_owned();
    me.account.id = format!("id-{name}");
    me.account.role = role.to_owned();
    me.rights = ["read", "author", "review", "administer"].map(str::to_owned).to_vec();
    me
}

/// The extension of that number.
///
/// # Panics
/// Where a made-up text is none that the marketplace has.
pub fn extension(number: usize) -> Extension {
    let item = fixture::queue_item(number);
    let listing = ["listed", "listed", "quarantined", "unlisted"][number % 4];
    Extension {
        id: format!("01910000-0000-7000-8000-{number:012}"),
        slug: if number < 8 { item.slug.clone() } else { format!("{}-{number}", item.slug) },
        name: item.name,
        description: "Lets members pick their roles from a menu.\nServer owners decide which.".to_owned(),
        tags: vec!["moderation".to_owned(), "roles".to_owned()],
        owner_id: format!("id-{}", item.author),
        owner: item.author,
        tier: if number % 3 == 2 { "premium" } else { "free" }.to_owned(),
        price_points: (number % 3 == 2).then_some(500),
        listing: listing.to_owned(),
        listing_reason: (listing == "quarantined").then(|| "Looked into: it may leak tokens.".to_owned()),
        head: Some("1.2.0".to_owned()),
        head_revision: 7,
        offered_to: None,
        installations: Some(u64::try_from(1_000 / (number + 1)).unwrap()),
        created_at: NOW.plus_ms(-900 * HOUR_MS).to_string(),
        updated_at: NOW.plus_ms(-3 * HOUR_MS).to_string(),
        revision: 9,
    }
}

/// A page of the catalogue.
pub fn page(len: usize) -> Page<Extension> {
    Page { items: (0..len).map(extension).collect(), next: None, total: None }
}

/// All about the first extension as a maintainer sees it: two of three instances have confirmed a rollback.
///
/// # Panics
/// Where a made-up text is none that the marketplace has.
pub fn facts() -> Facts {
    let revision = |revision: u64, number: &str, reason: &str, by: &str| ChannelRevision {
        revision,
        number: number.to_owned(),
        version_id: format!("v-{number}"),
        reason: reason.to_owned(),
        by: by.to_owned(),
        at: NOW.plus_ms(-HOUR_MS * (8 - i64::try_from(revision).unwrap())).to_string(),
    };
    let spread = |number: &str, installations| VersionSpread { number: number.to_owned(), installations };
    let standing = |state: &str, version: Option<&str>, count| Standing {
        state: state.to_owned(),
        version_id: version.map(|number| format!("v-{number}")),
        count,
    };
    Facts {
        extension: extension(0),
        versions: vec![
            version("1.3.0", Some("It crashes on start.")),
            version("1.2.0", None),
            version("1.1.0", None),
            VersionRow { stage: "rejected".to_owned(), published_at: None, ..version("1.0.0", None) },
        ],
        channel: vec![
            revision(7, "1.2.0", "1.3.0 crashes on start; see the thread.", "maria"),
            revision(6, "1.3.0", "approved", "zoe"),
            revision(5, "1.2.0", "approved", "zoe"),
            revision(4, "1.1.0", "approved", "maria"),
        ],
        spread: Some(Spread {
            extension_id: extension(0).id,
            installations: 312,
            active: 300,
            servers: 312,
            instances: 3,
            listening: 2,
            versions: vec![spread("1.3.0", 12), spread("1.2.0", 280), spread("1.1.0", 20)],
        }),
        rollout: Some(Rollout {
            extension_id: extension(0).id,
            channel_revision: 7,
            ring: "canary".to_owned(),
            paused: None,
            since: NOW.plus_ms(-HOUR_MS).to_string(),
            standing: vec![
                standing("active", Some("1.2.0"), 280),
                standing("active", Some("1.1.0"), 20),
                standing("installing", None, 12),
            ],
            revision: 3,
        }),
        notices: vec![notice("n-2", "rolled_back", 2), notice("n-1", "quarantined", 3)],
    }
}

/// The same as a stranger sees it.
pub fn facts_for_strangers() -> Facts {
    let all = facts();
    let versions = all.versions.into_iter().filter(|version| version.published_at.is_some()).collect();
    Facts { versions, spread: None, rollout: None, notices: Vec::new(), ..all }
}

/// The flags of a version.
pub fn flags(number: &str) -> FlagsOf {
    let flag = |name: &str, default: serde_json::Value, set| FlagSetting {
        name: name.to_owned(),
        default,
        set,
        servers_on: 4,
        servers_off: 1,
    };
    FlagsOf {
        number: number.to_owned(),
        items: vec![flag("fast_path", json!(false), Some(json!(25))), flag("new_menu", json!(true), None)],
    }
}

/// A page of servers.
pub fn installed(len: usize, next: Option<&str>) -> Page<InstalledOn> {
    Page { items: (0..len).map(installed_on).collect(), next: next.map(str::to_owned), total: None }
}

fn installed_on(number: usize) -> InstalledOn {
    let old = number.is_multiple_of(3);
    InstalledOn {
        server: format!("Harbour {number}"),
        tier: ["free", "plus", "pro"][number % 3].to_owned(),
        instance: format!("shard-{}", number % 2),
        ring: ["all", "tenth", "canary"][number % 3].to_owned(),
        installation: Installation {
            id: format!("01940000-0000-7000-8000-{number:012}"),
            server_id: format!("01950000-0000-7000-8000-{number:012}"),
            guild: (100 + number).to_string(),
            extension_id: extension(0).id,
            slug: extension(0).slug,
            state: if number % 5 == 4 { "disabled" } else { "active" }.to_owned(),
            reason: (number % 5 == 4).then(|| "The owner stopped it.".to_owned()),
            reason_code: None,
            version: Some(if old { "1.1.0" } else { "1.2.0" }.to_owned()),
            granted: vec!["roles_read".to_owned()],
            blocked: false,
            attempt: None,
            previous: Some("1.0.0".to_owned()),
            follow: "automatic".to_owned(),
            update: old.then(|| Update { version: "1.2.0".to_owned(), when: "all".to_owned() }),
            freed_at: None,
            created_at: NOW.to_string(),
            updated_at: NOW.plus_ms(-HOUR_MS).to_string(),
            request_id: None,
            revision: 2,
        },
    }
}

fn notice(id: &str, kind: &str, confirmed: i64) -> Notice {
    Notice {
        id: id.to_owned(),
        extension_id: extension(0).id,
        kind: kind.to_owned(),
        body: json!({"what": {"reason": "1.3.0 crashes on start; see the thread.", "to": "1.2.0"}}),
        at: NOW.plus_ms(-HOUR_MS).to_string(),
        instances: Some(3),
        confirmed: Some(confirmed),
    }
}

fn version(number: &str, yanked: Option<&str>) -> VersionRow {
    VersionRow {
        id: format!("v-{number}"),
        number: number.to_owned(),
        stage: "published".to_owned(),
        yanked: yanked.map(str::to_owned),
        published_at: Some(NOW.plus_ms(-30 * HOUR_MS)),
        created_at: NOW.plus_ms(-40 * HOUR_MS),
        scopes: vec!["roles_read".to_owned(), "roles_manage".to_owned()],
        kinds: vec!["command".to_owned()],
        runtime: "wasm".to_owned(),
        md5: "0cc175b9c0f1b6a831c399e269772661".to_owned(),
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        bytes: 1_338,
        revision: 4,
    }
}
