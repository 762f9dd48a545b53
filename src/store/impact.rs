//! What a change of policy is counted over: the catalogue, its measured runs, past decisions, accounts and checks, read
//! row by row.

use std::collections::HashMap;

use serde::Deserialize;

use super::columns::Words;
use super::error::StoreError;
use super::row::{FromRow, Row};
use super::tx::Tx;
use super::value::Value;
use crate::domain::id::{InstanceId, ServerId};
use crate::domain::reputation::AuthorRecord;
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::time::Timestamp;

/// The version that an extension's channel points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadRow {
    /// The extension's id.
    pub extension: String,
    /// Its slug.
    pub slug: String,
    /// The version's id.
    pub version: String,
    /// The version's number.
    pub number: String,
    /// The scopes it declares.
    pub scopes: ScopeSet,
    /// Bytes of its code.
    pub bytes: u64,
}

/// One decision of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// The review's id.
    pub review: String,
    /// The extension's slug at the time.
    pub slug: String,
    /// The version's number.
    pub number: String,
    /// The scopes it declared.
    pub scopes: ScopeSet,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When a decision was due.
    pub due_at: Timestamp,
    /// When it was decided.
    pub ended_at: Timestamp,
    /// What was decided, by its name on the wire.
    pub outcome: String,
    /// How many approvals it needed.
    pub approvals_needed: i64,
    /// The worst finding that nobody dismissed, by its name; empty without one.
    pub worst: String,
}

/// What the dry runs of one version used at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Fuel.
    pub fuel: u64,
    /// Bytes of memory and tables.
    pub memory_bytes: u64,
}

/// One account as its reputation is computed from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What happened to it until now, but for its age.
    pub record: AuthorRecord,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its reputation as it is kept.
    pub reputation: u8,
}

/// Runs of one rule that ended one way, and some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleRuns {
    /// How many.
    pub count: u64,
    /// Review, slug and number of the newest ones.
    pub newest: Vec<(String, String, String)>,
}

/// What is installed where, without what is being removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// The servers, by id.
    pub servers: Vec<InstalledServer>,
    /// The places in `servers` where each extension is installed, by the extension's id.
    pub of_extension: HashMap<String, Vec<usize>>,
    /// How many installations there are.
    pub count: u64,
}

/// One server as installations are counted on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledServer {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its subscription tier.
    pub tier: String,
    /// How many extensions are installed on it.
    pub count: u64,
}

/// Words of scopes that were read before: a catalogue has few different sets.
#[derive(Default)]
struct Sets(HashMap<String, ScopeSet>);

impl Sets {
    fn read(&mut self, row: &Row, i: usize) -> Result<ScopeSet, StoreError> {
        if let Some(set) = self.0.get(row.str(i)?) {
            return Ok(*set);
        }
        let set = row.parsed::<Words<Scope>>(i)?.0.into_iter().collect();
        self.0.insert(row.text(i)?, set);
        Ok(set)
    }
}

/// The published heads of all extensions that are not blocked, by the extensions' ids.
pub fn heads(tx: &mut Tx) -> Result<Vec<HeadRow>, StoreError> {
    let sql = "SELECT e.id, e.slug, v.id, v.number, v.scopes, v.bytes FROM extensions e \
               JOIN versions v ON v.id = e.head_version_id WHERE e.listing_name <> 'blocked' ORDER BY e.id";
    let (mut found, mut sets) = (Vec::new(), Sets::default());
    tx.each(sql, &[], |row| {
        found.push(HeadRow {
            extension: row.text(0)?,
            slug: row.text(1)?,
            version: row.text(2)?,
            number: row.text(3)?,
            scopes: sets.read(row, 4)?,
            bytes: row.number(5)?,
        });
        Ok(())
    })?;
    Ok(found)
}

/// What the dry runs of the published heads used, by the versions' ids; versions without a report are not in it.
pub fn figures(tx: &mut Tx) -> Result<HashMap<String, Figures>, StoreError> {
    figures_among(tx, "JOIN extensions e ON e.head_version_id = r.version_id", "", &[])
}

/// What the dry runs of the versions used that a server has, by the versions' ids.
pub fn figures_on(tx: &mut Tx, server: ServerId) -> Result<HashMap<String, Figures>, StoreError> {
    let on = "JOIN installations i ON i.version_id = r.version_id";
    figures_among(tx, on, "AND i.server_id = $1", &[server.into()])
}

