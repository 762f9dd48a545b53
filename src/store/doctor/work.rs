//! Whether work and claims go on: jobs that nobody has in hand, leases that ran out, submissions that nothing will check.

use super::looks::Grade::{Damage, Note, Warning};
use super::looks::{Look, RESTORE};

/// The questions.
pub(super) const LOOKS: &[Look] = &[
    Look {
        check: "jobs.state",
        grade: Damage,
        sort: "job",
        what: "its state and its lease contradict each other",
        cure: RESTORE,
        sql: "SELECT j.id, j.kind || ' ' || j.state FROM jobs j \
              WHERE j.state NOT IN ('waiting', 'running', 'failed') \
              OR (j.state = 'running' AND j.lease_until_ms IS NULL) \
              OR (j.state <> 'running' AND j.lease_until_ms IS NOT NULL) ORDER BY j.id",
    },
    Look {
        check: "jobs.failed",
        grade: Warning,
        sort: "job",
        what: "it was tried as often as it may be and given up, so its submission stays where it is",
        cure: "read its last error; once that is mended, have the author withdraw the version and submit it again",
        sql: "SELECT j.id, j.kind || ': ' || j.last_error FROM jobs j WHERE j.state = 'failed' ORDER BY j.id",
    },
    Look {
        check: "jobs.lapsed",
        grade: Note,
        sort: "job",
        what: "its worker went away while it ran",
        cure: "nothing; a running server takes it up again",
        sql: "SELECT j.id, j.kind || ' in the hands of ' || j.worker FROM jobs j \
              WHERE j.state = 'running' AND j.lease_until_ms <= $1 ORDER BY j.id",
    },
    Look {
        check: "jobs.overdue",
        grade: Note,
        sort: "job",
        what: "it has been waiting for long",
        cure: "see that a server runs, and that its checks keep up",
        sql: "SELECT j.id, j.kind FROM jobs j WHERE j.state = 'waiting' AND j.run_after_ms <= $1 ORDER BY j.id",
    },
    Look {
        check: "jobs.moot",
        grade: Note,
        sort: "job",
        what: "what it is about does not wait for it",
        cure: "nothing; a running server drops it",
        sql: "SELECT j.id, j.kind || ' of ' || j.subject_id FROM jobs j \
              WHERE j.kind = 'checks' AND j.state <> 'failed' AND NOT EXISTS \
              (SELECT 1 FROM reviews r WHERE r.id = j.subject_id AND r.open = 1 AND r.stage = 'checking') ORDER BY j.id",
    },
    Look {
        check: "jobs.missing",
        grade: Damage,
        sort: "review",
        what: "it waits for its checks, and no job will run them",
        cure: "have the author withdraw the version and submit it again; if it came without a crash, report it",
        sql: "SELECT r.id, r.slug || ' ' || r.number FROM reviews r \
              WHERE r.open = 1 AND r.stage = 'checking' AND NOT EXISTS \
              (SELECT 1 FROM jobs j WHERE j.kind = 'checks' AND j.subject_id = r.id) ORDER BY r.id",
    },
    Look {
        check: "leases.lapsed",
        grade: Note,
        sort: "review",
        what: "its claim ran out and was not given back",
        cure: "nothing; a running server gives it back within seconds",
        sql: "SELECT r.id, r.slug || ' ' || r.number || ' claimed by ' || r.claimed_by_name FROM reviews r \
              WHERE r.open = 1 AND r.stage = 'review' AND r.lease_until_ms <= $1 ORDER BY r.id",
    },
];
