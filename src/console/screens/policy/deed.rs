//! What can be done to the policy, and how it is asked: planned first, then confirmed by its numbers.

use serde_json::Value;

use super::confirm::{Confirm, numbers};
use super::effect::Effect as Ask;
use super::{Part, draft, update};
use crate::console::effect::Effect;
use crate::console::model::Model;
use crate::console::overlay::{Overlay, ReasonOf};
use crate::console::reason;
use crate::console::widgets::line_input::LineInput;

/// Something that waits for its reason.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Plan a draft.
    Draft(Value),
    /// Plan to go back to a revision.
    Revert(i64),
}

/// Whether the caller may change the policy; says who may where he may not.
pub fn may_change(model: &mut Model) -> bool {
    let may = model.me.value().is_some_and(|me| me.account.role == "administrator");
    if !may {
        model.tell("Only administrators change the policy".to_owned());
    }
    may
}

/// Asks why a draft is to be put in force.
pub fn ask_draft_reason(model: &mut Model, document: Value) {
    let hint = "Why is the policy changed? Everybody who looks at its revisions reads this.";
    let of = ReasonOf::Policy(Box::new(Order::Draft(document)));
    reason::open(model, "change the policy".to_owned(), hint, "policyreason-draft".to_owned(), of);
}

/// Asks why an earlier revision is gone back to.
pub fn ask_revert_reason(model: &mut Model) -> Vec<Effect> {
    if !may_change(model) {
        return Vec::new();
    }
    let Some(number) = model.policy.revision().map(|revision| revision.number) else {
        model.tell(format!("Go to “{}” and choose where to go back to", Part::Revisions.title()));
        return Vec::new();
    };
    if model.policy.in_force.value().is_some_and(|in_force| in_force.revision.number == number) {
        model.tell(format!("Revision {number} is in force"));
        return Vec::new();
    }
    let hint = "Why is it gone back to? What that does is shown before it is done.";
    let of = ReasonOf::Policy(Box::new(Order::Revert(number)));
    reason::open(model, format!("go back to revision {number}"), hint, format!("policyreason-{number}"), of);
    Vec::new()
}

/// Has the server reckon what it would do.
pub fn plan(model: &mut Model, order: Order, reason: String) -> Vec<Effect> {
    let screen = &mut model.policy;
    screen.part = Part::Plan;
    screen.opened = None;
    screen.plan = None;
    screen.refused = None;
    screen.planning = true;
    screen.plans_asked += 1;
    let asked = screen.plans_asked;
    screen.lists[Part::Plan as usize].cursor = 0;
    let ask = match order {
        Order::Draft(document) => Ask::Plan { asked, document: Some(document), revision: None, reason },
        Order::Revert(number) => Ask::Plan { asked, document: None, revision: Some(number), reason },
    };
    vec![Effect::Policy(ask)]
}

/// Asks for the numbers of the plan that is shown, before it is put in force.
pub fn ask_numbers(model: &mut Model) -> Vec<Effect> {
    if !may_change(model) {
        return Vec::new();
    }
    if model.policy.part != Part::Plan {
        model.policy.part = Part::Plan;
        model.policy.opened = None;
    }
    let edit = model.key(crate::console::action::Action::PolicyEdit);
    let Some(plan) = model.policy.plan.clone() else {
        model.tell(format!("There is no plan: write a draft first ({edit})"));
        return Vec::new();
    };
    if model.policy.planning {
        model.tell("It is being put in force".to_owned());
        return Vec::new();
    }
    if update::until(&plan).is_some_and(|until| until <= model.now) {
        model.warn("This plan has ended; plan the draft again and look at it once more".to_owned());
        return Vec::new();
    }
    let wanted = numbers(&plan);
    let confirm = Confirm { plan: plan.id, base: plan.base, wanted, input: LineInput::default(), fault: None };
    model.overlay = Overlay::Policy(draft::Dialog::Confirm(Box::new(confirm)));
    Vec::new()
}

/// Puts a plan in force whose numbers were typed.
pub fn apply(model: &mut Model, plan: String, base: i64) -> Vec<Effect> {
    if !model.can_send() {
        return Vec::new();
    }
    model.policy.planning = true;
    vec![Effect::Policy(Ask::Apply { plan, base })]
}
