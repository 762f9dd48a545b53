//! The one place where things happen: `update` takes an event, changes the model and says what is to be done outside.

use crossterm::event::KeyEvent;

use super::action::{Action, Contexts};
use super::effect::Effect;
use super::event::{Event, Live, Mouse, Reply, RunSlot, Signal};
use super::model::{Link, Model, ScreenName};
use super::overlay::{Choice, ChoiceOf, Overlay};
use super::screens::review::{decide, writing};
use super::screens::{extensions, policy, queue, review, sales, sandbox, servers};
use super::widgets::list::Motion;
use super::{overlay_keys, reason, view};

/// What a console asks for when it opens.
pub fn start(model: &mut Model) -> Vec<Effect> {
    model.me.ask();
    let mut effects = vec![Effect::Follow, Effect::LoadMe, Effect::ListDrafts];
    effects.extend(queue::update::read_again(model));
    effects
}

/// Takes one event.
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    match event {
        Event::Key(key) => press(model, key),
        Event::Mouse(mouse) => click(model, mouse),
        Event::Paste(text) => overlay_keys::paste(model, &text),
        Event::Resize { columns, rows } => {
            model.profile.columns = columns;
            model.profile.rows = rows;
            Vec::new()
        }
        Event::Tick(now) => {
            model.now = now;
            tick(model)
        }
        Event::Reply(reply) => take(model, reply),
        Event::Live(live) => take_live(model, live),
        Event::Signal(signal) => obey(model, signal),
    }
}

/// Does an action, wherever it was chosen.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => leave(model),
        Action::Help => {
            model.overlay = Overlay::Help { top: 0 };
            Vec::new()
        }
        Action::Palette => {
            overlay_keys::open_palette(model);
            Vec::new()
        }
        Action::ScreenQueue => show(model, ScreenName::Queue),
        Action::ScreenReview => show(model, ScreenName::Review),
        Action::ScreenSandbox => show(model, ScreenName::Sandbox),
        Action::ScreenExtensions => show(model, ScreenName::Extensions),
        Action::ScreenServers => show(model, ScreenName::Servers),
        Action::ScreenPolicy => show(model, ScreenName::Policy),
        Action::ScreenSales => show(model, ScreenName::Sales),
        Action::NextScreen => step_screen(model, 1),
        Action::PreviousScreen => step_screen(model, ScreenName::ALL.len() - 1),
        Action::Undo => decide::undo(model),
        Action::Suspend => vec![Effect::Suspend],
        Action::Redraw => vec![Effect::Redraw],
        Action::Down => go(model, Motion::Down),
        Action::Up => go(model, Motion::Up),
        Action::PageDown => go(model, Motion::PageDown),
        Action::PageUp => go(model, Motion::PageUp),
        Action::Top => go(model, Motion::Top),
        Action::Bottom => go(model, Motion::Bottom),
        action => match model.screen {
            ScreenName::Queue => queue::update::act(model, action),
            ScreenName::Review => review::update::act(model, action),
            ScreenName::Sandbox => sandbox::update::act(model, action),
            ScreenName::Extensions => extensions::update::act(model, action),
            ScreenName::Servers => servers::act::act(model, action),
            ScreenName::Policy => policy::update::act(model, action),
            ScreenName::Sales => sales::update::act(model, action),
        },
    }
}

