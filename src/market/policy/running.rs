//! What a change of policy does to what is under way: instances that count as silent at once, and updates that reach
//! other servers at once.

use std::collections::BTreeSet;

use super::sides::{Sides, Tallies};
use crate::domain::instance::{Instance, Presence};
use crate::domain::policy::{Example, When};
use crate::store::{StoreError, Tx, impact as rows, instances, rollouts};

/// Instances read at once.
const READ_MAX: usize = 1_000;

/// Counts what happens to instances and rollouts; servers that get nothing new from then on are hit.
pub(super) fn count(
    tx: &mut Tx,
    sides: &Sides,
    tallies: &mut Tallies,
    hit: &mut BTreeSet<String>,
) -> Result<(), StoreError> {
    if sides.differ(|policy| policy.installations.instance_silent_ms) {
        let mut after = None;
        loop {
            let some = instances::page(tx, after, READ_MAX)?;
            for instance in &some {
                if presence(sides, instance, tallies) == Some(Presence::Silent) {
                    hit.extend(rows::served_by(tx, instance.id)?);
                }
            }
            match some.last() {
                Some(last) if some.len() == READ_MAX => after = Some(last.id),
                _ => break,
            }
        }
    }
    if sides.differ(|policy| policy.rollouts) {
        for (slug, row) in rollouts::open(tx)? {
            let (before, after) = (sides.before.of(&slug).rollouts, sides.after.of(&slug).rollouts);
            let (was, is) = (row.rollout.ring_at(&before, sides.now), row.rollout.ring_at(&after, sides.now));
            let (was_share, is_share) = (was.per_mille(&before), is.per_mille(&after));
            if (was, was_share) == (is, is_share) {
                continue;
            }
            let what = || "updates under way reach other servers at once".to_owned();
            let note = || format!("{was}, {was_share} of 1000 servers → {is}, {is_share} of 1000 servers");
            let id = row.extension.to_string();
            let example = || Example::new("extension", id.as_str(), slug.as_str(), note());
            tallies.add(("rollouts_reach", "rollouts", When::Now), what, &id, example);
        }
    }
    Ok(())
}

/// Counts an instance whose presence changes; gives what it becomes.
fn presence(sides: &Sides, instance: &Instance, tallies: &mut Tallies) -> Option<Presence> {
    let (before, after) = (&sides.before.plain.installations, &sides.after.plain.installations);
    let becomes = instance.presence(after, sides.now);
    let (code, what) = match (instance.presence(before, sides.now), becomes) {
        (Presence::Live, Presence::Silent) => {
            ("instances_silent", "instances count as silent at once: nothing new is installed where they serve")
        }
        (Presence::Silent, Presence::Live) => ("instances_live", "instances no longer count as silent"),
        _ => return None,
    };
    let id = instance.id.to_string();
    let heard = instance.heard_at.map(|at| format!("heard last at {at}")).unwrap_or_default();
    let example = || Example::new("instance", id.as_str(), instance.name.as_str(), heard);
    tallies.add((code, "installations.instance_silent_ms", When::Now), || what.to_owned(), &id, example);
    Some(becomes)
}
