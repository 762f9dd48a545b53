//! A server with an instance that serves it: what tests of installations start from.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::{START, World, caller, package, version_of};
use crate::domain::account::{Caller, Right, Rights};
use crate::domain::id::{InstallationId, InstanceId};
use crate::domain::installation::{Follow, StageName};
use crate::domain::instance::Claimed;
use crate::domain::package::Package;
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::server::Server;
use crate::domain::version::VersionNumber;
use crate::market::*;
use crate::store::installations::InstallationRow;
use crate::store::{accounts, installations, instances};

/// A world with one instance and one server of Ada's.
pub struct Guild {
    pub world: World,
    pub instance: InstanceId,
    /// Who the instance speaks as.
    pub bot: Caller,
    pub server: Server,
}

impl Guild {
    pub fn new() -> Guild {
        Guild::of(World::new())
    }

    pub fn of(world: World) -> Guild {
        let name = "shard-1".parse().unwrap();
        let made = world.does(&world.root, |tx, act| create_instance(tx, act, &name, "sky_shard")).unwrap();
        let account = world.scratch.read(|tx| accounts::by_id(tx, made.account)).unwrap().unwrap();
        let bot = Caller { rights: Rights::new([Right::Read, Right::Instance]), ..caller(account) };
        let server = {
            let described = described("100", "ada");
            world.does(&bot, |tx, act| describe_server(tx, act, &described)).unwrap()
        };
        let guild = Guild { world, instance: made.id, bot, server };
        guild.announce(&[]);
        guild
    }

    /// Announces every scope but those `without`.
    pub fn announce(&self, without: &[Scope]) {
        let scopes = Scope::ALL.iter().filter(|scope| !without.contains(scope)).map(|scope| scope.name().to_owned());
        let claimed = Claimed {
            host_api: "1.0.0".to_owned(),
            scopes: scopes.collect(),
            wasm_features: Vec::new(),
            memory_mib: 512,
        };
        let input = Announce { instance: self.instance, claimed, servers: vec!["100".to_owned()] };
        self.world.does(&self.bot, |tx, act| announce(tx, act, &input)).unwrap();
    }

    /// The instance is heard; that leaves no audit row.
    pub fn beat(&self) -> Heard {
        let act = self.world.act(&self.bot);
        self.world.scratch.tx(|tx| heartbeat(tx, &act, self.instance)).unwrap()
    }

    pub fn server(&self) -> ServerRef {
        ServerRef::Id(self.server.id)
    }

    /// Publishes a version of an extension, which is made where it is not there; gives its number.
    pub fn publish(&self, package: Package) -> VersionNumber {
        let world = &self.world;
        let number = package.manifest.number.clone();
        let slug = crate::domain::extension::Slug::derive(package.name.as_str());
        let known = world.scratch.read(|tx| crate::store::extensions::by_slug(tx, &slug)).unwrap();
        let version = match known {
            None => version_of(&world.import(&world.ben, package).unwrap()),
            Some(extension) => {
                let blob = world.scratch.blob_of(package.digests);
                let input = Draft { extension: extension.id.into(), package, blob, if_match: IfMatch::Any };
                world.does(&world.ben, |tx, act| draft(tx, act, &input)).unwrap();
                let of = ExtensionRef::Id(extension.id);
                world.does(&world.ben, |tx, act| save(tx, act, &of, IfMatch::Any)).unwrap();
                VersionRef { extension: of, number: number.clone() }
            }
        };
        let submitted = world.submit(&world.ben, &version).unwrap();
        world.check(&submitted.review, Vec::new());
        let claimed = world.claim(&world.mia, submitted.review.id).unwrap();
        if let Approved::First(_) = world.approve(&world.mia, &claimed).unwrap() {
            let claimed = world.claim(&world.max, submitted.review.id).unwrap();
            world.approve(&world.max, &claimed).unwrap();
        }
        number
    }

    /// Publishes a version with members of its manifest of the caller's choice.
    pub fn publish_with(&self, name: &str, number: &str, members: Value) -> VersionNumber {
        self.publish(manifested(name, number, members))
    }

    pub fn new_installation(&self, slug: &str, grant: Option<&[Scope]>) -> NewInstallation {
        NewInstallation {
            server: self.server(),
            extension: slug.parse().unwrap(),
            number: None,
            grant: grant.map(|scopes| scopes.iter().copied().collect()),
            follow: Follow::Automatic,
            along: BTreeMap::new(),
        }
    }

    pub fn install(&self, slug: &str, grant: &[Scope]) -> Result<InstallationRow, Refused> {
        let input = self.new_installation(slug, Some(grant));
        self.world.does(&self.world.ada, |tx, act| install(tx, act, &input))
    }

    /// Does both orders of the attempt under way.
    pub fn carry_out(&self, installation: InstallationId) -> InstallationRow {
        self.acknowledge(installation, StageName::SandboxPrep, None).unwrap();
        self.acknowledge(installation, StageName::StateInit, None).unwrap()
    }

    pub fn acknowledge(
        &self,
        installation: InstallationId,
        stage: StageName,
        failure: Option<&str>,
    ) -> Result<InstallationRow, Refused> {
        let row = self.row(installation);
        let attempt = row.stands.state.next().map_or(row.attempts, |next| next.number);
        let failure = failure.map(str::to_owned);
        let input = Acknowledgement { installation, attempt, stage, failure };
        self.world.does(&self.bot, |tx, act| acknowledge(tx, act, &input))
    }

