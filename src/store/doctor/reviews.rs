//! Whether each review agrees with its version, with itself, and with what the queue repeats of it.

use super::looks::Grade::{Damage, Warning};
use super::looks::{Look, RESTORE};

/// The questions.
pub(super) const LOOKS: &[Look] = &[
    Look {
        check: "review.stage",
        grade: Damage,
        sort: "review",
        what: "it is open, and its version is in another stage, of other code, or of another extension",
        cure: RESTORE,
        sql: "SELECT r.id, r.slug || ' ' || r.number || ': ' || r.stage || ', the version ' || v.stage FROM reviews r \
              JOIN versions v ON v.id = r.version_id WHERE (r.open = 1 AND (r.stage <> v.stage OR r.sha256 <> v.sha256)) \
              OR r.extension_id <> v.extension_id ORDER BY r.id",
    },
    Look {
        check: "review.missing",
        grade: Damage,
        sort: "version",
        what: "it is in the queue, and no open review is about it",
        cure: RESTORE,
        sql: "SELECT v.id, e.slug || ' ' || v.number || ': ' || v.stage FROM versions v \
              JOIN extensions e ON e.id = v.extension_id WHERE v.stage IN ('checking', 'ready', 'review') \
              AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.version_id = v.id AND r.open = 1) ORDER BY v.id",
    },
    Look {
        check: "review.twice",
        grade: Damage,
        sort: "version",
        what: "more than one open review is about it",
        cure: RESTORE,
        sql: "SELECT r.version_id, min(r.slug || ' ' || r.number) FROM reviews r WHERE r.open = 1 \
              GROUP BY r.version_id HAVING count(*) > 1 ORDER BY r.version_id",
    },
    Look {
        check: "review.end",
        grade: Damage,
        sort: "review",
        what: "whether it is open, its stage and how it ended contradict each other",
        cure: RESTORE,
        sql: "SELECT r.id, r.slug || ' ' || r.number || ': ' || r.stage FROM reviews r \
              WHERE (r.open = 1 AND (r.outcome IS NOT NULL OR r.ended_ms IS NOT NULL \
              OR r.stage NOT IN ('checking', 'ready', 'review'))) \
              OR (r.open <> 1 AND (r.outcome IS NULL OR r.ended_ms IS NULL \
              OR r.stage IN ('checking', 'ready', 'review'))) ORDER BY r.id",
    },
    Look {
        check: "review.claim",
        grade: Damage,
        sort: "review",
        what: "its stage and its claim contradict each other",
        cure: RESTORE,
        sql: "SELECT r.id, r.slug || ' ' || r.number || ': ' || r.stage FROM reviews r \
              WHERE (r.stage = 'review' AND (r.claimed_by IS NULL OR r.claimed_by_name IS NULL OR r.lease_until_ms IS NULL)) \
              OR (r.stage <> 'review' AND (r.claimed_by IS NOT NULL OR r.lease_until_ms IS NOT NULL)) ORDER BY r.id",
    },
    Look {
        check: "review.scopes",
        grade: Warning,
        sort: "review",
        what: "the queue's index by scope does not list what it declares, so filters by scope miss it or show it wrongly",
        cure: RESTORE,
        sql: "SELECT r.id, r.slug || ' ' || r.number FROM reviews r LEFT JOIN \
              (SELECT s.review_id, count(*) AS listed FROM review_scopes s GROUP BY s.review_id) k ON k.review_id = r.id \
              WHERE COALESCE(k.listed, 0) <> CASE WHEN r.open = 1 \
              THEN length(r.scopes) - length(replace(r.scopes, ' ', '')) - 1 ELSE 0 END ORDER BY r.id",
    },
    Look {
        check: "review.rank",
        grade: Warning,
        sort: "review",
        what: "the queue's index by scope has another place for it, or a scope that it does not declare",
        cure: RESTORE,
        sql: "SELECT r.id, s.scope || ' of ' || r.slug FROM review_scopes s JOIN reviews r ON r.id = s.review_id \
              WHERE r.rank_ms <> s.rank_ms OR replace(r.scopes, ' ' || s.scope || ' ', '') = r.scopes ORDER BY r.id",
    },
    Look {
        check: "review.counts",
        grade: Warning,
        sort: "review",
        what: "the numbers of notes and findings that the queue shows are not those that there are",
        cure: RESTORE,
        sql: "SELECT r.id, r.slug || ' ' || r.number FROM reviews r \
              LEFT JOIN (SELECT n.review_id, count(*) AS kept FROM notes n GROUP BY n.review_id) n ON n.review_id = r.id \
              LEFT JOIN (SELECT f.review_id, count(*) AS kept FROM findings f WHERE f.dismissed_ms IS NULL \
              GROUP BY f.review_id) f ON f.review_id = r.id \
              WHERE r.notes_count <> COALESCE(n.kept, 0) OR r.findings_count <> COALESCE(f.kept, 0) ORDER BY r.id",
    },
];
