//! The part of the story that happens on servers: instances, installations, consent, updates, usage, and the policy.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::catalogue::entry;
use super::life_of_servers::{BAD, Bad, USAGE_DAYS};
use super::policy::Revision;
use super::sales::Price;
use super::servers::{BOTS, Bot, Override, SERVERS, Server};
use super::story::{DAY_MS, HOUR_MS};
use super::teller::{Teller, extension};
use super::usage;
use crate::domain::account::{Right, Rights};
use crate::domain::id::{AccountId, InstallationId, InstanceId, PlanId, ServerId};
use crate::domain::installation::{Follow, Stage};
use crate::domain::instance::Claimed;
use crate::domain::json::Json;
use crate::domain::limits::USAGE_RECORDS_MAX;
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::server::{ServerRelation, SubscriptionTier};
use crate::domain::time::Timestamp;
use crate::market::{self, Act, IfMatch, InstallationRef, Refused, ServerRef};
use crate::store::installations::InstallationRow;
use crate::store::{Tx, accounts, installations, policy as policies, usage as counted};

/// Rows looked at in one look.
const LOOK_MAX: usize = 1_000;

/// One thing that was done on servers, or to the policy: each is the use case of its name, or a few of them in a row.
#[derive(Clone, Copy)]
pub enum GuildDeed {
    Policy(&'static Revision),
    Plan(&'static Revision),
    Start(&'static Bot),
    Describe(&'static Server),
    Install(&'static Server, &'static str, Follow),
    Override(&'static Override),
    /// A day goes by: instances are heard, updates go on, and what ran is reported.
    Day,
    Pause(&'static str, &'static str),
    RollBack(&'static Bad),
    Price(&'static Price),
    /// Owners who were asked answer, in the order of the servers.
    Answer {
        slug: &'static str,
        grants: usize,
        declines: usize,
    },
    Disable {
        nth: usize,
        reason: &'static str,
    },
    Remove {
        nth: usize,
        reason: &'static str,
    },
}

/// What the story knows of servers.
#[derive(Default)]
pub struct World {
    bots: HashMap<&'static str, (InstanceId, AccountId)>,
    servers: HashMap<&'static str, ServerId>,
    installed: Vec<Installed>,
    /// What the newest published version of an extension asks for, by its slug.
    pub offered: HashMap<&'static str, Offered>,
    /// The plan that was made last.
    pub plan: Option<PlanId>,
    /// Whether a purchase was taken back.
    pub took_back: bool,
}

/// The scopes of a version.
#[derive(Clone, Copy)]
pub struct Offered {
    /// All that it declares.
    pub all: ScopeSet,
    /// Those that may be left out.
    pub optional: ScopeSet,
}

#[derive(Clone, Copy)]
struct Installed {
    id: InstallationId,
    server: &'static Server,
    slug: &'static str,
    since: Timestamp,
    runs: bool,
}

impl Bot {
    /// Whether it is there at a time of a story that is told at `now`.
    fn lives(&self, at: Timestamp, now: Timestamp) -> bool {
        self.silent_for_hours.is_none_or(|hours| at <= now.plus_ms(-hours * HOUR_MS))
    }
}

impl Teller {
    /// Does one thing on servers.
    ///
    /// # Errors
    /// [`Refused`], naming what the marketplace did not accept.
    pub fn guild(&mut self, tx: &mut Tx, deed: &GuildDeed, now: Timestamp) -> Result<(), Refused> {
        match *deed {
            GuildDeed::Policy(revision) => self.decree(tx, revision, now),
            GuildDeed::Plan(revision) => self.plan(tx, revision, now).map(drop),
            GuildDeed::Start(bot) => self.start(tx, bot, now),
            GuildDeed::Describe(server) => self.describe(tx, server, now),
            GuildDeed::Install(server, slug, follow) => self.install(tx, server, slug, follow, now),
            GuildDeed::Override(made) => self.set_override(tx, made, now),
            GuildDeed::Day => self.day(tx, now),
            GuildDeed::Pause(slug, reason) => self.pause(tx, slug, reason, now),
            GuildDeed::Price(price) => self.price(tx, price, now),
            GuildDeed::RollBack(bad) => self.roll_back(tx, bad, now),
            GuildDeed::Answer { slug, grants, declines } => self.answer(tx, slug, (grants, declines), now),
            GuildDeed::Disable { nth, reason } => {
                let (act, at) = self.nth(tx, nth, now)?;
                market::disable(tx, &act, &at, reason)?;
                Ok(())
            }
            GuildDeed::Remove { nth, reason } => {
                let (act, at) = self.nth(tx, nth, now)?;
                market::remove(tx, &act, &at, reason, IfMatch::Any)?;
                Ok(())
            }
        }
    }

    fn plan(&mut self, tx: &mut Tx, revision: &Revision, now: Timestamp) -> Result<PlanId, Refused> {
        let act = self.act(tx, super::catalogue::PEOPLE[0].name, now)?;
        let draft = market::PolicyDraft::Document(document(revision.document)?);
        let planned = market::plan_policy(tx, &act, &draft, revision.reason)?;
        let plan = market::policy_plan(tx, &act, &planned)?.id;
        self.world.plan = Some(plan);
        Ok(plan)
    }

    fn decree(&mut self, tx: &mut Tx, revision: &Revision, now: Timestamp) -> Result<(), Refused> {
        let plan = self.plan(tx, revision, now)?;
        let act = self.act(tx, super::catalogue::PEOPLE[0].name, now)?;
        market::apply_policy(tx, &act, &market::ApplyPlan { plan, if_match: IfMatch::Any })?;
        Ok(())
    }

    fn start(&mut self, tx: &mut Tx, bot: &'static Bot, now: Timestamp) -> Result<(), Refused> {
        let act = self.act(tx, super::catalogue::PEOPLE[0].name, now)?;
        let name = bot.name.parse().map_err(|_| Refused::NotFound("instance"))?;
        // Nobody knows the text of its token: the demo speaks for its instances itself.
        let secret = crate::server::caller::Secret::from_bytes(self.entropy.draw());
        let instance = market::create_instance(tx, &act, &name, secret.reveal())?;
        self.world.bots.insert(bot.name, (instance.id, instance.account));
        let act = self.act_as(tx, bot, now)?;
        let scopes = Scope::ALL.iter().filter(|scope| !bot.without.contains(scope));
        let claimed = Claimed {
            host_api: "1.0.0".to_owned(),
            scopes: scopes.map(|scope| scope.name().to_owned()).collect(),
            wasm_features: vec!["bulk-memory".to_owned(), "sign-extension".to_owned()],
            memory_mib: bot.memory_mib,
        };
        let servers = SERVERS.iter().filter(|server| server.bot == bot.name).map(|server| server.guild.to_owned());
        let announce = market::Announce { instance: instance.id, claimed, servers: servers.collect() };
        market::announce(tx, &act, &announce)?;
        Ok(())
    }

    fn describe(&mut self, tx: &mut Tx, server: &'static Server, now: Timestamp) -> Result<(), Refused> {
        let act = self.act_as(tx, bot_of(server)?, now)?;
        let unfit = |_| Refused::NotFound("server");
        let described = market::Described {
            guild: server.guild.parse().map_err(unfit)?,
            name: server.name.parse().map_err(unfit)?,
            owner: server.owner.parse().map_err(|_| Refused::NotFound("account"))?,
            tier: Some(server.tier.parse::<SubscriptionTier>().map_err(unfit)?),
        };
        let made = market::describe_server(tx, &act, &described)?;
        self.world.servers.insert(server.guild, made.id);
        Ok(())
    }

    fn install(
        &mut self,
        tx: &mut Tx,
        server: &'static Server,
        slug: &'static str,
        follow: Follow,
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.beat(tx, bot_of(server)?, now)?;
        let offered = self.world.offered.get(slug).copied().ok_or(Refused::NotFound("published version"))?;
        let place = self.world.installed.len();
        let left_out = if place.is_multiple_of(6) { offered.optional } else { ScopeSet::EMPTY };
        let input = market::NewInstallation {
            server: ServerRef::Id(self.server(server)?),
            extension: extension(slug)?,
            number: None,
            grant: Some(offered.all.minus(left_out)),
            follow,
            along: BTreeMap::new(),
        };
        self.buy(tx, server, slug, now)?;
        let act = self.act(tx, server.owner, now)?;
        let row = market::install(tx, &act, &input)?;
        self.carry_out(tx, &row, now)?;
        if let Some(config) = config(slug, place) {
            let act = self.act(tx, server.owner, now.plus_ms(HOUR_MS))?;
            market::configure(tx, &act, &InstallationRef::Id(row.id), &config, IfMatch::Any)?;
        }
        self.world.installed.push(Installed { id: row.id, server, slug, since: now, runs: true });
        Ok(())
    }

    fn set_override(&mut self, tx: &mut Tx, made: &Override, now: Timestamp) -> Result<(), Refused> {
        let server = Server::of(made.guild).ok_or(Refused::NotFound("server"))?;
        let act = self.act(tx, server.owner, now)?;
        let input = market::Override {
            server: self.server(server)?,
            document: document(made.document)?,
            reason: made.reason.to_owned(),
            if_match: IfMatch::Any,
        };
        market::override_policy(tx, &act, ServerRelation::Owner, &input)?;
        Ok(())
    }

    fn pause(&mut self, tx: &mut Tx, slug: &str, reason: &str, now: Timestamp) -> Result<(), Refused> {
        self.roll(tx, now)?;
        let act = self.act(tx, "ines", now)?;
        let input = market::RolloutEdit {
            extension: extension(slug)?,
            if_match: IfMatch::Any,
            ring: None,
            pause: Some(market::Pause::Pause(reason.to_owned())),
        };
        market::set_rollout(tx, &act, &input)?;
        Ok(())
    }

    fn roll_back(&mut self, tx: &mut Tx, bad: &Bad, now: Timestamp) -> Result<(), Refused> {
        let owner = entry(bad.slug).map_or("", |entry| entry.owner);
        let act = self.act(tx, owner, now)?;
        let number = bad.back_to.parse().map_err(|_| Refused::NotFound("version"))?;
        let input = market::Rollback {
            version: market::VersionRef { extension: extension(bad.slug)?, number },
            if_match: IfMatch::Any,
            reason: format!("{} fails for two in five members since it reached every server.", bad.number),
        };
        market::rollback(tx, &act, &input)?;
        self.roll(tx, now.plus_ms(HOUR_MS))
    }

    fn answer(
        &mut self,
        tx: &mut Tx,
        slug: &str,
        (grants, declines): (usize, usize),
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.roll(tx, now)?;
        let mut answers = 0;
        for installed in self.world.installed.clone().iter().filter(|installed| installed.slug == slug) {
            let Some(row) = installations::by_id(tx, installed.id)? else { continue };
            let Some(Stage::PermissionValidation { asked, .. }) = row.stands.state.next().map(|next| &next.stage)
            else {
                continue;
            };
            let answer = if answers < grants {
                market::ConsentAnswer::Grant(asked.needed.or(asked.optional))
            } else if answers < grants + declines {
                market::ConsentAnswer::Decline("It bans; why would it kick as well?".to_owned())
            } else {
                return Ok(());
            };
            answers += 1;
            self.beat(tx, bot_of(installed.server)?, now)?;
            let act = self.act(tx, installed.server.owner, now)?;
            let given = market::ConsentGiven { installation: row.id, if_match: IfMatch::Any, answer };
            let row = market::consent(tx, &act, &given)?;
            self.carry_out(tx, &row, now)?;
        }
        Ok(())
    }

    /// The installation that was the nth, with its owner acting.
    fn nth(&mut self, tx: &mut Tx, nth: usize, now: Timestamp) -> Result<(Act, InstallationRef), Refused> {
        let installed = self.world.installed.get_mut(nth).ok_or(Refused::NotFound("installation"))?;
        installed.runs = false;
        let (owner, id) = (installed.server.owner, installed.id);
        Ok((self.act(tx, owner, now)?, InstallationRef::Id(id)))
    }

    fn day(&mut self, tx: &mut Tx, now: Timestamp) -> Result<(), Refused> {
        self.roll(tx, now)?;
        for bot in BOTS {
            if self.world.bots.contains_key(bot.name) && bot.lives(now, self.told_at()) {
                self.report(tx, bot, now)?;
            }
        }
        Ok(())
    }

    /// Updates go on as far as they go at this time.
    fn roll(&mut self, tx: &mut Tx, now: Timestamp) -> Result<(), Refused> {
        for bot in BOTS {
            if self.world.bots.contains_key(bot.name) && bot.lives(now, self.told_at()) {
                self.beat(tx, bot, now)?;
            }
        }
        while market::roll(tx, now)?.is_some() {}
        let order_ms = policies::in_force(tx, now)?.installations.order_ms;
        for row in installations::due(tx, now.plus_ms(order_ms), LOOK_MAX)? {
            self.carry_out(tx, &row, now)?;
        }
        Ok(())
    }

    /// An instance is heard, and takes note of what it has not heard of.
    fn beat(&mut self, tx: &mut Tx, bot: &'static Bot, now: Timestamp) -> Result<(), Refused> {
        let (instance, _) = self.bot(bot)?;
        let act = self.act_as(tx, bot, now)?;
        for notice in market::heartbeat(tx, &act, instance)?.notices {
            let act = self.act_as(tx, bot, now)?;
            market::confirm(tx, &act, instance, notice.id)?;
        }
        Ok(())
    }

    /// An instance does what it was ordered for an installation, if it was.
    fn carry_out(&mut self, tx: &mut Tx, row: &InstallationRow, now: Timestamp) -> Result<(), Refused> {
        let Some(next) = row.stands.state.next().filter(|next| next.stage.reached_the_instance()) else {
            return Ok(());
        };
        let server = SERVERS.iter().find(|server| self.world.servers.get(server.guild) == Some(&row.server));
        let bot = bot_of(server.ok_or(Refused::NotFound("server"))?)?;
        for stage in super::live::ORDERED {
            let act = self.act_as(tx, bot, now)?;
            let done =
                market::Acknowledgement { installation: row.id, attempt: next.number, stage: *stage, failure: None };
            market::acknowledge(tx, &act, &done)?;
        }
        Ok(())
    }

    /// An instance reports what ran in the day that ends now.
    fn report(&mut self, tx: &mut Tx, bot: &'static Bot, now: Timestamp) -> Result<(), Refused> {
        if now < self.told_at().plus_ms(-USAGE_DAYS * DAY_MS) {
            return Ok(());
        }
        let (instance, _) = self.bot(bot)?;
        let begun = now.plus_ms(-DAY_MS);
        let here = self.world.installed.iter().filter(|installed| installed.runs && installed.server.bot == bot.name);
        let mut records = Vec::new();
        let hours = usage::told_hours(now, self.told_at());
        for installed in here {
            let place = usage::Place {
                installation: installed.id,
                slug: installed.slug,
                guild: installed.server.guild,
                members: installed.server.members,
                fails: installed.slug == BAD.slug
                    && installations::by_id(tx, installed.id)?.is_some_and(|row| super::live::runs_bad(&row)),
            };
            for hour in (0..24).step_by(hours) {
                let at = begun.plus_ms(hour * HOUR_MS);
                if at >= installed.since {
                    records.extend(usage::record(&place, at, 1_000 * hours as u64));
                }
            }
        }
        for records in records.chunks(USAGE_RECORDS_MAX) {
            let act = self.act_as(tx, bot, now)?;
            let number = counted::window(tx, instance)?.next();
            let batches = vec![market::Batch { number, records: records.to_vec() }];
            market::count_usage(tx, &act, &market::UsageReport { instance, batches, lost: Vec::new() })?;
        }
        Ok(())
    }

    fn bot(&self, bot: &Bot) -> Result<(InstanceId, AccountId), Refused> {
        self.world.bots.get(bot.name).copied().ok_or(Refused::NotFound("instance"))
    }

    fn server(&self, server: &Server) -> Result<ServerId, Refused> {
        self.world.servers.get(server.guild).copied().ok_or(Refused::NotFound("server"))
    }

    fn act_as(&mut self, tx: &mut Tx, bot: &Bot, now: Timestamp) -> Result<Act, Refused> {
        let (_, account) = self.bot(bot)?;
        let account = accounts::by_id(tx, account)?.ok_or(Refused::NotFound("account"))?;
        Ok(self.act_with(account, Rights::new([Right::Read, Right::Instance]), now))
    }
}

fn bot_of(server: &Server) -> Result<&'static Bot, Refused> {
    Bot::of(server.bot).ok_or(Refused::NotFound("instance"))
}

fn document(text: &str) -> Result<Json, Refused> {
    Json::parse(text.as_bytes()).map_err(|_| Refused::NotFound("document of a policy"))
}

/// What some servers configure, by what they install.
fn config(slug: &str, place: usize) -> Option<serde_json::Value> {
    match (slug, place % 3) {
        ("warm-welcome" | "lantern" | "porch-light", 0 | 1) => Some(json!({ "channel": "welcome" })),
        ("faq", 0) => {
            Some(json!({ "answers": { "rules": "Be kind; the rest is in #rules.", "invite": "Ask a moderator." } }))
        }
        ("role-picker", 1) => Some(json!({ "allowed": { "Artist": true, "Night owl": true } })),
        _ => None,
    }
}
