//! The one place where an accepted act becomes an audit row and live events.

use serde_json::{Value, json};

use super::act::Leave;
use crate::domain::audit::AuditEntry;
use crate::domain::extension::ReasonCode;
use crate::domain::id::{
    AccountId, ExtensionId, InstallationId, InstanceId, PlanId, PurchaseId, RatingId, ReviewId, ServerId, TokenId,
    VersionId,
};
use crate::domain::permit::{Action, Doer};
use crate::domain::time::Timestamp;
use crate::store::events::Listener;
use crate::store::extensions::ExtensionRow;
use crate::store::purchases::PurchaseRow;
use crate::store::ratings::RatingRow;
use crate::store::reviews::ReviewRow;
use crate::store::threads::ThreadRow;
use crate::store::versions::VersionRow;
use crate::store::{Audience, NewEvent, Tx};

/// What an act was done to.
pub(super) enum Subject {
    Account(AccountId),
    Token(TokenId),
    Extension(ExtensionId),
    Version(VersionId),
    Review(ReviewId),
    Policy(i64),
    Plan(PlanId),
    Server(ServerId),
    Instance(InstanceId),
    Installation(InstallationId),
    Purchase(PurchaseId),
    Rating(RatingId),
    Template(ReasonCode),
}

impl Subject {
    fn parts(&self) -> (&'static str, String) {
        match self {
            Subject::Account(id) => ("account", id.to_string()),
            Subject::Token(id) => ("token", id.to_string()),
            Subject::Extension(id) => ("extension", id.to_string()),
            Subject::Version(id) => ("version", id.to_string()),
            Subject::Review(id) => ("review", id.to_string()),
            Subject::Policy(number) => ("policy", number.to_string()),
            Subject::Plan(id) => ("policy_plan", id.to_string()),
            Subject::Server(id) => ("server", id.to_string()),
            Subject::Instance(id) => ("instance", id.to_string()),
            Subject::Installation(id) => ("installation", id.to_string()),
            Subject::Purchase(id) => ("purchase", id.to_string()),
            Subject::Rating(id) => ("rating", id.to_string()),
            Subject::Template(reason) => ("template", reason.to_string()),
        }
    }
}

/// Writes the act's one audit row; `detail` is a JSON object without secrets.
pub(super) fn record<A: Action>(tx: &mut Tx, leave: &Leave<A>, subject: &Subject, detail: &Value, now: Timestamp) {
    let (actor_kind, actor_id) = match leave.permit.doer() {
        Doer::Account { id, .. } => ("account", id.to_string()),
        Doer::System => ("system", String::new()),
        Doer::LocalOperator => ("local_operator", String::new()),
    };
    let (subject_kind, subject_id) = subject.parts();
    tx.audit(AuditEntry {
        at: now,
        actor_kind: actor_kind.to_owned(),
        actor_id,
        action: leave.permit.action().to_owned(),
        subject_kind: subject_kind.to_owned(),
        subject_id,
        detail: detail.to_string(),
    });
}

/// Tells maintainers, the author and the owner that a review changed.
pub(super) fn tell_queue(tx: &mut Tx, action: &str, review: &ReviewRow, owner: AccountId, by: &str) {
    let body = json!({
        "action": action,
        "review_id": review.id.to_string(),
        "extension_id": review.extension.to_string(),
        "version_id": review.version.to_string(),
        "slug": review.slug,
        "number": review.number.to_string(),
        "stage": review.stage.name(),
        "claimed_by": review.claim.as_ref().map(|claim| claim.by_name.as_str()),
        "revision": review.revision,
        "by": by,
    });
    let mut accounts = vec![review.author];
    accounts.extend((owner != review.author).then_some(owner));
    tx.event(NewEvent { topic: "queue", audience: Audience::maintainers_and(accounts), body });
}