/// Does what was chosen in a list or answered to a question.
pub fn choose(model: &mut Model, choice: Choice) -> Vec<Effect> {
    let at = choice.cursor;
    match choice.of {
        ChoiceOf::View => queue::update::show_view(model, at),
        ChoiceOf::Bulk => queue::update::send_bulk(model, at),
        ChoiceOf::Reason => {
            decide::choose_reason(model, at);
            Vec::new()
        }
        ChoiceOf::Finding(findings) => {
            decide::choose_finding(model, findings.into_iter().nth(at));
            Vec::new()
        }
        ChoiceOf::EventKind if model.screen == ScreenName::Sandbox => sandbox::update::choose_event(model, at),
        ChoiceOf::EventKind => review::update::choose_event(model, at),
        ChoiceOf::Decide(decision) if at == 0 => decide::hold(model, *decision),
        ChoiceOf::Decide(decision) if decision.verb == super::event::Verb::Reject => decide::reject(model),
        ChoiceOf::Decide(_) => Vec::new(),
        ChoiceOf::Servers(orders) => servers::act::choose(model, orders, at),
        ChoiceOf::Refund(purchase) => sales::update::choose_refund(model, purchase, at),
        ChoiceOf::Drafts(drafts) => match drafts.into_iter().nth(at) {
            Some(draft) => open_draft(model, draft),
            None => Vec::new(),
        },
        ChoiceOf::Extension(order) => extensions::deed::choose(model, *order, at),
        ChoiceOf::Flag(ask) => extensions::deed::choose_flag(model, *ask, at),
    }
}

fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let contexts = model.contexts();
    let action = model.keymap.action(contexts, key);
    if action == Some(Action::Suspend) {
        return vec![Effect::Suspend];
    }
    if contexts.overlaps(Contexts::SCREENS) {
        let mut effects = action.map(|action| act(model, action)).unwrap_or_default();
        effects.extend(read_on(model));
        return effects;
    }
    overlay_keys::press(model, key, action)
}

/// Reads on where the cursor nears the end of a list.
fn read_on(model: &mut Model) -> Vec<Effect> {
    match model.screen {
        ScreenName::Servers => servers::update::read_on(model),
        ScreenName::Extensions => extensions::update::read_on(model),
        ScreenName::Policy => policy::update::read_on(model),
        ScreenName::Sales => sales::update::read_on(model),
        ScreenName::Queue | ScreenName::Review | ScreenName::Sandbox => queue::update::read_on(model),
    }
}

fn tick(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    if model.toast.as_ref().is_some_and(|toast| toast.until <= now) {
        model.toast = None;
    }
    let mut effects = writing::save_when_due(model);
    effects.extend(reason::save_when_due(model));
    effects.extend(extensions::update::read_when_due(model));
    effects.extend(decide::send_when_due(model));
    effects.extend(review::update::renew_when_due(model));
    effects.extend(servers::dialog::save_when_due(model));
    effects.extend(servers::update::read_when_due(model));
    effects.extend(policy::draft::save_when_due(model));
    effects.extend(policy::update::read_when_due(model));
    effects.extend(sales::update::read_when_due(model));
    if model.queue.read_again_at.is_some_and(|at| at <= now) {
        effects.extend(queue::update::read_again(model));
    }
    effects
}

fn take(model: &mut Model, reply: Reply) -> Vec<Effect> {
    let now = model.now;
    match reply {
        Reply::Me(answer) => {
            model.me.answer(answer.map(|me| *me).map_err(|failure| failure.text), now);
            Vec::new()
        }
        Reply::Queue { generation, cursor, answer } => {
            queue::update::take(model, generation, cursor.as_deref(), answer)
        }
        Reply::Review { review_id, answer } => review::update::take(model, &review_id, answer),
        Reply::Code { review_id, answer } => review::update::take_code(model, &review_id, answer),
        Reply::Turn { turn, review_id, answer } => queue::update::take_turn(model, turn, review_id.as_deref(), answer),
        Reply::Decided { review_id, verb, draft, answer } => {
            decide::take(model, &review_id, verb, draft.as_deref(), answer)
        }
        Reply::Bulk(answer) => queue::update::take_bulk(model, answer),
        Reply::Run { slot: RunSlot::Sandbox(generation), answer } => {
            sandbox::update::take_run(model, generation, answer);
            Vec::new()
        }
        Reply::Run { slot, answer } => {
            review::update::take_run(model, &slot, answer);
            Vec::new()
        }
        Reply::File { generation, answer } => sandbox::update::take_file(model, generation, answer),
        Reply::FileChanged { generation } => sandbox::update::take_change(model, generation),
        Reply::Paths { typed, paths } => {
            overlay_keys::take_paths(model, &typed, paths);
            Vec::new()
        }
        Reply::Verdict(answer) => {
            sandbox::update::take_verdict(model, answer);
            Vec::new()
        }
        Reply::Extensions(told) => extensions::update::take(model, told),
        Reply::Servers(told) => servers::update::take(model, told),
        Reply::Policy(reply) => policy::update::take(model, reply),
        Reply::Sales(reply) => sales::update::take(model, reply),
        Reply::Drafts(Ok(drafts)) => {
            offer_drafts(model, drafts);
            Vec::new()
        }
        Reply::Drafts(Err(failure)) | Reply::DraftFailed(failure) => {
            model.warn(format!("Drafts cannot be kept: {}", failure.text));
            Vec::new()
        }
    }
}

