//! A plan is put in force by typing its numbers: who types them has read them.

use crossterm::event::KeyEvent;

use super::{deed, draft};
use crate::api::policy::Plan;
use crate::console::action::Action;
use crate::console::effect::Effect;
use crate::console::model::Model;
use crate::console::overlay::Overlay;
use crate::console::widgets::line_input::LineInput;

/// The question, and what was typed so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirm {
    /// The plan's id.
    pub plan: String,
    /// The revision that it starts from.
    pub base: i64,
    /// What has to be typed: the numbers of extensions, submissions and servers that it hits.
    pub wanted: [u64; 3],
    /// What was typed.
    pub input: LineInput,
    /// What is wrong with it.
    pub fault: Option<String>,
}

/// The numbers of extensions, submissions and servers that a plan hits.
pub fn numbers(plan: &Plan) -> [u64; 3] {
    let totals = &plan.impact.totals;
    [totals.extensions_hit, totals.submissions_hit, totals.servers_hit.unwrap_or(0)]
}

/// Takes a key.
pub fn press(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let Overlay::Policy(draft::Dialog::Confirm(confirm)) = &mut model.overlay else { return Vec::new() };
    match action {
        Some(Action::Accept) => {
            let typed: Vec<&str> = confirm.input.text().split_whitespace().collect();
            if typed != confirm.wanted.map(|number| number.to_string()) {
                confirm.fault = Some("These are not the numbers of this plan; nothing was done.".to_owned());
                return Vec::new();
            }
            let (plan, base) = (confirm.plan.clone(), confirm.base);
            model.overlay = Overlay::None;
            return deed::apply(model, plan, base);
        }
        Some(Action::Cancel) => model.overlay = Overlay::None,
        _ => {
            if confirm.input.key(key) {
                confirm.fault = None;
            }
        }
    }
    Vec::new()
}
