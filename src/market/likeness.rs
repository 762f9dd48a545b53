//! Names that could be taken for those of another owner's extension.

use super::refused::Refused;
use crate::domain::text::skeletons;
use crate::store::Tx;
use crate::store::extensions::{self, ExtensionRow};

/// Refuses a name or slug that looks like that of another owner's extension which is published or in review.
///
/// # Errors
/// The conflict `name_confusable`; it names the other extension only where everyone may know of it.
pub(super) fn check_likeness(tx: &mut Tx, extension: &ExtensionRow) -> Result<(), Refused> {
    let mut forms = skeletons(extension.name.as_str());
    forms.extend(skeletons(extension.slug.as_str()));
    forms.sort();
    forms.dedup();
    let found = extensions::look_alikes(tx, &forms, extension.owner)?;
    let Some(first) = found.first() else { return Ok(()) };
    let other = if first.published { format!("the extension {}", first.slug) } else { "another submission".to_owned() };
    let detail = format!("the name or slug can be taken for that of {other}, of another owner; choose another name");
    Err(Refused::conflict("name_confusable", detail))
}
