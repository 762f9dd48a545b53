//! Use cases, one verb a file: each decides by the domain, writes rows, one audit row and live events, all in the
//! transaction it is given.
//!
//! A verb takes an [`Act`] (who, when, which randomness) and makes its permit from facts that it reads in the same
//! transaction; the one place that writes audit rows and live events asks for that permit. Reading takes a [`Viewer`].
//! Whatever is refused is a [`Refused`], and then nothing of it was written.

mod accounts;
mod act;
mod approve;
mod case;
mod catalogue;
mod claim;
mod claim_next;
mod create;
mod delete;
mod dismiss;
mod draft;
mod edit;
mod export;
mod hold;
mod import;
mod input;
mod lapse;
mod likeness;
mod note;
mod queue;
mod record;
mod record_checks;
mod refused;
mod reject;
mod release;
mod renew;
mod reputation;
mod review;
mod revise;
mod rollback;
mod save;
mod sight;
mod submit;
mod tokens;
mod transfer;
mod withdraw;
mod writing;
mod yank;

#[cfg(test)]
mod tests;

pub use accounts::{CreateAccount, EditAccount, create_account, edit_account};
pub use act::{Act, By, IfMatch};
pub use approve::{Approve, Approved, approve};
pub use catalogue::{ExtensionDetail, VersionDetail, current_draft, extension, extensions, version};
pub use claim::claim;
pub use claim_next::claim_next;
pub use create::{Create, Details, create};
pub use delete::delete;
pub use dismiss::{Dismiss, dismiss};
pub use draft::{Draft, draft};
pub use edit::{Edit, Shown, edit};
pub use export::{Export, export};
pub use hold::{HoldBack, LetGo, block, let_go, quarantine};
pub use import::{Import, Imported, import};
pub use lapse::{LAPSES_MAX, lapse};
pub use note::{Noted, note};
pub use queue::{QueueItem, QueueItems, item, queue, queue_total};
pub use record_checks::{RecordChecks, Recorded, record_checks};
pub use refused::{Changed, Refused, Who};
pub use reject::{Reject, reject};
pub use release::release;
pub use renew::renew;
pub use reputation::{Author, author};
pub use review::{ReviewDetail, review};
pub use revise::{Revise, revise};
pub use rollback::{Rollback, rollback};
pub use save::save;
pub use sight::{ExtensionRef, NotAnExtensionRef, Viewer, find, is_public, sees};
pub use submit::{CHECKS_JOB, Submitted, submit};
pub use tokens::{CreateToken, create_token, create_token_for, revoke_token};
pub use transfer::{Offer, accept, decline, offer};
pub use withdraw::withdraw;
pub use writing::VersionRef;
pub use yank::{Yank, unyank, yank};