fn figures_among(tx: &mut Tx, on: &str, and: &str, asked: &[Value]) -> Result<HashMap<String, Figures>, StoreError> {
    let among = format!("FROM run_reports rr JOIN reviews r ON r.id = rr.review_id {on}");
    let mut found: HashMap<String, Figures> = HashMap::new();
    let mut take = |version: &str, fuel: u64, memory_bytes: u64| {
        let most = found.entry(version.to_owned()).or_default();
        most.fuel = most.fuel.max(fuel);
        most.memory_bytes = most.memory_bytes.max(memory_bytes);
    };
    let sql = format!(
        "SELECT r.version_id, MAX(rr.fuel), MAX(rr.memory_bytes) {among} WHERE rr.fuel IS NOT NULL {and} \
         GROUP BY r.version_id"
    );
    tx.each(&sql, asked, |row| {
        take(row.str(0)?, row.number(1)?, row.number(2)?);
        Ok(())
    })?;
    // Reports that are older than the columns are read whole.
    let sql = format!("SELECT r.version_id, rr.report {among} WHERE rr.fuel IS NULL {and}");
    tx.each(&sql, asked, |row| {
        if let Some(figures) = figures_of(row.str(1)?) {
            take(row.str(0)?, figures.fuel, figures.memory_bytes);
        }
        Ok(())
    })?;
    Ok(found)
}

/// What a report says the run used; none where it is no report of a run that finished.
pub(super) fn figures_of(report: &str) -> Option<Figures> {
    #[derive(Deserialize)]
    struct Report {
        result: Used,
    }
    #[derive(Deserialize)]
    struct Used {
        outcome: Outcome,
        fuel: u64,
        memory_bytes_peak: u64,
    }
    #[derive(Deserialize)]
    struct Outcome {
        kind: String,
    }
    let used = serde_json::from_str::<Report>(report).ok()?.result;
    let finished = used.outcome.kind == "finished";
    finished.then_some(Figures { fuel: used.fuel, memory_bytes: used.memory_bytes_peak })
}

/// The decisions after `since`, oldest first.
pub fn decisions(tx: &mut Tx, since: Timestamp, mut read: impl FnMut(DecisionRow)) -> Result<(), StoreError> {
    let sql = "SELECT id, slug, number, scopes, submitted_ms, due_ms, ended_ms, outcome, approvals_needed, \
               findings_worst FROM reviews WHERE ended_ms > $1 ORDER BY ended_ms, id";
    let mut sets = Sets::default();
    tx.each(sql, &[since.into()], |row| {
        read(DecisionRow {
            review: row.text(0)?,
            slug: row.text(1)?,
            number: row.text(2)?,
            scopes: sets.read(row, 3)?,
            submitted_at: row.timestamp(4)?,
            due_at: row.timestamp(5)?,
            ended_at: row.timestamp(6)?,
            outcome: row.optional_text(7)?.unwrap_or_default(),
            approvals_needed: row.integer(8)?,
            worst: row.text(9)?,
        });
        Ok(())
    })
}

/// How many decisions there were after `since`.
pub fn count_decisions(tx: &mut Tx, since: Timestamp) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM reviews WHERE ended_ms > $1";
    Ok(tx.query_one(sql, &[since.into()])?.unwrap_or(0))
}

/// Every account, by id.
pub fn accounts(tx: &mut Tx) -> Result<Vec<AccountRow>, StoreError> {
    let mut accounts: Vec<AccountRow> =
        tx.query("SELECT id, name, created_ms, reputation FROM accounts ORDER BY id", &[])?;
    let sql = "SELECT account_id, kind, CAST(SUM(amount) AS BIGINT), CAST(SUM(stars) AS BIGINT) \
               FROM reputation_events GROUP BY account_id, kind";
    let place: HashMap<String, usize> = accounts.iter().map(|row| row.id.clone()).zip(0..).collect();
    tx.each(sql, &[], |row| {
        if let Some(place) = place.get(row.str(0)?) {
            let kind = super::reputation::kind(row, 1)?;
            accounts[*place].record.add(kind, row.integer(2)?, row.integer(3)?);
        }
        Ok(())
    })?;
    Ok(accounts)
}

/// How many accounts there are.
pub fn count_accounts(tx: &mut Tx) -> Result<i64, StoreError> {
    Ok(tx.query_one("SELECT COUNT(*) FROM accounts", &[])?.unwrap_or(0))
}

