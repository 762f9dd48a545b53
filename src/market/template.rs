//! Templates of feedback, one a reason: what the author needs in order to mend it.

use serde_json::json;

use super::act::{Act, IfMatch, last_change, leave};
use super::input::{Length, words};
use super::record::{Subject, record};
use super::refused::Refused;
use crate::domain::extension::{ReasonCode, feedback_template};
use crate::domain::limits::FEEDBACK_CHARS_MAX;
use crate::domain::permit::SetTemplate;
use crate::domain::time::Timestamp;
use crate::store::templates::{self, TemplateRow};
use crate::store::{StoreError, Tx, accounts};

/// The template for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The reason.
    pub reason: ReasonCode,
    /// The text.
    pub text: String,
    /// Who changed it and when; nobody where it is the program's own.
    pub changed: Option<(String, Timestamp)>,
    /// Counts its changes; its `ETag`.
    pub revision: i64,
}

/// Every template, in the order of the reasons.
pub fn templates(tx: &mut Tx) -> Result<Vec<Template>, Refused> {
    let changed = templates::all(tx)?;
    let mut all = Vec::new();
    for reason in ReasonCode::ALL {
        all.push(match changed.iter().find(|row| row.reason == *reason) {
            Some(row) => {
                let missing = || StoreError::Corrupt(format!("the account {} is missing", row.by));
                let by = accounts::by_id(tx, row.by)?.ok_or_else(missing)?.name.to_string();
                let changed = Some((by, row.at));
                Template { reason: *reason, text: row.text.clone(), changed, revision: row.revision }
            }
            None => {
                Template { reason: *reason, text: feedback_template(*reason).to_owned(), changed: None, revision: 0 }
            }
        });
    }
    Ok(all)
}

/// Writes the template for a reason; an empty one is allowed.
pub fn set_template(
    tx: &mut Tx,
    act: &Act,
    reason: ReasonCode,
    if_match: IfMatch,
    text: &str,
) -> Result<Template, Refused> {
    let leave = leave::<SetTemplate>(tx, act)?;
    let account = leave.account()?;
    let (by, name) = (account.id, account.name.to_string());
    let text = words("/text", text, Length::optional(FEEDBACK_CHARS_MAX))?;
    let revision = templates::all(tx)?.iter().find(|row| row.reason == reason).map_or(0, |row| row.revision);
    if_match.check(revision, |_| last_change(tx, "template", reason))?;
    let row = TemplateRow { reason, text, by, at: act.now, revision: revision + 1 };
    templates::put(tx, &row)?;
    let detail = json!({ "reason": reason.name(), "characters": row.text.chars().count() });
    record(tx, &leave, &Subject::Template(reason), &detail, act.now);
    Ok(Template { reason, text: row.text, changed: Some((name, act.now)), revision: row.revision })
}
