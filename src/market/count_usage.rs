//! Counting what installations used: every batch of an instance exactly once.

use std::collections::HashMap;

use super::act::{Act, leave_as};
use super::announce::{own, relation};
use super::refused::Refused;
use crate::domain::fault::Faults;
use crate::domain::id::{InstallationId, InstanceId};
use crate::domain::limits::{USAGE_AHEAD_MAX, USAGE_BATCHES_MAX, USAGE_RECORDS_MAX};
use crate::domain::permit::CountUsage;
use crate::domain::usage::{Offer, UsageRecord, Window};
use crate::store::usage::{self, CountedTo};
use crate::store::{Tx, instances};

/// One numbered batch.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its number; each instance counts from 1.
    pub number: u64,
    /// What it tells.
    pub records: Vec<UsageRecord>,
}

/// What an instance reports.
#[derive(Clone, Debug)]
pub struct UsageReport {
    /// The instance.
    pub instance: InstanceId,
    /// Batches, in any order.
    pub batches: Vec<Batch>,
    /// Batches that will never come, first and last number of each run.
    pub lost: Vec<(u64, u64)>,
}

/// What came of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Numbers that were counted now.
    pub counted: Vec<u64>,
    /// Numbers that were counted before.
    pub repeated: Vec<u64>,
    /// Which were counted altogether.
    pub window: Window,
}

/// Counts the batches that are new. Leaves no audit row.
///
/// # Errors
/// [`Refused::Invalid`] with the place of everything wrong, and then nothing of the report is counted.
pub fn count_usage(tx: &mut Tx, act: &Act, input: &UsageReport) -> Result<Counted, Refused> {
    let instance = own(tx, act, input.instance)?;
    leave_as::<CountUsage>(tx, act, relation(act, &instance))?;
    usage::open_window(tx, instance.id, act.now)?;
    let mut window = usage::window(tx, instance.id)?;
    let mut faults = Faults::none();
    let records: usize = input.batches.iter().map(|batch| batch.records.len()).sum();
    if input.batches.len() > USAGE_BATCHES_MAX || records > USAGE_RECORDS_MAX {
        let message = format!("one report has at most {USAGE_BATCHES_MAX} batches and {USAGE_RECORDS_MAX} records");
        faults.add("/batches", "too_many", message);
        return Err(Refused::Invalid(faults.into_list()));
    }
    let (mut counted, mut repeated) = (Vec::new(), Vec::new());
    let mut known: HashMap<InstallationId, Option<CountedTo>> = HashMap::new();
    let mut to_count: Vec<(&UsageRecord, CountedTo)> = Vec::with_capacity(records);
    for (place, batch) in input.batches.iter().enumerate() {
        match window.offer(batch.number) {
            Err(refusal) => faults.add(format!("/batches/{place}/number"), "bad_number", refusal.to_string()),
            Ok(Offer::Repeated) => repeated.push(batch.number),
            Ok(Offer::Counted) => {
                counted.push(batch.number);
                for (n, record) in batch.records.iter().enumerate() {
                    let pointer = format!("/batches/{place}/records/{n}");
                    record.judge(&pointer, act.now, &mut faults);
                    let to = if let Some(to) = known.get(&record.installation) {
                        *to
                    } else {
                        let to = usage::counted_to(tx, record.installation, instance.id)?;
                        known.insert(record.installation, to);
                        to
                    };
                    match to {
                        Some(to) => to_count.push((record, to)),
                        None => faults.add(
                            format!("{pointer}/installation_id"),
                            "not_served",
                            "there is no such installation on a server of this instance",
                        ),
                    }
                }
            }
        }
    }
    give_up(&mut window, &input.lost, &mut faults);
    if !faults.is_empty() {
        return Err(Refused::Invalid(faults.into_list()));
    }
    for (record, to) in to_count {
        usage::add(tx, record, &to)?;
    }
    usage::set_window(tx, instance.id, &window, act.now)?;
    instances::heard(tx, instance.id, act.now)?;
    Ok(Counted { counted, repeated, window })
}

/// Closes the gaps of batches that will never come.
fn give_up(window: &mut Window, lost: &[(u64, u64)], faults: &mut Faults) {
    for (place, (first, last)) in lost.iter().enumerate() {
        if last < first || last - first > USAGE_AHEAD_MAX {
            let message = format!("{first} to {last} is no run of at most {USAGE_AHEAD_MAX} batches");
            faults.add(format!("/lost/{place}"), "bad_run", message);
            continue;
        }
        for number in *first..=*last {
            if let Err(refusal) = window.offer(number) {
                faults.add(format!("/lost/{place}"), "bad_number", refusal.to_string());
                break;
            }
        }
    }
}
