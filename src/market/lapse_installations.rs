//! What time does to installations: attempts that nobody answered are given up, and what was removed is freed.

use serde_json::json;

use super::act::{Act, By, leave};
use super::manage::{freed_as_json, tell_removed};
use super::place::site;
use super::progress::{drive, settle};
use super::record::{Subject, record};
use super::refused::Refused;
use crate::domain::installation::{Command, State};
use crate::domain::permit::AdvanceInstallation;
use crate::domain::time::Timestamp;
use crate::store::{StoreError, Tx, installations, servers};

/// Installations moved on in one transaction at most.
pub const DUE_MAX: usize = 100;

/// Moves on every installation whose time has come by `now`, at most [`DUE_MAX`]; gives their number.
pub fn lapse_installations(tx: &mut Tx, now: Timestamp) -> Result<usize, Refused> {
    let act = Act { by: By::System, now, seed: [0; 32] };
    let due = installations::due(tx, now, DUE_MAX)?;
    let count = due.len();
    if count == 0 {
        return Ok(0);
    }
    let leave = leave::<AdvanceInstallation>(tx, &act)?;
    for row in due {
        // One that lapsed before it may have taken this one back.
        let still = installations::by_id(tx, row.id)?;
        let Some(row) = still.filter(|row| row.stands.state.due().is_some_and(|due| due <= now)) else { continue };
        let server = servers::by_id(tx, row.server)?
            .ok_or_else(|| StoreError::Corrupt(format!("the server {} is gone", row.server)))?;
        let mut site = site(tx, server, row)?;
        if let State::Removing { .. } = site.row.stands.state {
            let freed = installations::delete(tx, site.row.id)?;
            let detail = json!({ "slug": site.row.slug, "freed": freed_as_json(&freed) });
            record(tx, &leave, &Subject::Installation(site.row.id), &detail, now);
            tell_removed(tx, &site, &freed);
            continue;
        }
        let stage = drive(tx, &mut site, None, &Command::Lapse, now)?;
        settle(tx, &leave, &mut site, "lapsed", &json!({ "came_of_it": stage.word() }), now)?;
    }
    Ok(count)
}
