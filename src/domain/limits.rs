//! Every bound in the program, by name and with its unit; the policy may lower what is a ceiling here.

use serde::{Deserialize, Serialize};

/// Caps of one run of one extension; every field is recorded in the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunLimits {
    /// Bytes of linear memory and tables together.
    pub memory_bytes_max: u64,
    /// Fuel (engine units) a run may use.
    pub fuel_max: u64,
    /// Wall clock of a run, host calls included.
    pub timeout_ms: u64,
    /// Nested calls inside the guest.
    pub call_depth_max: u32,
    /// Calls of host functions (log lines are not counted).
    pub host_calls_max: u32,
    /// Actions that change the world (bans, messages, roles).
    pub actions_max: u32,
    /// Log lines kept.
    pub log_lines_max: u32,
    /// Bytes kept of one log line.
    pub log_line_bytes_max: u32,
    /// Bytes of storage for one server, keys and values together.
    pub storage_bytes_max: u64,
    /// Replies to one trigger.
    pub replies_max: u32,
    /// Bytes of one request to a host function.
    pub request_bytes_max: u32,
    /// Bytes of one answer of a host function.
    pub answer_bytes_max: u32,
    /// Fuel between two looks at the wall clock.
    pub slice_fuel: u64,
}

/// Caps on a module, looked at before it is compiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleLimits {
    /// Bytes of the module.
    pub bytes_max: u64,
    /// Types in the type section.
    pub types_max: u32,
    /// Functions, imported and defined.
    pub functions_max: u32,
    /// Imports of every sort.
    pub imports_max: u32,
    /// Exports.
    pub exports_max: u32,
    /// Globals.
    pub globals_max: u32,
    /// Data segments.
    pub data_segments_max: u32,
    /// Element segments.
    pub element_segments_max: u32,
    /// Locals of one function, parameters included.
    pub locals_max: u32,
    /// Parameters of one function type.
    pub params_max: u32,
    /// Results of one function type.
    pub results_max: u32,
    /// Nesting of blocks in one function.
    pub nesting_max: u32,
    /// Bytes of one function's body.
    pub body_bytes_max: u32,
    /// Tables.
    pub tables_max: u32,
    /// Elements of one table at its start and at most.
    pub table_elements_max: u32,
    /// Memories.
    pub memories_max: u32,
}

impl RunLimits {
    /// The caps of dry runs, review and unknown tiers: those of the `pro` tier.
    pub const fn pro() -> RunLimits {
        RunLimits {
            memory_bytes_max: 128 << 20,
            fuel_max: 2_000_000_000,
            timeout_ms: 5_000,
            call_depth_max: 1_000,
            host_calls_max: 1_000,
            actions_max: 50,
            log_lines_max: 200,
            log_line_bytes_max: 1_024,
            storage_bytes_max: 25 << 10,
            replies_max: 5,
            request_bytes_max: 64 << 10,
            answer_bytes_max: 1 << 20,
            slice_fuel: 1_000_000,
        }
    }

    /// The caps of the `plus` tier.
    pub const fn plus() -> RunLimits {
        RunLimits { memory_bytes_max: 64 << 20, fuel_max: 1_000_000_000, ..RunLimits::pro() }
    }

    /// The caps of the `free` tier.
    pub const fn free() -> RunLimits {
        RunLimits { memory_bytes_max: 32 << 20, fuel_max: 500_000_000, ..RunLimits::pro() }
    }
}

impl ModuleLimits {
    /// The hard ceilings; compiling what they allow stays within some 200 ms and 100 MiB.
    pub const fn ceiling() -> ModuleLimits {
        ModuleLimits {
            bytes_max: 4 << 20,
            types_max: 2_000,
            functions_max: 20_000,
            imports_max: 500,
            exports_max: 500,
            globals_max: 2_000,
            data_segments_max: 2_000,
            element_segments_max: 500,
            locals_max: 2_000,
            params_max: 64,
            results_max: 16,
            nesting_max: 200,
            body_bytes_max: 512 << 10,
            tables_max: 4,
            table_elements_max: 100_000,
            memories_max: 1,
        }
    }
}

