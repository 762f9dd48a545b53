//! What instances say: what they can run and which servers they serve, that they are there, that they took note.

use serde_json::json;

use super::act::{Act, leave_as};
use super::record::{Subject, record};
use super::refused::Refused;
use super::sight::Viewer;
use crate::domain::fault::Faults;
use crate::domain::id::{InstanceId, NoticeId};
use crate::domain::instance::{Claimed, Instance};
use crate::domain::limits::ANNOUNCED_SERVERS_MAX;
use crate::domain::permit::{AnnounceInstance, ConfirmNotice, HearInstance};
use crate::domain::server::{Guild, ServerRelation};
use crate::domain::usage::Window;
use crate::store::notices::NoticeRow;
use crate::store::{Tx, instances, notices, servers, usage};

/// Notices given with one heartbeat at most.
const NOTICES_MAX: usize = 20;

/// What an instance says about itself.
#[derive(Clone, Debug)]
pub struct Announce {
    /// The instance.
    pub instance: InstanceId,
    /// What it can run.
    pub claimed: Claimed,
    /// The servers it serves, by the chat platform's ids; those unknown are made known one by one.
    pub servers: Vec<String>,
}

/// What an instance is told when it is heard.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The instance.
    pub instance: Instance,
    /// Which of its batches of usage were counted.
    pub window: Window,
    /// What it has not confirmed yet, oldest first, a bounded number.
    pub notices: Vec<NoticeRow>,
}

/// What came of an announcement.
#[derive(Clone, Debug)]
pub struct Announced {
    /// The instance.
    pub instance: Instance,
    /// The servers that nobody has made known yet.
    pub unknown: Vec<String>,
}

/// Takes an announcement, judged whole.
///
/// # Errors
/// [`Refused::Invalid`] with every fault, and the conflict `served_by_another` for a server of another instance.
pub fn announce(tx: &mut Tx, act: &Act, input: &Announce) -> Result<Announced, Refused> {
    let mut instance = own(tx, act, input.instance)?;
    let leave = leave_as::<AnnounceInstance>(tx, act, relation(act, &instance))?;
    let mut faults = Faults::none();
    let announcement = input.claimed.judge();
    let guilds = read_guilds(&input.servers, &mut faults);
    let announcement = match announcement {
        Ok(announcement) if faults.is_empty() => announcement,
        Ok(_) => return Err(Refused::Invalid(faults.into_list())),
        Err(mut list) => {
            list.extend(faults.into_list());
            return Err(Refused::Invalid(list));
        }
    };
    let mut unknown = Vec::new();
    for guild in guilds {
        match servers::by_guild(tx, &guild)? {
            None => unknown.push(guild.to_string()),
            Some(server) if server.instance != instance.id => {
                let detail = format!(
                    "the server {guild} is served by another instance; an administrator can move it to this one"
                );
                return Err(Refused::conflict("served_by_another", detail));
            }
            Some(_) => {}
        }
    }
    instance.announced = Some(announcement);
    instances::announce(tx, &mut instance, act.now)?;
    let said = instance.announced.as_ref();
    let detail = json!({
        "name": instance.name.as_str(),
        "host_api": said.map(|said| said.host_api.to_string()),
        "scopes": said.map(|said| said.scopes.names()),
        "memory_mib": said.map(|said| said.memory_mib),
        "servers": input.servers.len(),
    });
    record(tx, &leave, &Subject::Instance(instance.id), &detail, act.now);
    Ok(Announced { instance, unknown })
}

/// Notes that an instance is there, and tells it what it may have missed. Leaves no audit row.
pub fn heartbeat(tx: &mut Tx, act: &Act, instance: InstanceId) -> Result<Heard, Refused> {
    let mut instance = own(tx, act, instance)?;
    leave_as::<HearInstance>(tx, act, relation(act, &instance))?;
    instances::heard(tx, instance.id, act.now)?;
    instance.heard_at = Some(act.now);
    let window = usage::window(tx, instance.id)?;
    let notices = notices::open_for(tx, instance.id, NOTICES_MAX)?;
    Ok(Heard { instance, window, notices })
}

/// Notes that an instance took note of a rollback, a quarantine or a block. A repeat changes nothing.
///
/// # Errors
/// [`Refused::NotFound`] where the notice was not for this instance.
pub fn confirm(tx: &mut Tx, act: &Act, instance: InstanceId, notice: NoticeId) -> Result<(), Refused> {
    let instance = own(tx, act, instance)?;
    let leave = leave_as::<ConfirmNotice>(tx, act, relation(act, &instance))?;
    if !notices::confirm(tx, notice, instance.id, act.now)? {
        return Err(Refused::NotFound("notice for this instance"));
    }
    let detail = json!({ "name": instance.name.as_str(), "notice_id": notice.to_string() });
    record(tx, &leave, &Subject::Instance(instance.id), &detail, act.now);
    super::notice::tell_confirmed(tx, notice, &instance)
}

/// The instance, where the caller speaks for it or is a maintainer.
pub fn find_instance(tx: &mut Tx, viewer: &Viewer, id: InstanceId) -> Result<Instance, Refused> {
    let instance = instances::by_id(tx, id)?.ok_or(Refused::NotFound("instance"))?;
    let seen = viewer.is_maintainer() || viewer.account() == Some(instance.account);
    if seen { Ok(instance) } else { Err(Refused::NotFound("instance")) }
}

pub(super) fn own(tx: &mut Tx, act: &Act, id: InstanceId) -> Result<Instance, Refused> {
    find_instance(tx, &act.viewer(), id)
}

/// What the caller is to an instance: itself, or nothing.
pub(super) fn relation(act: &Act, instance: &Instance) -> ServerRelation {
    if act.viewer().account() == Some(instance.account) { ServerRelation::Instance } else { ServerRelation::Stranger }
}

fn read_guilds(texts: &[String], faults: &mut Faults) -> Vec<Guild> {
    if texts.len() > ANNOUNCED_SERVERS_MAX {
        let message = format!("{} servers; one instance announces at most {ANNOUNCED_SERVERS_MAX}", texts.len());
        faults.add("/servers", "too_many", message);
        return Vec::new();
    }
    let mut guilds: Vec<Guild> = Vec::with_capacity(texts.len());
    let mut known = std::collections::HashSet::new();
    for (place, text) in texts.iter().enumerate() {
        match text.parse::<Guild>() {
            Ok(guild) if !known.insert(guild.clone()) => {
                faults.add(format!("/servers/{place}"), "repeated", format!("the server {guild} stands twice"));
            }
            Ok(guild) => guilds.push(guild),
            Err(refusal) => faults.add(format!("/servers/{place}"), "bad_server", refusal.to_string()),
        }
    }
    guilds
}
