//! What an override would do to its server, in numbers, before it is put in force.

use super::deed::{Deed, Order};
use crate::api::policy::Plan;
use crate::console::model::Model;
use crate::console::overlay::{Choice, ChoiceOf, Overlay};
use crate::domain::text::visible;

/// Lines of changes, and of what they do, that are shown.
const LINES_MAX: usize = 6;

/// Shows what it would do; the first choice changes nothing.
pub fn ask(model: &mut Model, order: Order, plan: &Plan) {
    if !matches!(model.overlay, Overlay::None) {
        // What is typed meanwhile keeps the keys.
        return model.tell(format!("What the override of {} would do is known: send it again to see it", order.title));
    }
    let totals = &plan.impact.totals;
    let mut text = vec![format!(
        "It takes something from {} extensions on {}, and sets {} fields otherwise.",
        totals.extensions_hit,
        order.title,
        plan.impact.changes.len()
    )];
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "not set".to_owned());
    let changes = plan.impact.changes.iter();
    let changes = changes.map(|one| format!("{}: {} → {}", one.field, side(&one.from), side(&one.to)));
    listed(&mut text, changes.collect());
    let effects = plan.impact.effects.iter();
    let effects = effects.map(|effect| {
        let named: Vec<&str> = effect.examples.iter().take(2).map(|example| example.name.as_str()).collect();
        let named = if named.is_empty() { String::new() } else { format!(", such as {}", named.join(" and ")) };
        format!("{} {}{named}", effect.count, effect.what)
    });
    listed(&mut text, effects.collect());
    let deed = match order.deed {
        Deed::Override { number, document, reason, .. } => {
            Deed::Override { number, document, reason, plan: Some((plan.id.clone(), plan.base)) }
        }
        deed => deed,
    };
    model.overlay = Overlay::Choice(Choice {
        title: format!("Override the policy on {}?", order.title),
        text,
        choices: vec!["Not yet; your text is kept".to_owned(), "Put it in force".to_owned()],
        cursor: 0,
        of: ChoiceOf::Servers(vec![None, Some(Order { deed, ..order })]),
    });
}

fn listed(text: &mut Vec<String>, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    text.push(String::new());
    let more = lines.len().saturating_sub(LINES_MAX);
    text.extend(lines.into_iter().take(LINES_MAX).map(|line| visible(&line).into_owned()));
    if more > 0 {
        text.push(format!("and {more} more"));
    }
}
