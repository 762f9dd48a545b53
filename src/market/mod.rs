//! Use cases, one verb a file: each decides by the domain, writes rows, one audit row and live events, all in the
//! transaction it is given.
//!
//! A verb takes an [`Act`] (who, when, which randomness) and makes its permit from facts that it reads in the same
//! transaction; the one place that writes audit rows and live events asks for that permit. Reading takes a [`Viewer`].
//! Whatever is refused is a [`Refused`], and then nothing of it was written.

mod accounts;
mod acknowledge;
mod act;
mod along;
mod announce;
mod approve;
mod case;
mod catalogue;
mod claim;
mod claim_next;
mod configure;
mod consent;
mod count_usage;
mod create;
mod create_instance;
mod delete;
mod dependencies;
mod describe_server;
mod dismiss;
mod draft;
mod edit;
mod entitlement;
mod export;
mod hold;
mod import;
mod input;
mod install;
mod installations;
mod judge;
mod lapse;
mod lapse_installations;
mod likeness;
mod manage;
mod note;
mod notice;
mod place;
mod points;
mod policy;
mod progress;
mod purchase;
mod queue;
mod rate;
mod ratings;
mod record;
mod record_checks;
mod refund;
mod refused;
mod reject;
mod release;
mod renew;
mod reply;
mod report;
mod reputation;
mod review;
mod revise;
mod rollback;
mod rollout;
mod save;
mod sight;
mod spread;
mod statement;
mod submit;
mod template;
mod thread;
mod tokens;
mod transfer;
mod withdraw;
mod writing;
mod yank;

#[cfg(test)]
mod tests;

pub use accounts::{CreateAccount, EditAccount, create_account, edit_account};
pub use acknowledge::{Acknowledgement, acknowledge};
pub use act::{Act, By, IfMatch};
pub use along::{Along, OfferLine, installation_offer};
pub use announce::{Announce, Announced, Heard, announce, confirm, find_instance, heartbeat};
pub use approve::{Approve, Approved, approve};
pub use catalogue::{ExtensionDetail, VersionDetail, current_draft, extension, extensions, version};
pub use claim::claim;
pub use claim_next::claim_next;
pub use configure::{NewSecret, configure, remove_secret, set_flags, set_secret, set_version_flags, take_secret};
pub use consent::{Answer as ConsentAnswer, ConsentGiven, consent, revoke_scopes, waiting_for_consent};
pub use count_usage::{Batch, Counted, UsageReport, count_usage};
pub use create::{Create, Details, create};
pub use create_instance::create_instance;
pub use delete::delete;
pub use describe_server::{Described, ServerEdit, describe_server, edit_server};
pub use dismiss::{Dismiss, dismiss};
pub use draft::{Draft, draft};
pub use edit::{Edit, Shown, edit};
pub use entitlement::{grant_of, instance_may_have};
pub use export::{Export, export};
pub use hold::{HoldBack, LetGo, block, let_go, quarantine};
pub use import::{Import, Imported, import};
pub use install::{NewInstallation, install};
pub use installations::{
    InstallationDetail, config_of, flags_of, installation, installed_on, run_by, secrets_of, servers_of, servers_total,
    standing_of, used_by,
};
pub use lapse::{LAPSES_MAX, lapse};
pub use lapse_installations::{DUE_MAX, lapse_installations};
pub use manage::{Removed, disable, enable, remove, roll_back, set_follow, update};
pub use note::{Noted, note};
pub use notice::notices_of;
pub use place::{InstallationRef, ServerRef, Site, find_installation, find_server};
pub use points::{GrantPoints, Granted, grant_points};
pub use policy::{
    Applied, AppliedOverride, ApplyOverride, ApplyPlan, Explained, FieldOnServer, LayerSaid, Override, PLAN_LIVES_MS,
    Planned, PlannedOverride, PolicyDraft, Revert, apply_override, apply_policy, explain_policy, fields_on_server,
    override_plan, override_policy, plan_of_server, plan_override, plan_policy, policy_of_server, policy_plan,
    revert_policy,
};
pub use purchase::{Bought, Buy, purchase};
pub use queue::{QueueItem, QueueLine, QueueLines, item, queue, queue_total};
pub use rate::{Rate, delete_rating, rate};
pub use ratings::{
    RatingDetail, ReportLine, Summary, VersionRating, Week, my_rating, rating, rating_reports, ratings, ratings_summary,
};
pub use record_checks::{RecordChecks, Recorded, record_checks};
pub use refund::refund;
pub use refused::{Changed, Refused, Who};
pub use reject::{Reject, reject};
pub use release::release;
pub use renew::renew;
pub use reply::{Answer as RatingAnswer, delete_reply, reply};
pub use report::{Complaint, ReportVerdict, Verdict, decide_report, report};
pub use reputation::{Author, MOVES_MAX, author, author_events, authors, move_due};
pub use review::{ReviewDetail, review};
pub use revise::{Revise, revise};
pub use rollback::{Rollback, rollback};
pub use rollout::{Pause, ROLLED_MAX, Rolled, RolloutEdit, roll, rollout_of, set_rollout};
pub use save::save;
pub use sight::{ExtensionRef, NotAnExtensionRef, Viewer, find, is_public, sees};
pub use spread::{FlagSetting, Spread, channel_of, flag_settings, installation_counts, installed_with, spread_of};
pub use statement::{
    NotARange, Points, Range, Sales, Seller, Whole, find_purchase, points_of, purchases_of, sales, sales_of, statement,
};
pub use submit::{CHECKS_JOB, Submitted, submit};
pub use template::{Template, set_template, templates};
pub use thread::{Said, ThreadDetail, mark_read, say, thread, threads};
pub use tokens::{CreateToken, create_token, create_token_for, revoke_token};
pub use transfer::{Offer, accept, decline, offer};
pub use withdraw::withdraw;
pub use writing::VersionRef;
pub use yank::{Yank, unyank, yank};
