//! The program's own templates of feedback, one a reason: what the author needs in order to mend it.

use super::ReasonCode;

/// The text that is put into the editor for a reason, where nobody changed it.
pub const fn feedback_template(reason: ReasonCode) -> &'static str {
    match reason {
        ReasonCode::Security => {
            "This version does something that endangers servers or their members:\n\n- what: \n- where (function, event): \n- how to see it: \n\nPlease remove it and submit a new version."
        }
        ReasonCode::Privacy => {
            "This version gathers or passes on personal data:\n\n- which data: \n- where it goes: \n\nPlease keep only what the feature needs, say so in the description, and submit a new version."
        }
        ReasonCode::ScopesExcessive => {
            "This version asks for more than it uses:\n\n- scopes that nothing in the code calls: \n- scopes that the description does not explain: \n\nPlease declare only what is needed (the rest may be optional) and submit a new version."
        }
        ReasonCode::Broken => {
            "This version does not do what it says:\n\n- event that was run: \n- what was expected: \n- what happened: \n\n`skydeck dry-run` shows the same on your machine. Please mend it and submit a new version."
        }
        ReasonCode::Quality => {
            "This version works, but is not ready for the catalogue:\n\n- \n\nPlease improve it and submit a new version."
        }
        ReasonCode::Policy => {
            "This version is against a rule of the marketplace:\n\n- rule: \n- what breaks it: \n\nPlease change it and submit a new version."
        }
        ReasonCode::Duplicate => {
            "Another extension already does this:\n\n- which: \n\nIf yours differs, please say how in the description and submit a new version."
        }
        ReasonCode::Spam => {
            "This version advertises or repeats itself for attention:\n\n- where: \n\nPlease remove it."
        }
        ReasonCode::Other => "",
    }
}
