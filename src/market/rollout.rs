//! Bringing what the channel points at to the servers that follow it: how far it goes, and each step on the way.

use serde_json::json;

use super::act::{Act, By, IfMatch, Leave, last_change, leave, leave_for};
use super::input::{Length, text};
use super::place::{Site, policy_for, site};
use super::progress::{attempt, drive, settle, start};
use super::record::{Subject, record, tell_extension};
use super::refused::Refused;
use super::sight::{ExtensionRef, Viewer, find};
use crate::domain::id::ExtensionId;
use crate::domain::installation::{Command, Reason, ReasonCode, Why};
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::{AdvanceInstallation, SetRollout};
use crate::domain::policy::RolloutPolicy;
use crate::domain::rollout::{Ring, Rollout, Turn};
use crate::domain::time::Timestamp;
use crate::store::extensions::{ExtensionRow, Head};
use crate::store::installations::{self, InstallationRow};
use crate::store::rollouts::{self, RolloutRow};
use crate::store::versions::VersionRow;
use crate::store::{StoreError, Tx, extensions, policy, servers, versions};

/// Installations looked at in one transaction.
pub const ROLLED_MAX: usize = 100;

/// What is changed about a rollout; what is left out stays.
#[derive(Clone, Debug)]
pub struct RolloutEdit {
    /// The extension.
    pub extension: ExtensionRef,
    /// The rollout's revision that was seen.
    pub if_match: IfMatch,
    /// The ring it is to have.
    pub ring: Option<Ring>,
    /// Whether it stands still, and why.
    pub pause: Option<Pause>,
}

/// Holding a rollout up, or going on with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// It stands still, with the reason.
    Pause(String),
    /// It goes on.
    Resume,
}

/// What one step of a rollout did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rolled {
    /// Installations looked at.
    pub looked_at: usize,
    /// Attempts begun.
    pub begun: usize,
}

/// Begins to bring what the channel now points at to the servers.
pub(super) fn moved(tx: &mut Tx, extension: &ExtensionRow, now: Timestamp) -> Result<(), Refused> {
    let Some(head) = &extension.head else { return Ok(()) };
    let revision = rollouts::of(tx, extension.id)?.map_or(0, |row| row.revision);
    let mut row = RolloutRow {
        extension: extension.id,
        rollout: Rollout::start(head.revision, now),
        passed: String::new(),
        look_at: Some(now),
        revision,
    };
    Ok(rollouts::put(tx, &mut row)?)
}

/// Has the servers looked at anew, as after a change that lets one of them have what it was refused.
pub(super) fn look_again(tx: &mut Tx, extension: ExtensionId, now: Timestamp) -> Result<(), Refused> {
    if let Some(mut row) = rollouts::of(tx, extension)? {
        row.passed = String::new();
        row.look_at = Some(now);
        rollouts::note(tx, &row)?;
    }
    Ok(())
}

/// Sets the ring of a rollout, holds it up or goes on with it.
///
/// # Errors
/// [`Refused::NotFound`] where the channel never moved.
pub fn set_rollout(tx: &mut Tx, act: &Act, input: &RolloutEdit) -> Result<(ExtensionRow, RolloutRow), Refused> {
    let extension = find(tx, &act.viewer(), &input.extension)?;
    let leave = leave_for::<SetRollout>(tx, act, &extension)?;
    let mut row = rollouts::of(tx, extension.id)?.ok_or(Refused::NotFound("rollout"))?;
    input.if_match.check(row.revision, |_| last_change(tx, "extension", extension.id))?;
    let rings = policy::for_extension(tx, extension.slug.as_str(), act.now)?.rollouts;
    // Time that passed while it stood still does not widen it.
    let ring = input.ring.unwrap_or_else(|| row.rollout.ring_at(&rings, act.now));
    if input.ring.is_some() || input.pause.is_some() {
        row.rollout.ring = ring;
        row.rollout.since = act.now;
    }
    match &input.pause {
        Some(Pause::Pause(reason)) => {
            row.rollout.paused = Some(text("/paused", reason, Length::needed(REASON_CHARS_MAX))?);
        }
        Some(Pause::Resume) => row.rollout.paused = None,
        None => {}
    }
    row.passed = String::new();
    row.look_at = Some(act.now);
    rollouts::put(tx, &mut row)?;
    let detail = json!({
        "slug": extension.slug.as_str(),
        "channel_revision": row.rollout.channel_revision,
        "ring": ring.name(),
        "paused": row.rollout.paused,
    });
    record(tx, &leave, &Subject::Extension(extension.id), &detail, act.now);
    tell_extension(tx, "rollout", &extension, &leave.name());
    Ok((extension, row))
}

/// The rollout of an extension, for its owner and maintainers.
pub fn rollout_of(
    tx: &mut Tx,
    viewer: &Viewer,
    extension: &ExtensionRef,
) -> Result<(ExtensionRow, RolloutRow), Refused> {
    let extension = find(tx, viewer, extension)?;
    if !viewer.sees_all_of(&extension) {
        return Err(Refused::NotFound("rollout"));
    }
    let row = rollouts::of(tx, extension.id)?.ok_or(Refused::NotFound("rollout"))?;
    Ok((extension, row))
}

