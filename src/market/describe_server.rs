//! Servers as their instance describes them, and what owners and administrators change about them.

use serde_json::{Value, json};

use super::act::{Act, IfMatch, last_change, leave_as};
use super::place::{ServerRef, find_server, policy_for};
use super::record::{Subject, record};
use super::refused::Refused;
use crate::domain::account::AccountName;
use crate::domain::fault::Faults;
use crate::domain::id::{AccountId, InstanceId, ServerId};
use crate::domain::limits::MANAGERS_MAX;
use crate::domain::permit::{DescribeServer, EditServer, MoveServer, SetTier};
use crate::domain::server::{Guild, Server, ServerName, ServerRelation, SubscriptionTier};
use crate::domain::time::Timestamp;
use crate::store::{Audience, NewEvent, Tx, accounts, instances, servers};

/// What an instance says about a server that it serves.
#[derive(Clone, Debug)]
pub struct Described {
    /// Its id on the chat platform.
    pub guild: Guild,
    /// Its name.
    pub name: ServerName,
    /// The account that owns it here.
    pub owner: AccountName,
    /// Its tier; what it has, or `free`, where this is left out.
    pub tier: Option<SubscriptionTier>,
}

/// What is changed about a server; what is left out stays.
#[derive(Clone, Debug)]
pub struct ServerEdit {
    /// The server.
    pub server: ServerRef,
    /// The revision that was seen.
    pub if_match: IfMatch,
    /// All its managers (its owner may).
    pub managers: Option<Vec<AccountName>>,
    /// Its tier (administrators may).
    pub tier: Option<SubscriptionTier>,
    /// The instance that serves it (administrators may).
    pub instance: Option<InstanceId>,
}

/// Makes a server known, or takes over its new name, owner and tier.
///
/// # Errors
/// The conflict `served_by_another`; [`Refused::Invalid`] where the owner has no account or the policy no such tier.
pub fn describe_server(tx: &mut Tx, act: &Act, input: &Described) -> Result<Server, Refused> {
    let known = servers::by_guild(tx, &input.guild)?;
    let own = act.viewer().account().map(|account| instances::by_account(tx, account)).transpose()?.flatten();
    let relation = if own.is_some() { ServerRelation::Instance } else { ServerRelation::Stranger };
    let leave = leave_as::<DescribeServer>(tx, act, relation)?;
    let instance = own.ok_or(Refused::NotFound("instance"))?;
    let owner = active(tx, "/owner", &input.owner)?;
    if instances::by_account(tx, owner)?.is_some() {
        let message = format!("{} is the account of an instance; a server belongs to a person", input.owner);
        return Err(Refused::field("/owner", "not_a_person", message));
    }
    let is_new = known.is_none();
    let mut server = match known {
        Some(server) if server.instance != instance.id => {
            let detail =
                format!("the server {} is served by another instance; an administrator can move it", input.guild);
            return Err(Refused::conflict("served_by_another", detail));
        }
        Some(server) => server,
        None => Server {
            id: ServerId::mint(act.now, &mut act.entropy()),
            guild: input.guild.clone(),
            name: input.name.clone(),
            owner,
            managers: Vec::new(),
            tier: SubscriptionTier::default(),
            instance: instance.id,
            created_at: act.now,
            revision: 1,
        },
    };
    server.name = input.name.clone();
    server.owner = owner;
    server.managers.retain(|manager| *manager != owner);
    if let Some(tier) = &input.tier {
        check_tier(tx, &server, tier, act.now)?;
        server.tier = tier.clone();
    }
    if is_new {
        servers::insert(tx, &server)?;
    } else {
        servers::update(tx, &mut server)?;
    }
    let detail = json!({
        "guild": server.guild.as_str(),
        "name": server.name.as_str(),
        "owner": input.owner.as_str(),
        "tier": server.tier.as_str(),
        "instance": instance.name.as_str(),
    });
    record(tx, &leave, &Subject::Server(server.id), &detail, act.now);
    tell_server(tx, if is_new { "created" } else { "described" }, &server)?;
    Ok(server)
}