/// Ids and names of accounts that own an extension and that nobody vouches for.
pub fn unverified_owners(tx: &mut Tx) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT a.id, a.name FROM accounts a WHERE a.verified = 0 \
               AND EXISTS (SELECT 1 FROM extensions e WHERE e.owner_id = a.id) ORDER BY a.id";
    pairs(tx, sql)
}

/// Ids and names (slug and number) of versions that could be submitted.
pub fn submittable(tx: &mut Tx) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT v.id, e.slug || ' ' || v.number FROM versions v JOIN extensions e ON e.id = v.extension_id \
               WHERE v.stage IN ('saved', 'withdrawn') ORDER BY v.id";
    pairs(tx, sql)
}

/// What is installed where.
pub fn installed(tx: &mut Tx) -> Result<Installed, StoreError> {
    let mut found = Installed::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    tx.each("SELECT id, name, tier FROM servers ORDER BY id", &[], |row| {
        places.insert(row.text(0)?, found.servers.len());
        found.servers.push(InstalledServer { id: row.text(0)?, name: row.text(1)?, tier: row.text(2)?, count: 0 });
        Ok(())
    })?;
    tx.each("SELECT extension_id, server_id FROM installations WHERE state <> 'removing'", &[], |row| {
        let Some(place) = places.get(row.str(1)?) else { return Ok(()) };
        found.count += 1;
        found.servers[*place].count += 1;
        match found.of_extension.get_mut(row.str(0)?) {
            Some(on) => on.push(*place),
            None => drop(found.of_extension.insert(row.text(0)?, vec![*place])),
        }
        Ok(())
    })?;
    Ok(found)
}

/// The servers that an instance serves, by their ids.
pub fn served_by(tx: &mut Tx, instance: InstanceId) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    tx.each("SELECT id FROM servers WHERE instance_id = $1 ORDER BY id", &[instance.into()], |row| {
        found.push(row.text(0)?);
        Ok(())
    })?;
    Ok(found)
}

/// The runs of a rule after `since` with this verdict.
pub fn rule_runs(
    tx: &mut Tx,
    rule: &str,
    verdict: &str,
    since: Timestamp,
    examples: usize,
) -> Result<RuleRuns, StoreError> {
    let asked = [rule.into(), verdict.into(), since.into()];
    let sql = "SELECT COUNT(*) FROM checks WHERE rule = $1 AND verdict = $2 AND started_ms > $3";
    let count: i64 = tx.query_one(sql, &asked)?.unwrap_or(0);
    let sql = "SELECT c.review_id, r.slug, r.number FROM checks c JOIN reviews r ON r.id = c.review_id \
               WHERE c.rule = $1 AND c.verdict = $2 AND c.started_ms > $3 ORDER BY c.started_ms DESC, c.review_id LIMIT $4";
    let [rule, verdict, since] = asked;
    let mut newest = Vec::new();
    tx.each(sql, &[rule, verdict, since, examples.into()], |row| {
        newest.push((row.text(0)?, row.text(1)?, row.text(2)?));
        Ok(())
    })?;
    Ok(RuleRuns { count: u64::try_from(count).unwrap_or(0), newest })
}

fn pairs(tx: &mut Tx, sql: &str) -> Result<Vec<(String, String)>, StoreError> {
    let mut found = Vec::new();
    tx.each(sql, &[], |row| {
        found.push((row.text(0)?, row.text(1)?));
        Ok(())
    })?;
    Ok(found)
}

impl FromRow for AccountRow {
    fn from_row(row: &Row) -> Result<AccountRow, StoreError> {
        Ok(AccountRow {
            id: row.text(0)?,
            name: row.text(1)?,
            record: AuthorRecord::default(),
            created_at: row.timestamp(2)?,
            reputation: row.number(3)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finished_runs_have_figures() {
        let report = |kind: &str| {
            format!(
                r#"{{"result":{{"engine":{{}},"outcome":{{"kind":"{kind}","code":0}},"fuel":5,"memory_bytes_peak":65536}}}}"#
            )
        };
        assert_eq!(figures_of(&report("finished")), Some(Figures { fuel: 5, memory_bytes: 65_536 }));
        assert_eq!(figures_of(&report("trapped")), None);
        assert_eq!(figures_of("{}"), None);
    }
}
