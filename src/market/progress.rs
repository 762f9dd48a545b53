//! How an attempt moves on: what the marketplace judges itself is judged at once, and whoever waits is told.

use serde_json::json;

use super::act::Leave;
use super::along::take_back;
use super::judge::{judge, quota};
use super::place::{Site, policy_for};
use super::record::{Subject, record};
use super::refused::Refused;
use crate::domain::consent::Asked;
use crate::domain::installation::{Attempt, Command, Reason, Stage, StageName, State, StateName, Why};
use crate::domain::permit::Action;
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::store::installation_steps::{self, StepRow};
use crate::store::versions::VersionRow;
use crate::store::{Audience, NewEvent, StoreError, Tx, installations, versions};

/// A new attempt at a version; what it asks for is known once it was judged.
pub(super) fn attempt(site: &Site, version: &VersionRow, why: Why, now: Timestamp) -> Attempt {
    let asked = Asked::of(ScopeSet::EMPTY, ScopeSet::EMPTY, ScopeSet::EMPTY);
    Attempt {
        number: site.row.attempts + 1,
        version_id: version.id,
        version: version.number.clone(),
        why,
        started_at: now,
        request: None,
        stage: Stage::CompatibilityCheck { asked },
    }
}

/// Puts a command to the attempt under way and goes on with what the marketplace decides itself; the row is not
/// written yet. Gives the stage in which it waits, or how it ended.
pub(super) fn drive(
    tx: &mut Tx,
    site: &mut Site,
    number: Option<u64>,
    command: &Command,
    now: Timestamp,
) -> Result<Stage, Refused> {
    let attempt = site.row.stands.state.next().cloned();
    let waits = policy_for(tx, &site.server, Some(&site.row.slug), now)?.installations;
    let mut stage = site.row.stands.advance(number, command, &waits, now)?;
    let Some(attempt) = attempt else { return Ok(stage) };
    if let (Command::Judge(Ok(())), Stage::ResourceAllocation { .. }) = (command, &stage) {
        append(tx, site, &attempt, StageName::PermissionValidation.name(), "nothing new was asked for", now)?;
    }
    note(tx, site, &attempt, &stage, now)?;
    while let Stage::ResourceAllocation { .. } = stage {
        let verdict = quota(tx, site, now)?;
        stage = site.row.stands.advance(number, &Command::Allocate(verdict), &waits, now)?;
        note(tx, site, &attempt, &stage, now)?;
    }
    if site.row.stands.state.name() == StateName::Failed {
        installations::empty(tx, site.row.id)?;
        if let (Some(request), Stage::Refused { reason, .. }) = (attempt.request, &stage) {
            take_back(tx, site, request, reason, now)?;
        }
    }
    Ok(stage)
}

/// Judges the attempt that has just begun, and goes on as far as the marketplace can by itself.
pub(super) fn start(tx: &mut Tx, site: &mut Site, now: Timestamp) -> Result<Stage, Refused> {
    let Some(attempt) = site.row.stands.state.next().cloned() else {
        return Err(StoreError::Internal("an attempt that never began was started".to_owned()).into());
    };
    site.row.attempts = attempt.number;
    note(tx, site, &attempt, &attempt.stage, now)?;
    let verdict = judge(tx, site, &attempt, now)?;
    let verdict = match verdict {
        Ok(asked) => {
            let judged = Attempt { stage: Stage::CompatibilityCheck { asked }, ..attempt };
            match &mut site.row.stands.state {
                State::Installing { next } => *next = judged,
                State::Active { next, .. } => *next = Some(judged),
                _ => {}
            }
            Ok(())
        }
        Err(reason) => Err(reason),
    };
    drive(tx, site, None, &Command::Judge(verdict), now)
}

/// Writes the row, the act's one audit row and the event for everybody concerned.
pub(super) fn settle<A: Action>(
    tx: &mut Tx,
    leave: &Leave<A>,
    site: &mut Site,
    action: &str,
    detail: &serde_json::Value,
    now: Timestamp,
) -> Result<(), Refused> {
    installations::update(tx, &mut site.row, now)?;
    log(tx, leave, site, action, detail, now)
}