/// Tells those who see all of an extension that one of its versions changed.
pub(super) fn tell_version(tx: &mut Tx, action: &str, extension: &ExtensionRow, version: &VersionRow, by: &str) {
    let body = json!({
        "action": action,
        "extension_id": extension.id.to_string(),
        "version_id": version.id.to_string(),
        "slug": extension.slug.as_str(),
        "number": version.number.to_string(),
        "stage": version.stage.name().name(),
        "revision": version.revision,
        "by": by,
    });
    tx.event(NewEvent { topic: "version", audience: Audience::maintainers_and([extension.owner]), body });
}

/// Tells everyone who may know of an extension that it changed.
pub(super) fn tell_extension(tx: &mut Tx, action: &str, extension: &ExtensionRow, by: &str) {
    let head = extension.head.as_ref();
    let body = json!({
        "action": action,
        "extension_id": extension.id.to_string(),
        "slug": extension.slug.as_str(),
        "listing": extension.listing.name(),
        "head": head.map(|head| head.number.to_string()),
        "channel_revision": head.map_or(0, |head| head.revision),
        "revision": extension.revision,
        "by": by,
    });
    let audience = if super::sight::is_public(extension) {
        Audience::all()
    } else {
        Audience::maintainers_and([Some(extension.owner), extension.offered_to].into_iter().flatten())
    };
    tx.event(NewEvent { topic: "extension", audience, body });
}

/// Tells administrators and the account itself that an account changed.
pub(super) fn tell_account(tx: &mut Tx, action: &str, account: AccountId, name: &str) {
    let body = json!({ "action": action, "account_id": account.to_string(), "name": name });
    let audience = Audience::of([Listener::Administrators, Listener::Account(account)]);
    tx.event(NewEvent { topic: "account", audience, body });
}

/// Tells the accounts concerned that something was bought or taken back; who bought it is not for all of them.
pub(super) fn tell_purchase(
    tx: &mut Tx,
    action: &str,
    row: &PurchaseRow,
    concerned: impl IntoIterator<Item = AccountId>,
) {
    let body = json!({
        "action": action,
        "purchase_id": row.id.to_string(),
        "extension_id": row.extension.to_string(),
        "slug": row.slug,
        "price_points": row.sale.price_points,
    });
    let accounts = concerned.into_iter().map(Listener::Account);
    let audience = Audience::of(std::iter::once(Listener::Administrators).chain(accounts));
    tx.event(NewEvent { topic: "purchase", audience, body });
}

/// Tells an account and administrators that it was granted points.
pub(super) fn tell_points(tx: &mut Tx, account: AccountId, balance: i64) {
    let body = json!({ "action": "granted", "account_id": account.to_string(), "balance": balance });
    let audience = Audience::of([Listener::Administrators, Listener::Account(account)]);
    tx.event(NewEvent { topic: "purchase", audience, body });
}

/// Tells of a rating of an extension: who may see it, and maintainers.
pub(super) fn tell_rating(tx: &mut Tx, action: &str, extension: &ExtensionRow, rating: &RatingRow, by: &str) {
    let body = json!({
        "action": action,
        "rating_id": rating.id.to_string(),
        "extension_id": extension.id.to_string(),
        "slug": extension.slug.as_str(),
        "number": rating.number.to_string(),
        "stars": rating.stars.number(),
        "state": rating.state.name(),
        "revision": rating.revision,
        "by": by,
    });
    let audience = if super::sight::is_public(extension) && rating.counts() {
        Audience::all()
    } else {
        Audience::maintainers_and([extension.owner, rating.account])
    };
    tx.event(NewEvent { topic: "rating", audience, body });
}

/// Tells maintainers and the owner that something was said in a thread.
pub(super) fn tell_thread(tx: &mut Tx, action: &str, thread: &ThreadRow, review: &ReviewRow, by: &str) {
    let body = json!({
        "action": action,
        "review_id": review.id.to_string(),
        "slug": review.slug,
        "number": review.number.to_string(),
        "turn": thread.turn.name(),
        "messages": thread.messages,
        "revision": thread.revision,
        "by": by,
    });
    tx.event(NewEvent { topic: "thread", audience: Audience::maintainers_and([thread.owner]), body });
}