/// Bytes of a `.skypkg` document.
pub const PACKAGE_BYTES_MAX: usize = 8 << 20;
/// Bytes of decoded code.
pub const CODE_BYTES_MAX: usize = 4 << 20;
/// Nesting of a JSON document.
pub const JSON_DEPTH_MAX: usize = 64;
/// Faults listed for one bad package; the rest is counted.
pub const FAULTS_MAX: usize = 100;
/// Characters of an extension's name.
pub const NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=100;
/// Characters of a slug.
pub const SLUG_CHARS: std::ops::RangeInclusive<usize> = 2..=60;
/// Characters of a description.
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// Characters of an account's name.
pub const ACCOUNT_NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=40;
/// Tags of one extension.
pub const TAGS_MAX: usize = 10;
/// Characters of one tag.
pub const TAG_CHARS_MAX: usize = 30;
/// Characters of a rejection's feedback, a note or a reason.
pub const FEEDBACK_CHARS_MAX: usize = 10_000;
/// Characters of a short reason (yank, quarantine, rollback).
pub const REASON_CHARS_MAX: usize = 500;
/// Characters of a filter.
pub const FILTER_CHARS_MAX: usize = 500;
/// Terms of a filter.
pub const FILTER_TERMS_MAX: usize = 20;
/// Items of one page.
pub const PAGE_ITEMS_MAX: usize = 100;
/// Rows one filtered page may look at before it answers with what it has and `next`.
pub const SCAN_ROWS_MAX: usize = 5_000;
/// Items of one bulk request.
pub const BULK_ITEMS_MAX: usize = 100;
/// Findings kept for one version.
pub const FINDINGS_MAX: usize = 500;
/// Characters of an idempotency key.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 200;
/// How long an idempotent answer is given again.
pub const IDEMPOTENCY_KEPT_MS: i64 = 24 * 3_600_000;
/// How long an unreferenced blob is kept.
pub const ORPHAN_BLOB_KEPT_MS: i64 = 24 * 3_600_000;
/// Bytes of a JSON body that is not a package.
pub const BODY_BYTES_MAX: usize = 256 << 10;
/// Bytes of a policy document.
pub const POLICY_BYTES_MAX: usize = 128 << 10;
/// Requests in flight at once.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 512;
/// Connected event streams at once.
pub const EVENT_STREAMS_MAX: usize = 1_000;
/// Time for a request's headers.
pub const HEADER_TIMEOUT_MS: u64 = 10_000;
/// Time for a request's body.
pub const BODY_TIMEOUT_MS: u64 = 30_000;
/// Time in which a terminating server lets running requests end.
pub const SHUTDOWN_GRACE_MS: u64 = 10_000;
/// Attempts of one operation on stored code.
pub const BLOB_ATTEMPTS_MAX: u32 = 5;
/// Time of one attempt: a code of the largest size over a slow line.
pub const BLOB_ATTEMPT_TIMEOUT_MS: u64 = 10_000;
/// Time of all attempts of one operation on stored code, with the pauses between them.
pub const BLOB_OPERATION_TIMEOUT_MS: u64 = 20_000;
/// Time in which a connection to the store of code has to be made.
pub const BLOB_CONNECT_TIMEOUT_MS: u64 = 3_000;
/// The pause after the first attempt on stored code; each later one is twice as long.
pub const BLOB_BACKOFF_MS: u64 = 50;
/// Time in which the store of code has to show that it works.
pub const BLOB_PROBE_TIMEOUT_MS: u64 = 5_000;
/// How long a store of code that was found well counts as well, unless something fails.
pub const BLOB_PROBE_KEPT_MS: u64 = 2_000;
/// How long a row keeps a code from being removed while it is put, or put while it is removed; longer than an operation
/// may take and than clocks may differ.
pub const BLOB_GUARD_MS: i64 = 3_600_000;
/// How long a put waits for another node that removes the same code.
pub const BLOB_GUARD_WAIT_MS: u64 = 10_000;
/// How long a starting node leaves it to another one to mark the store of code.
pub const BLOB_SETTLE_WAIT_MS: i64 = 30_000;
/// Live events kept for resuming.
pub const EVENTS_KEPT_MAX: i64 = 100_000;
/// Time between two signs of life of a node that shares its database.
pub const NODE_BEAT_MS: u64 = 5_000;
/// Silence after which a node counts as dead: three signs of life may be lost.
pub const NODE_SILENCE_MAX_MS: i64 = 20_000;
/// How far a node's clock may be from the database's. A job is held for 10 s and its hold is renewed every 3 s, so two
/// nodes, one ahead and one behind by this much, do not yet take one another's jobs.
pub const NODE_CLOCK_OFF_MAX_MS: i64 = 3_000;
/// Characters of the chat platform's id of a server.
pub const GUILD_CHARS_MAX: usize = 64;
/// Characters of a server's name.
pub const SERVER_NAME_CHARS_MAX: usize = 100;
/// Characters of a subscription tier's name.
pub const TIER_CHARS_MAX: usize = 30;
/// Managers of one server.
pub const MANAGERS_MAX: usize = 20;
/// Servers that one announcement may name.
pub const ANNOUNCED_SERVERS_MAX: usize = 2_500;
/// Features that an instance may announce.
pub const INSTANCE_WORDS_MAX: usize = 64;
/// MiB that an instance may announce for extensions.
pub const INSTANCE_MEMORY_MIB_MAX: u64 = 1 << 24;
/// Bytes of an installation's configuration.
pub const CONFIG_BYTES_MAX: usize = 64 << 10;
/// Configurations of one installation that are kept.
pub const CONFIGS_KEPT_MAX: i64 = 50;
/// Bytes of one secret.
pub const SECRET_BYTES_MAX: usize = 4 << 10;
/// Characters of a secret's name.
pub const SECRET_NAME_CHARS_MAX: usize = 64;
/// Origins that one secret may be sent to.
pub const SECRET_ORIGINS_MAX: usize = 10;
/// Secrets of one installation.
pub const SECRETS_MAX: usize = 20;
/// Steps of the solver of dependencies.
pub const DEPENDENCY_STEPS_MAX: usize = 20_000;
/// Extensions that are looked at for one solution.
pub const DEPENDENCY_EXTENSIONS_MAX: usize = 2_000;
/// Characters of an explanation why dependencies cannot be solved.
pub const EXPLANATION_CHARS_MAX: usize = 4_000;
/// Length of the time that usage is added up for.
pub const USAGE_HOUR_MS: i64 = 3_600_000;
/// How far in the future usage may lie: clocks differ.
pub const USAGE_FUTURE_MS: i64 = 300_000;
/// How long ago usage may have been.
pub const USAGE_PAST_MS: i64 = 30 * 86_400_000;
/// What one count of one record may be.
pub const USAGE_COUNT_MAX: u64 = 1_000_000_000_000_000;
/// The greatest number of a batch.
pub const USAGE_BATCH_NUMBER_MAX: u64 = 1 << 53;
/// How far a batch may be ahead of the first missing one.
pub const USAGE_AHEAD_MAX: u64 = 100_000;
/// Gaps that may be open at once.
pub const USAGE_GAPS_MAX: usize = 1_000;
/// Batches of one request.
pub const USAGE_BATCHES_MAX: usize = 100;
/// Records of one request.
pub const USAGE_RECORDS_MAX: usize = 2_000;
/// Points that one grant may give.
pub const GRANT_POINTS_MAX: u64 = 1_000_000_000_000;
/// Points that there may be in all: every sum of them is exact wherever numbers are floats.
pub const ISSUED_POINTS_MAX: i64 = 1 << 52;
/// Characters of a grant for a premium extension.
pub const GRANT_TEXT_CHARS_MAX: usize = 2_048;
/// How far ahead of an instance's clock a grant may have been signed.
pub const GRANT_FUTURE_MS: i64 = 300_000;
/// Days of one look at sales.
pub const SALES_DAYS_MAX: i64 = 400;
/// Extensions of one look at sales.
pub const SALES_EXTENSIONS_MAX: usize = 100;
/// Bytes of a request with usage.
pub const USAGE_BYTES_MAX: usize = 4 << 20;
/// Characters of a rating's text, and of the owner's reply to it.
pub const RATING_TEXT_CHARS_MAX: usize = 2_000;
/// Changes of ratings by one account within an hour.
pub const RATING_CHANGES_PER_HOUR_MAX: i64 = 30;
/// Reports of ratings by one account within a day.
pub const RATING_REPORTS_PER_DAY_MAX: i64 = 20;
/// Least and most ratings that the catalogue's mean counts as in the mean of one extension.
pub const RATING_PRIOR_WEIGHT: std::ops::RangeInclusive<u64> = 2..=50;
/// Weeks that the trend of an extension's ratings goes back.
pub const RATING_TREND_WEEKS: i64 = 26;
/// Messages of one thread.
pub const THREAD_MESSAGES_MAX: i64 = 500;
/// Messages of one account within an hour.
pub const THREAD_MESSAGES_PER_HOUR_MAX: i64 = 60;
/// Events shown of what a reputation is made of.
pub const REPUTATION_EVENTS_SHOWN_MAX: usize = 200;
