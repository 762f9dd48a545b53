//! Whether versions, the codes they are made of, their numbers, and the channels that point at them agree.

use super::looks::Grade::Damage;
use super::looks::{Look, RESTORE};

/// The questions.
pub(super) const LOOKS: &[Look] = &[
    Look {
        check: "version.stage",
        grade: Damage,
        sort: "version",
        what: "its stage is kept twice, and the two differ",
        cure: RESTORE,
        sql: "SELECT v.id, e.slug || ' ' || v.number || ': ' || v.stage FROM versions v \
              JOIN extensions e ON e.id = v.extension_id \
              WHERE v.stage_data NOT LIKE '{\"stage\":\"' || v.stage || '\"%' ORDER BY v.id",
    },
    Look {
        check: "version.published",
        grade: Damage,
        sort: "version",
        what: "its stage and when it was published contradict each other",
        cure: RESTORE,
        sql: "SELECT v.id, e.slug || ' ' || v.number || ': ' || v.stage FROM versions v \
              JOIN extensions e ON e.id = v.extension_id WHERE (v.stage = 'published' AND v.published_ms IS NULL) \
              OR (v.stage <> 'published' AND v.published_ms IS NOT NULL) ORDER BY v.id",
    },
    Look {
        check: "version.code",
        grade: Damage,
        sort: "version",
        what: "the digests and the length of its code are not those that the code is known by",
        cure: RESTORE,
        sql: "SELECT v.id, e.slug || ' ' || v.number FROM versions v JOIN extensions e ON e.id = v.extension_id \
              JOIN blobs b ON b.sha256 = v.sha256 WHERE b.md5 <> v.md5 OR b.bytes <> v.bytes ORDER BY v.id",
    },
    Look {
        check: "version.spent",
        grade: Damage,
        sort: "version",
        what: "it was submitted, and its number is not spent for it: another version could take the number",
        cure: RESTORE,
        sql: "SELECT v.id, e.slug || ' ' || v.number FROM versions v JOIN extensions e ON e.id = v.extension_id \
              WHERE v.submitted_ever = 1 AND NOT EXISTS (SELECT 1 FROM spent_numbers s \
              WHERE s.slug = e.slug AND s.precedence = v.precedence AND s.version_id = v.id) ORDER BY v.id",
    },
    Look {
        check: "extension.head",
        grade: Damage,
        sort: "extension",
        what: "the version that it offers is not published, not its own, or known by another number",
        cure: RESTORE,
        sql: "SELECT e.id, e.slug FROM extensions e WHERE e.head_version_id IS NOT NULL AND NOT EXISTS \
              (SELECT 1 FROM versions v WHERE v.id = e.head_version_id AND v.extension_id = e.id \
              AND v.stage = 'published' AND v.number = e.head_number) ORDER BY e.id",
    },
    Look {
        check: "extension.headless",
        grade: Damage,
        sort: "extension",
        what: "it has published versions and offers none",
        cure: RESTORE,
        sql: "SELECT e.id, e.slug FROM extensions e WHERE e.head_version_id IS NULL AND EXISTS \
              (SELECT 1 FROM versions v WHERE v.extension_id = e.id AND v.stage = 'published') ORDER BY e.id",
    },
    Look {
        check: "channel.head",
        grade: Damage,
        sort: "extension",
        what: "the newest revision of its channel is not what it offers",
        cure: RESTORE,
        sql: "SELECT e.id, e.slug FROM extensions e LEFT JOIN \
              (SELECT c.extension_id, max(c.number) AS newest FROM channel_revisions c WHERE c.channel = 'stable' \
              GROUP BY c.extension_id) n ON n.extension_id = e.id WHERE e.head_revision <> COALESCE(n.newest, 0) \
              OR (e.head_version_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM channel_revisions c \
              WHERE c.extension_id = e.id AND c.channel = 'stable' AND c.number = e.head_revision \
              AND c.version_id = e.head_version_id)) ORDER BY e.id",
    },
    Look {
        check: "channel.numbers",
        grade: Damage,
        sort: "extension",
        what: "a revision of its channel is missing",
        cure: RESTORE,
        sql: "SELECT c.extension_id, c.channel FROM channel_revisions c GROUP BY c.extension_id, c.channel \
              HAVING min(c.number) <> 1 OR max(c.number) <> count(*) ORDER BY c.extension_id",
    },
];