/// Takes the next step of the rollout whose turn it is: looks at up to [`ROLLED_MAX`] installations and begins what is
/// due. Nothing where no rollout's time has come.
pub fn roll(tx: &mut Tx, now: Timestamp) -> Result<Option<Rolled>, Refused> {
    let Some(mut row) = rollouts::due(tx, now)? else { return Ok(None) };
    let act = Act { by: By::System, now, seed: [0; 32] };
    let leave = leave::<AdvanceInstallation>(tx, &act)?;
    let extension = extensions::by_id(tx, row.extension)?
        .ok_or_else(|| StoreError::Corrupt(format!("the extension {} is gone", row.extension)))?;
    let Some(head) = extension.head.clone() else {
        row.look_at = None;
        rollouts::note(tx, &row)?;
        return Ok(Some(Rolled::default()));
    };
    let version = versions::by_id(tx, head.version)?
        .ok_or_else(|| StoreError::Corrupt(format!("the version {} is gone", head.version)))?;
    let rings = policy::for_extension(tx, extension.slug.as_str(), now)?.rollouts;
    let behind = installations::behind(tx, extension.id, head.version, &row.passed, ROLLED_MAX)?;
    let mut rolled = Rolled { looked_at: behind.len(), begun: 0 };
    let mut waiting = false;
    let last = behind.last().map(|installation| installation.id.to_string());
    for installation in behind {
        let step = Step { rollout: &row.rollout, head: &head, version: &version, now };
        match step.take(tx, &leave, installation)? {
            Taken::Begun => rolled.begun += 1,
            Taken::Waits => waiting = true,
            Taken::Nothing => {}
        }
    }
    if rolled.looked_at == ROLLED_MAX {
        row.passed = last.unwrap_or_default();
        row.look_at = Some(now);
    } else {
        row.passed = String::new();
        let open = waiting || rolled.begun > 0 || row.rollout.ring_at(&rings, now) < Ring::All;
        row.look_at = open.then(|| next_look(&row.rollout, &rings, now));
    }
    rollouts::note(tx, &row)?;
    Ok(Some(rolled))
}

/// When the next round is worth it: when the ring widens, at the latest after `look_again_ms` where attempts are open.
fn next_look(rollout: &Rollout, rings: &RolloutPolicy, now: Timestamp) -> Timestamp {
    let ring_ms = rings.ring_ms.max(1);
    let into_ring = now.since_ms(rollout.since).rem_euclid(ring_ms);
    now.plus_ms((ring_ms - into_ring).clamp(1, rings.look_again_ms.max(1)))
}

struct Step<'a> {
    rollout: &'a Rollout,
    head: &'a Head,
    version: &'a VersionRow,
    now: Timestamp,
}

enum Taken {
    Begun,
    Waits,
    Nothing,
}

impl Step<'_> {
    /// Whether it is the server's turn, by what the policy says of the rings there.
    fn turn(&self, tx: &mut Tx, site: &Site) -> Result<Turn, Refused> {
        let rings = policy_for(tx, &site.server, Some(&site.row.slug), self.now)?.rollouts;
        Ok(self.rollout.turn(site.extension.id, site.server.id, &rings, self.now))
    }

    fn take(&self, tx: &mut Tx, leave: &Leave<AdvanceInstallation>, row: InstallationRow) -> Result<Taken, Refused> {
        let server = servers::by_id(tx, row.server)?
            .ok_or_else(|| StoreError::Corrupt(format!("the server {} is gone", row.server)))?;
        let mut site: Site = site(tx, server, row)?;
        let Some(running) = site.row.stands.state.now().cloned() else { return Ok(Taken::Nothing) };
        let goes_back = self.head.number < running.version;
        let next = site.row.stands.state.next().cloned();
        let is_current = running.version_id == self.head.version;
        if let Some(next) = &next {
            if next.version_id == self.head.version {
                return Ok(Taken::Nothing);
            }
            let recalled = self.head.number < next.version;
            if next.stage.reached_the_instance() && !recalled {
                return Ok(Taken::Waits);
            }
        }
        let turn = if goes_back { Turn::Now } else { self.turn(tx, &site)? };
        let superseded = next.is_some();
        if superseded {
            let text = format!("the channel points at {} now", self.head.number);
            let reason = Reason::new(ReasonCode::Superseded, text);
            drive(tx, &mut site, None, &Command::GiveUp(reason), self.now)?;
        }
        if is_current || turn != Turn::Now {
            if superseded {
                settle(tx, leave, &mut site, "superseded", &json!({}), self.now)?;
            }
            return Ok(if is_current { Taken::Nothing } else { Taken::Waits });
        }
        let why = if goes_back { Why::Recall } else { Why::Update };
        let attempt = attempt(&site, self.version, why, self.now);
        site.row.stands.begin(attempt)?;
        let stage = start(tx, &mut site, self.now)?;
        let detail = json!({ "number": self.version.number.to_string(), "stage": stage.word() });
        let action = if goes_back { "recalling" } else { "updating" };
        settle(tx, leave, &mut site, action, &detail, self.now)?;
        Ok(Taken::Begun)
    }
}