/// Changes managers, tier or instance of a server.
///
/// # Errors
/// [`Refused::Invalid`] for accounts, tiers and instances that there are not.
pub fn edit_server(tx: &mut Tx, act: &Act, input: &ServerEdit) -> Result<Server, Refused> {
    let (mut server, relation) = find_server(tx, &act.viewer(), &input.server)?;
    input.if_match.check(server.revision, |_| last_change(tx, "server", server.id))?;
    let mut changed = serde_json::Map::new();
    if let Some(tier) = &input.tier {
        let leave = leave_as::<SetTier>(tx, act, relation)?;
        check_tier(tx, &server, tier, act.now)?;
        server.tier = tier.clone();
        changed.insert("tier".to_owned(), tier.as_str().into());
        record(tx, &leave, &Subject::Server(server.id), &Value::Object(changed.clone()), act.now);
    }
    if let Some(instance) = input.instance {
        let leave = leave_as::<MoveServer>(tx, act, relation)?;
        let Some(instance) = instances::by_id(tx, instance)? else {
            return Err(Refused::field("/instance_id", "unknown_instance", "there is no such instance"));
        };
        server.instance = instance.id;
        let detail = json!({ "instance": instance.name.as_str() });
        record(tx, &leave, &Subject::Server(server.id), &detail, act.now);
    }
    if let Some(names) = &input.managers {
        let leave = leave_as::<EditServer>(tx, act, relation)?;
        server.managers = read_managers(tx, &server, names)?;
        let detail = json!({ "managers": names.iter().map(AccountName::as_str).collect::<Vec<_>>() });
        record(tx, &leave, &Subject::Server(server.id), &detail, act.now);
    }
    if input.tier.is_none() && input.instance.is_none() && input.managers.is_none() {
        return Err(Refused::field("", "nothing_to_change", "name what changes: managers, tier or instance_id"));
    }
    servers::update(tx, &mut server)?;
    tell_server(tx, "edited", &server)?;
    Ok(server)
}

fn read_managers(tx: &mut Tx, server: &Server, names: &[AccountName]) -> Result<Vec<AccountId>, Refused> {
    if names.len() > MANAGERS_MAX {
        let message = format!("a server has at most {MANAGERS_MAX} managers, not {}", names.len());
        return Err(Refused::field("/managers", "too_many", message));
    }
    let (mut managers, mut faults) = (Vec::new(), Faults::none());
    for (place, name) in names.iter().enumerate() {
        let pointer = format!("/managers/{place}");
        match accounts::by_name(tx, name)?.filter(|account| !account.suspended) {
            None => faults.add(pointer, "unknown_account", format!("there is no active account named {name}")),
            Some(account) if account.id == server.owner => {
                faults.add(pointer, "is_owner", format!("{name} owns the server and manages it anyway"));
            }
            Some(account) => managers.push(account.id),
        }
    }
    if !faults.is_empty() {
        return Err(Refused::Invalid(faults.into_list()));
    }
    managers.sort_unstable();
    managers.dedup();
    Ok(managers)
}

fn active(tx: &mut Tx, pointer: &str, name: &AccountName) -> Result<AccountId, Refused> {
    match accounts::by_name(tx, name)?.filter(|account| !account.suspended) {
        Some(account) => Ok(account.id),
        None => Err(Refused::field(pointer, "unknown_account", format!("there is no active account named {name}"))),
    }
}

fn check_tier(tx: &mut Tx, server: &Server, tier: &SubscriptionTier, now: Timestamp) -> Result<(), Refused> {
    let policy = policy_for(tx, server, None, now)?;
    if policy.tiers.contains_key(tier.as_str()) {
        return Ok(());
    }
    let names: Vec<&str> = policy.tiers.keys().map(String::as_str).collect();
    let message = format!("the policy has no tier {tier}; it has {}", names.join(", "));
    Err(Refused::field("/tier", "unknown_tier", message))
}

fn tell_server(tx: &mut Tx, action: &str, server: &Server) -> Result<(), Refused> {
    let instance = instances::by_id(tx, server.instance)?.map(|instance| instance.account);
    let body = json!({
        "action": action,
        "server_id": server.id.to_string(),
        "guild": server.guild.as_str(),
        "tier": server.tier.as_str(),
        "revision": server.revision,
    });
    let accounts = server.managers.iter().copied().chain([server.owner]).chain(instance);
    tx.event(NewEvent { topic: "server", audience: Audience::maintainers_and(accounts), body });
    Ok(())
}
