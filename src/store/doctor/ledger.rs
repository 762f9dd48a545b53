//! Whether points come from somewhere and go somewhere: entries that sum to zero, balances that follow from postings.

use super::looks::Grade::Damage;
use super::looks::{Look, RESTORE};

/// The questions.
pub(super) const LOOKS: &[Look] = &[
    Look {
        check: "ledger.entries",
        grade: Damage,
        sort: "ledger entry",
        what: "its postings do not sum to zero",
        cure: RESTORE,
        sql: "SELECT e.id, e.kind FROM ledger_entries e LEFT JOIN ledger_postings p ON p.entry_id = e.id \
              GROUP BY e.id, e.kind HAVING COALESCE(SUM(p.points), 0) <> 0 OR COUNT(p.n) < 2 ORDER BY e.id",
    },
    Look {
        check: "ledger.balances",
        grade: Damage,
        sort: "ledger account",
        what: "a balance does not follow from the one before it",
        cure: RESTORE,
        sql: "SELECT p.account, 'posting ' || CAST(p.n AS TEXT) FROM ledger_postings p \
              LEFT JOIN ledger_postings b ON b.account = p.account AND b.n = p.n - 1 \
              WHERE p.balance <> COALESCE(b.balance, 0) + p.points OR (p.n > 1 AND b.n IS NULL) ORDER BY p.account, p.n",
    },
    Look {
        check: "ledger.purchases",
        grade: Damage,
        sort: "purchase",
        what: "the ledger has not just one entry for it, and one more where it was taken back",
        cure: RESTORE,
        sql: "SELECT p.id, p.slug FROM purchases p WHERE \
              (SELECT count(*) FROM ledger_entries e WHERE e.purchase_id = p.id AND e.kind = 'purchase') <> 1 OR \
              (SELECT count(*) FROM ledger_entries e WHERE e.purchase_id = p.id AND e.kind = 'refund') <> \
              CASE WHEN p.refunded_ms IS NULL THEN 0 ELSE 1 END ORDER BY p.id",
    },
];