fn take_live(model: &mut Model, live: Live) -> Vec<Effect> {
    match live {
        Live::Connected => {
            let again = matches!(model.link, Link::Lost { .. });
            model.link = Link::Live;
            if !again {
                return Vec::new();
            }
            model.tell("The connection is back".to_owned());
            let mut effects = vec![Effect::LoadMe];
            effects.extend(queue::update::read_again(model));
            effects.extend(review::update::read_again(model));
            effects.extend(extensions::update::read_all_again(model));
            if model.screen == ScreenName::Servers {
                effects.extend(servers::update::read_again(model));
            } else {
                model.servers.read_again_at = Some(model.now);
            }
            if model.screen == ScreenName::Policy {
                effects.extend(policy::update::read_again(model));
            }
            if model.screen == ScreenName::Sales {
                effects.extend(sales::update::read_again(model));
            }
            effects
        }
        Live::Lost { error, .. } => {
            let since = match &model.link {
                Link::Lost { since, .. } => *since,
                Link::Connecting | Link::Live | Link::Refused { .. } => model.now,
            };
            model.link = Link::Lost { error, since };
            Vec::new()
        }
        Live::Refused { error } => {
            model.link = Link::Refused { error };
            Vec::new()
        }
        Live::Event(event) => {
            if matches!(event.topic.as_str(), "queue" | "review" | "resync") {
                queue::update::take_live(model, &event);
            }
            extensions::update::take_live(model, &event);
            servers::update::take_live(model, &event);
            policy::update::take_live(model, &event);
            sales::update::take_live(model, &event);
            if event.topic == "resync" {
                return review::update::read_again(model);
            }
            review::update::take_live(model, &event)
        }
    }
}

fn obey(model: &mut Model, signal: Signal) -> Vec<Effect> {
    match signal {
        Signal::Terminate => leave(model),
        Signal::Suspend => vec![Effect::Suspend],
        Signal::Continue => vec![Effect::Redraw],
    }
}

/// Leaves. What is being written is on disk first; what is held back is not sent, its draft is there already.
fn leave(model: &mut Model) -> Vec<Effect> {
    model.leaving = true;
    let mut effects = Vec::new();
    if let Overlay::Editor(writing) = &model.overlay
        && writing.save_at.is_some()
    {
        effects.push(Effect::SaveDraft(writing.draft(model.now)));
    }
    effects.extend(reason::draft(model).filter(|draft| !draft.text.is_empty()).map(Effect::SaveDraft));
    if let Overlay::Servers(dialog) = &model.overlay {
        effects.extend(dialog.unsaved(model.now).map(Effect::SaveDraft));
    }
    if let Overlay::Policy(dialog) = &model.overlay {
        effects.extend(dialog.unsaved(model.now).map(Effect::SaveDraft));
    }
    effects.push(Effect::Quit);
    effects
}

