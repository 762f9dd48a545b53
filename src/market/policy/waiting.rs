//! What a change of policy does to submissions that wait, and to the accounts behind them: counted by a plan, carried
//! out by the same reckoning when it is applied.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::sides::{Sides, Tallies};
use crate::domain::audit::AuditKey;
use crate::domain::policy::{ApprovalsNeeded, Example, Policy, ScopeVerdict, When};
use crate::domain::reputation::{AuthorRecord, reputation};
use crate::store::impact::AccountRow;
use crate::store::reviews::ReviewRow;

/// An account whose reputation changes.
pub(super) struct Regarded {
    pub account: AccountRow,
    pub reputation: u8,
}

/// What was found about the queue besides the effects.
#[derive(Default)]
pub(super) struct Found {
    /// Submissions that can no longer be approved.
    pub hit: BTreeSet<String>,
    /// Second approvals that are needed and were not.
    pub second: u64,
    /// Submissions that are overdue at once.
    pub overdue: u64,
}

/// The accounts whose reputation is another one by the new weights.
pub(super) fn regarded(sides: &Sides, accounts: Vec<AccountRow>) -> Vec<Regarded> {
    let of = |account: &AccountRow, policy: &Policy| {
        let record = AuthorRecord { age_ms: sides.now.since_ms(account.created_at), ..account.record };
        reputation(&policy.reputation, &record).0
    };
    let changed = |account: AccountRow| {
        let (before, after) = (of(&account, &sides.before.plain), of(&account, &sides.after.plain));
        (before != after).then_some(Regarded { account, reputation: after })
    };
    accounts.into_iter().filter_map(changed).collect()
}

/// The review as it stands after the change.
pub(super) fn settled(sides: &Sides, key: &AuditKey, reputations: &HashMap<String, u8>, row: &ReviewRow) -> ReviewRow {
    let (before, after) = (sides.before.of(&row.slug), sides.after.of(&row.slug));
    let mut settled = row.clone();
    settled.author_reputation = reputations.get(&row.author.to_string()).copied().unwrap_or(row.author_reputation);
    if before.review != after.review || settled.author_reputation != row.author_reputation {
        let reputation = settled.author_reputation;
        settled.standing = row.standing.under(&before.review, &after.review, row.submitted_at, row.scopes, reputation);
    }
    let sample = key.sample_per_mille(&row.id.to_string());
    let asked = |policy: &Policy| policy.approvals_needed(row.scopes, sample);
    if asked(before) != asked(after) {
        settled.approvals_needed = asked(after);
    }
    settled
}

/// Counts what happens to the submissions that wait.
pub(super) fn count(
    sides: &Sides,
    key: &AuditKey,
    regarded: &[Regarded],
    open: &[ReviewRow],
    tallies: &mut Tallies,
) -> Found {
    let reputations: HashMap<String, u8> =
        regarded.iter().map(|one| (one.account.id.clone(), one.reputation)).collect();
    for one in regarded {
        let what = || "accounts have another reputation by the new weights".to_owned();
        let note = || format!("{} → {}", one.account.reputation, one.reputation);
        let example = || Example::new("account", one.account.id.as_str(), one.account.name.as_str(), note());
        tallies.add(("reputation_changed", "reputation", When::Now), what, &one.account.id, example);
    }
    let mut found = Found::default();
    for row in open {
        let settled = settled(sides, key, &reputations, row);
        denied(sides, row, tallies, &mut found);
        approvals(sides, row, &settled, tallies, &mut found);
        places(sides, row, &settled, tallies, &mut found);
    }
    crowded(sides, open, tallies);
    found
}

fn denied(sides: &Sides, row: &ReviewRow, tallies: &mut Tallies, found: &mut Found) {
    let (before, after) = (sides.before.of(&row.slug), sides.after.of(&row.slug));
    let (was, is) = (before.denied(row.scopes), after.denied(row.scopes));
    for scope in is.minus(was).iter() {
        found.hit.insert(row.id.to_string());
        let what = || format!("waiting submissions declare {scope}, and cannot be approved while it is denied");
        let field = format!("scopes.{scope}");
        tallies.add(("queue_denied", &field, When::Now), what, &row.id.to_string(), || example(row, String::new()));
    }
    for scope in was.minus(is).iter() {
        let what = || format!("waiting submissions declare {scope}, and can be approved again");
        let field = format!("scopes.{scope}");
        tallies.add(("queue_allowed", &field, When::Now), what, &row.id.to_string(), || example(row, String::new()));
    }
}

fn approvals(sides: &Sides, row: &ReviewRow, settled: &ReviewRow, tallies: &mut Tallies, found: &mut Found) {
    if row.approvals_needed == settled.approvals_needed {
        return;
    }
    let needs = settled.approvals_needed == ApprovalsNeeded::Two;
    let (loose, strict) = if needs { (&sides.before, &sides.after) } else { (&sides.after, &sides.before) };
    let is_two = |policy: &Policy, scope| policy.verdict(scope) == ScopeVerdict::TwoPerson;
    let by =
        row.scopes.iter().find(|scope| is_two(strict.of(&row.slug), *scope) && !is_two(loose.of(&row.slug), *scope));
    let field = by.map_or_else(|| "review.second_reviewer_per_mille".to_owned(), |scope| format!("scopes.{scope}"));
    let (code, what) = if needs {
        found.second += 1;
        ("queue_second_approval", "waiting submissions need a second approval")
    } else {
        ("queue_second_dropped", "waiting submissions no longer need a second approval")
    };
    tallies.add((code, &field, When::Now), || what.to_owned(), &row.id.to_string(), || example(row, String::new()));
}

fn places(sides: &Sides, row: &ReviewRow, settled: &ReviewRow, tallies: &mut Tallies, found: &mut Found) {
    let id = row.id.to_string();
    let (was, is) = (row.standing, settled.standing);
    let mut add = |code, what: &str| {
        let note = format!("due {} → {}", was.due_at, is.due_at);
        tallies.add((code, "review", When::Now), || what.to_owned(), &id, || example(row, note));
    };
    if was.due_at != is.due_at {
        add("queue_due_moved", "waiting submissions are due at another time");
    }
    match (was.due_at < sides.now, is.due_at < sides.now) {
        (false, true) => {
            found.overdue += 1;
            add("queue_overdue", "waiting submissions are overdue at once");
        }
        (true, false) => add("queue_in_time", "waiting submissions are no longer overdue"),
        _ => {}
    }
    if was.rank_ms != is.rank_ms {
        add("queue_reordered", "waiting submissions have another place in the queue");
    }
}

/// Authors who have more open submissions than they may have from now on.
fn crowded(sides: &Sides, open: &[ReviewRow], tallies: &mut Tallies) {
    let most = |side: &super::sides::Side| u64::from(side.plain.review.open_submissions_max);
    let (before, after) = (most(&sides.before), most(&sides.after));
    if before == after {
        return;
    }
    let mut authors: BTreeMap<String, (&str, u64)> = BTreeMap::new();
    for row in open {
        authors.entry(row.author.to_string()).or_insert((&row.author_name, 0)).1 += 1;
    }
    for (id, (name, count)) in authors.into_iter().filter(|(_, (_, count))| (after..before).contains(count)) {
        let what =
            || format!("accounts have {after} or more open submissions, and cannot submit until some are decided");
        let example = || Example::new("account", id.as_str(), name, format!("{count} open"));
        tallies.add(("authors_full", "review.open_submissions_max", When::Later), what, &id, example);
    }
}

fn example(row: &ReviewRow, note: String) -> Example {
    Example::new("review", row.id.to_string(), format!("{} {}", row.slug, row.number), note)
}