    pub fn installed(&self, slug: &str, grant: &[Scope]) -> InstallationRow {
        let row = self.install(slug, grant).unwrap();
        self.carry_out(row.id)
    }

    pub fn row(&self, id: InstallationId) -> InstallationRow {
        self.world.scratch.read(|tx| installations::by_id(tx, id)).unwrap().unwrap()
    }

    /// Rolls until nothing is due, with every server in the widest ring; gives how many attempts began.
    pub fn roll(&self) -> usize {
        let mut begun = 0;
        while let Some(rolled) = self.world.scratch.tx(|tx| roll(tx, self.world.now())).unwrap() {
            begun += rolled.begun;
        }
        begun
    }

    pub fn to_all(&self, slug: &str) {
        let input = RolloutEdit {
            extension: slug.parse().unwrap(),
            if_match: IfMatch::Any,
            ring: Some(crate::domain::rollout::Ring::All),
            pause: None,
        };
        self.world.does(&self.world.mia, |tx, act| set_rollout(tx, act, &input)).unwrap();
    }

    /// Time passes, and the instance is still heard.
    pub fn wait_ms(&self, ms: i64) {
        self.world.wait_ms(ms);
        let now = self.world.now();
        self.world.scratch.tx(|tx| instances::heard(tx, self.instance, now)).unwrap();
    }
}

pub fn described(guild: &str, owner: &str) -> Described {
    Described {
        guild: guild.parse().unwrap(),
        name: "A server".parse().unwrap(),
        owner: owner.parse().unwrap(),
        tier: None,
    }
}

pub fn on(row: &InstallationRow) -> InstallationRef {
    InstallationRef::Id(row.id)
}

pub fn scopes(list: &[Scope]) -> ScopeSet {
    list.iter().copied().collect()
}

/// A package with members of its manifest of the caller's choice, and code of its own.
pub fn manifested(name: &str, number: &str, members: Value) -> Package {
    use base64::Engine as _;
    let code = [b"\0asm\x01\0\0\0".as_slice(), name.as_bytes(), number.as_bytes()].concat();
    let mut version = json!({"number": number, "type": "command", "key": "t"});
    for (key, value) in members.as_object().unwrap() {
        version[key] = value.clone();
    }
    let document = json!({
        "package_version": "1.0",
        "extension": {
            "name": name,
            "version": version,
            "code": base64::engine::general_purpose::STANDARD.encode(code),
        },
    });
    Package::parse(document.to_string().as_bytes()).unwrap()
}

/// Something of everything that is kept about servers and what is installed on them.
pub fn story(world: World) -> World {
    let guild = Guild::of(world);
    let flags = json!({"flags": {"fast": false}, "config_schema": {"type": "object"}, "scopes": ["kick"]});
    let first = guild.publish_with("Keeper", "1.0.0", flags);
    let row = guild.installed("keeper", &[Scope::Kick]);
    let config = json!({"greeting": "Grüße \u{1f600} $1 'quoted'"});
    let at = on(&row);
    guild.world.does(&guild.world.ada, |tx, act| configure(tx, act, &at, &config, IfMatch::Any)).unwrap();
    let name: crate::domain::secret::SecretName = "API_KEY".parse().unwrap();
    let key = crate::domain::secret::SecretKey::from_bytes([3; 32]);
    let sealed = key.seal([1; 12], (row.id, &name), "hunter2").unwrap();
    let secret = NewSecret { name, sealed, origins: vec!["https://api.example.com".parse().unwrap()] };
    guild.world.does(&guild.world.ada, |tx, act| set_secret(tx, act, &at, &secret)).unwrap();
    let on_here = [("fast".to_owned(), true)].into();
    guild.world.does(&guild.world.ada, |tx, act| set_flags(tx, act, &at, &on_here)).unwrap();
    let half = [("fast".to_owned(), crate::domain::manifest::FlagDefault::Percentage(50))].into();
    let version = VersionRef { extension: "keeper".parse().unwrap(), number: first.clone() };
    guild.world.does(&guild.world.ben, |tx, act| set_version_flags(tx, act, &version, &half)).unwrap();
    guild.publish_with("Keeper", "1.1.0", json!({"scopes": ["kick", "ban"]}));
    guild.to_all("keeper");
    assert_eq!(guild.roll(), 1);
    let back = Rollback { version, if_match: IfMatch::Any, reason: "it is broken".to_owned() };
    guild.world.does(&guild.world.ben, |tx, act| rollback(tx, act, &back)).unwrap();
    let record = crate::domain::usage::UsageRecord {
        installation: row.id,
        at: START,
        calls: 5,
        errors: 1,
        fuel: 900,
        fuel_peak: 400,
        memory_bytes_peak: 65_536,
        run_ms: 7,
        host_calls: [(Scope::Kick, 2)].into(),
    };
    let report = UsageReport {
        instance: guild.instance,
        batches: vec![Batch { number: 3, records: vec![record.clone(), record] }],
        lost: vec![(1, 1)],
    };
    let act = guild.world.act(&guild.bot);
    guild.world.scratch.tx(|tx| count_usage(tx, &act, &report)).unwrap();
    super::rating::story(&guild);
    guild.publish(package("Waiting", "1.0.0", &["ban"], b"w"));
    let waits = guild.new_installation("waiting", None);
    guild.world.does(&guild.world.ada, |tx, act| install(tx, act, &waits)).unwrap();
    guild.world
}