fn show(model: &mut Model, screen: ScreenName) -> Vec<Effect> {
    model.screen = screen;
    match screen {
        ScreenName::Extensions => extensions::update::shown(model),
        ScreenName::Servers => servers::update::show(model),
        ScreenName::Policy => policy::update::show(model),
        ScreenName::Sales => sales::update::read_again(model),
        ScreenName::Queue | ScreenName::Review | ScreenName::Sandbox => Vec::new(),
    }
}

fn step_screen(model: &mut Model, step: usize) -> Vec<Effect> {
    let screen = ScreenName::ALL[(model.screen as usize + step) % ScreenName::ALL.len()];
    show(model, screen)
}

fn go(model: &mut Model, motion: Motion) -> Vec<Effect> {
    match model.screen {
        ScreenName::Queue => {
            let (len, height) = (model.queue.rows.len(), model.list_rows());
            model.queue.list.go(motion, len, height);
        }
        ScreenName::Review => review::update::scroll(model, motion),
        ScreenName::Sandbox => sandbox::update::scroll(model, motion),
        ScreenName::Extensions => extensions::update::go(model, motion),
        ScreenName::Servers => return servers::update::go(model, motion),
        ScreenName::Policy => policy::update::go(model, motion),
        ScreenName::Sales => sales::update::go(model, motion),
    }
    Vec::new()
}

fn click(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    if model.overlay.contexts().is_some() {
        return Vec::new();
    }
    match mouse {
        Mouse::ScrollDown => {
            let mut effects = go(model, Motion::Down);
            effects.extend(read_on(model));
            effects
        }
        Mouse::ScrollUp => go(model, Motion::Up),
        Mouse::Click { row, .. } if model.screen == ScreenName::Queue => {
            let list = queue::view::parts(view::body(model)).list;
            let len = model.queue.rows.len();
            if row >= list.top() && row < list.bottom() {
                let at = model.queue.list.first(len, list.height) + usize::from(row - list.top());
                if at < len {
                    let again = model.queue.list.cursor == at;
                    model.queue.list.cursor = at;
                    return if again { act(model, Action::Open) } else { Vec::new() };
                }
            }
            Vec::new()
        }
        Mouse::Click { row, .. } if model.screen == ScreenName::Extensions => extensions::update::click(model, row),
        Mouse::Click { row, .. } if model.screen == ScreenName::Servers => servers::update::click(model, row),
        Mouse::Click { .. } => Vec::new(),
    }
}

fn offer_drafts(model: &mut Model, drafts: Vec<super::drafts::Draft>) {
    model.drafts = drafts;
    if model.drafts.is_empty() || model.overlay.contexts().is_some() {
        return;
    }
    let now = model.now;
    let line = |draft: &super::drafts::Draft| {
        format!("{}  ({} characters, {})", draft.title, draft.text.chars().count(), super::moment::ago(now, draft.at))
    };
    model.overlay = Overlay::Choice(Choice {
        title: "Kept from last time".to_owned(),
        text: vec!["These were written and not sent. Enter goes on with one; Esc keeps them all.".to_owned()],
        choices: model.drafts.iter().take(20).map(line).collect(),
        cursor: 0,
        of: ChoiceOf::Drafts(model.drafts.clone()),
    });
}

/// Opens the review or the extension that a draft belongs to, and the draft over it once it is read.
fn open_draft(model: &mut Model, draft: super::drafts::Draft) -> Vec<Effect> {
    if let Some(effects) = extensions::deed::resume(model, &draft) {
        return effects;
    }
    if let Some(effects) = policy::draft::resume(model, &draft) {
        return effects;
    }
    if draft.key.starts_with("override-") || draft.key.starts_with("config-") {
        return servers::update::resume(model, &draft);
    }
    let Some(review_id) = draft.key.split_once('-').map(|(_, id)| id.to_owned()) else { return Vec::new() };
    let effects = review::update::open(model, &review_id);
    model.review.resume = Some(draft);
    effects
}
