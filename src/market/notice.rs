//! Telling every instance that runs an extension what it has to know at once.

use serde_json::{Value, json};

use super::act::Act;
use super::refused::Refused;
use super::sight::{ExtensionRef, Viewer, find};
use crate::domain::id::NoticeId;
use crate::domain::instance::Instance;
use crate::store::events::Listener;
use crate::store::extensions::ExtensionRow;
use crate::store::notices::{self, Confirmed, NoticeRow};
use crate::store::{Audience, NewEvent, Tx, extensions, installations};

/// Notices shown at most.
const NOTICES_MAX: usize = 50;

/// Writes a notice for the instances that have the extension, and tells them; they confirm it.
pub(super) fn notify(
    tx: &mut Tx,
    act: &Act,
    extension: &ExtensionRow,
    kind: &str,
    what: &Value,
) -> Result<(), Refused> {
    let listeners = installations::instances_with(tx, extension.id)?;
    if listeners.is_empty() {
        return Ok(());
    }
    let id = NoticeId::mint(act.now, &mut act.entropy());
    let body = body(extension, kind, what, Some(id));
    let notice = NoticeRow { id, extension: extension.id, kind: kind.to_owned(), body: body.to_string(), at: act.now };
    let ids: Vec<_> = listeners.iter().map(|(instance, _)| *instance).collect();
    notices::insert(tx, &notice, &ids)?;
    let audience = listeners.into_iter().map(|(_, account)| Listener::Account(account));
    tx.event(NewEvent { topic: "notice", audience: Audience::of(audience.chain([Listener::Maintainers])), body });
    Ok(())
}

/// Tells the instances that have the extension what they need not confirm.
pub(super) fn tell_instances(tx: &mut Tx, extension: &ExtensionRow, kind: &str, what: &Value) -> Result<(), Refused> {
    let listeners = installations::instances_with(tx, extension.id)?;
    let body = body(extension, kind, what, None);
    let audience = listeners.into_iter().map(|(_, account)| Listener::Account(account));
    tx.event(NewEvent { topic: "notice", audience: Audience::of(audience), body });
    Ok(())
}

/// Tells the extension's owner and maintainers how many instances have confirmed a notice now.
pub(super) fn tell_confirmed(tx: &mut Tx, notice: NoticeId, by: &Instance) -> Result<(), Refused> {
    let Some(notice) = notices::by_id(tx, notice)? else { return Ok(()) };
    let Some(extension) = extensions::by_id(tx, notice.extension)? else { return Ok(()) };
    let confirmed = notices::confirmed(tx, notice.id)?;
    let body = json!({
        "action": "confirmed",
        "notice_id": notice.id.to_string(),
        "extension_id": extension.id.to_string(),
        "slug": extension.slug.as_str(),
        "kind": notice.kind,
        "instance": by.name.as_str(),
        "instances": confirmed.of,
        "confirmed": confirmed.by,
    });
    let audience = Audience::maintainers_and([extension.owner]);
    tx.event(NewEvent { topic: "confirmation", audience, body });
    Ok(())
}

/// The newest notices about an extension, with how many instances have confirmed each; for its owner and maintainers.
pub fn notices_of(
    tx: &mut Tx,
    viewer: &Viewer,
    extension: &ExtensionRef,
) -> Result<(ExtensionRow, Vec<(NoticeRow, Confirmed)>), Refused> {
    let row = find(tx, viewer, extension)?;
    if !viewer.sees_all_of(&row) {
        return Err(Refused::NotFound("extension of yours"));
    }
    let notices = notices::of_extension(tx, row.id, NOTICES_MAX)?;
    Ok((row, notices))
}

fn body(extension: &ExtensionRow, kind: &str, what: &Value, id: Option<NoticeId>) -> Value {
    let head = extension.head.as_ref();
    json!({
        "action": kind,
        "notice_id": id.map(|id| id.to_string()),
        "extension_id": extension.id.to_string(),
        "slug": extension.slug.as_str(),
        "head": head.map(|head| head.number.to_string()),
        "channel_revision": head.map_or(0, |head| head.revision),
        "listing": extension.listing.name(),
        "what": what,
    })
}