/// Writes the act's one audit row and the event for everybody concerned.
pub(super) fn log<A: Action>(
    tx: &mut Tx,
    leave: &Leave<A>,
    site: &Site,
    action: &str,
    detail: &serde_json::Value,
    now: Timestamp,
) -> Result<(), Refused> {
    let state = &site.row.stands.state;
    let detail = json!({
        "server": site.server.guild.as_str(),
        "slug": site.row.slug,
        "state": state.name().name(),
        "version": state.now().map(|now| now.version.to_string()),
        "attempt": state.next().map(|next| next.number),
        "stage": state.next().map(|next| next.stage.word()),
        "what": detail,
        "taken_back": site.taken_back,
    });
    record(tx, leave, &Subject::Installation(site.row.id), &detail, now);
    tell(tx, action, site, &leave.name())
}

/// What an instance has to do for an attempt.
pub(super) fn order(stage: &Stage) -> Option<&'static str> {
    match stage {
        Stage::SandboxPrep { .. } => Some("prepare"),
        Stage::StateInit { .. } => Some("initialise"),
        Stage::Refused { in_stage, .. } if in_stage.name() == "sandbox_prep" || in_stage.name() == "state_init" => {
            Some("drop")
        }
        _ => None,
    }
}

/// Refuses an act whose attempt came to nothing at once, so that nothing of it is left.
pub(super) fn or_refused(stage: &Stage) -> Result<(), Refused> {
    match stage {
        Stage::Refused { in_stage, reason: Reason { code, text }, .. } => {
            let stage = in_stage.name().replace('_', " ");
            Err(Refused::conflict(code.name(), format!("{text} (refused in the stage {stage}; nothing was installed)")))
        }
        _ => Ok(()),
    }
}

/// Tells everybody concerned what became of an installation.
pub(super) fn tell(tx: &mut Tx, action: &str, site: &Site, by: &str) -> Result<(), Refused> {
    let state = &site.row.stands.state;
    let (now, next) = (state.now(), state.next());
    let code = match next {
        Some(next) if next.stage.reached_the_instance() => {
            versions::by_id(tx, next.version_id)?.map(|version| version.code.sha256.to_string())
        }
        _ => None,
    };
    let granted = match next.map(|next| &next.stage) {
        Some(Stage::SandboxPrep { granted, .. } | Stage::StateInit { granted, .. }) => Some(granted.names()),
        _ => None,
    };
    let body = json!({
        "action": action,
        "installation_id": site.row.id.to_string(),
        "server_id": site.server.id.to_string(),
        "guild": site.server.guild.as_str(),
        "extension_id": site.extension.id.to_string(),
        "slug": site.row.slug,
        "state": state.name().name(),
        "version": now.map(|now| now.version.to_string()),
        "granted": now.map(|now| now.granted.names()),
        "attempt": next.map(|next| json!({
            "number": next.number,
            "version": next.version.to_string(),
            "why": next.why,
            "stage": next.stage.word(),
            "order": order(&next.stage),
            "sha256": code,
            "granted": granted,
            "until": next.stage.until().map(|until| until.to_string()),
        })),
        "revision": site.row.revision,
        "by": by,
    });
    let people = site.server.managers.iter().copied().chain([site.server.owner, site.instance.account]);
    tx.event(NewEvent { topic: "installation", audience: Audience::maintainers_and(people), body });
    Ok(())
}

fn note(tx: &mut Tx, site: &Site, attempt: &Attempt, stage: &Stage, now: Timestamp) -> Result<(), Refused> {
    let detail = match stage {
        Stage::Refused { reason, .. } => format!("{}: {}", reason.code.name(), reason.text),
        _ => String::new(),
    };
    append(tx, site, attempt, stage.word(), &detail, now)
}

/// Records that an attempt reached a stage, or how it ended.
pub(super) fn append(
    tx: &mut Tx,
    site: &Site,
    attempt: &Attempt,
    word: &str,
    detail: &str,
    now: Timestamp,
) -> Result<(), Refused> {
    let why = match attempt.why {
        Why::Install => "install",
        Why::Update => "update",
        Why::Recall => "recall",
        Why::Rollback => "rollback",
    };
    let step = StepRow {
        attempt: attempt.number,
        n: 0,
        version: attempt.version.to_string(),
        why: why.to_owned(),
        word: word.to_owned(),
        detail: detail.to_owned(),
        at: now,
    };
    Ok(installation_steps::append(tx, site.row.id, &step)?)
}
