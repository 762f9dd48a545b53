//! What keys and answers do to the sandbox.

use std::sync::Arc;

use super::{Part, SandboxScreen, Watch, view};
use crate::api::reviews::Checks;
use crate::console::action::Action;
use crate::console::effect::{Effect, RunRequest};
use crate::console::event::{Answer, LoadedFile, RunSlot};
use crate::console::model::{Model, ScreenName};
use crate::console::overlay::{Choice, ChoiceOf, Overlay};
use crate::console::remote::Remote;
use crate::console::widgets::line_input::LineInput;
use crate::console::widgets::list::{ListState, Motion};
use crate::domain::kind::Kind;
use crate::sandbox::{Event as SandboxEvent, Report};

/// Does what a key of the sandbox means.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::File => ask_path(model),
        Action::Run => run(model),
        Action::Watch => watch(model),
        Action::DryRunEvent => {
            ask_event(model);
            Vec::new()
        }
        Action::Verdict => ask_verdict(model),
        Action::NextPart => step_part(model, 1),
        Action::PreviousPart => step_part(model, Part::ALL.len() - 1),
        Action::Refresh => load(model),
        Action::Back => {
            model.screen = ScreenName::Queue;
            Vec::new()
        }
        Action::Copy => {
            let digest = model.sandbox.report.value().map(|report| report.digest().to_string());
            digest.map(Effect::Copy).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Opens a file.
pub fn open(model: &mut Model, path: &str) -> Vec<Effect> {
    let generation = model.sandbox.generation;
    model.sandbox = SandboxScreen { path: path.to_owned(), generation, ..SandboxScreen::default() };
    model.screen = ScreenName::Sandbox;
    let mut effects = vec![Effect::EndWatch];
    effects.extend(load(model));
    effects
}

/// Takes a file and runs it at once.
pub fn take_file(model: &mut Model, generation: u64, answer: Answer<Arc<LoadedFile>>) -> Vec<Effect> {
    if generation != model.sandbox.generation {
        return Vec::new();
    }
    let now = model.now;
    model.sandbox.file.answer(answer.map_err(|failure| failure.text), now);
    let kinds = model.sandbox.file.value().map(|file| file.kinds.clone()).unwrap_or_default();
    if model.sandbox.kind.is_some_and(|kind| !kinds.contains(&kind)) {
        model.sandbox.kind = None;
    }
    if model.sandbox.file.error().is_some() { Vec::new() } else { run(model) }
}

/// Reads a file again that was saved.
pub fn take_change(model: &mut Model, generation: u64) -> Vec<Effect> {
    if generation != model.sandbox.generation || model.sandbox.watch == Watch::Off {
        return Vec::new();
    }
    let mut effects = load(model);
    effects.push(watch_effect(&model.sandbox));
    effects
}

/// Takes a report; the one before it is kept for comparison.
pub fn take_run(model: &mut Model, generation: u64, answer: Answer<Arc<Report>>) {
    if generation != model.sandbox.generation {
        return;
    }
    let now = model.now;
    model.sandbox.report.answer(answer.map_err(|failure| failure.text), now);
}

/// Takes what the marketplace would say.
pub fn take_verdict(model: &mut Model, answer: Answer<Box<Checks>>) {
    let now = model.now;
    model.sandbox.verdict.answer(answer.map(|checks| *checks).map_err(|failure| failure.text), now);
}

/// Chooses the event and runs.
pub fn choose_event(model: &mut Model, choice: usize) -> Vec<Effect> {
    model.sandbox.kind = offered(model).get(choice).copied();
    run(model)
}

/// Scrolls the open part.
pub fn scroll(model: &mut Model, motion: Motion) {
    let area = view::part_area(crate::console::view::body(model));
    let most = view::lines(model, area.width).len().saturating_sub(usize::from(area.height));
    let mut state = ListState { cursor: model.sandbox.top().min(most), top: 0 };
    state.go(motion, most + 1, area.height);
    model.sandbox.tops[model.sandbox.part as usize] = state.cursor;
}

/// Asks for a path, beginning at the folder of the one before.
pub fn ask_path(model: &mut Model) -> Vec<Effect> {
    let folder = model.sandbox.path.rfind('/').map_or("", |at| &model.sandbox.path[..=at]).to_owned();
    let input = LineInput::holding(&folder);
    model.overlay = Overlay::Path { input, paths: Vec::new(), cursor: None };
    vec![Effect::ListPaths { typed: folder }]
}

fn load(model: &mut Model) -> Vec<Effect> {
    let screen = &mut model.sandbox;
    if screen.path.is_empty() {
        return ask_path(model);
    }
    screen.generation += 1;
    screen.file.ask();
    vec![Effect::LoadFile { generation: screen.generation, path: screen.path.clone() }]
}

fn run(model: &mut Model) -> Vec<Effect> {
    let screen = &mut model.sandbox;
    let Some(file) = screen.file.value().cloned() else { return load(model) };
    let Some(kind) = screen.run_kind() else {
        model.warn(
            "This file handles no event: it exports none of on_command, on_slash, on_keyword, on_event, on_timer"
                .to_owned(),
        );
        return Vec::new();
    };
    if let Some(report) = screen.report.value() {
        screen.before = Some(Arc::clone(report));
    }
    screen.report.ask();
    if screen.part == Part::Verdict {
        screen.part = Part::Run;
    }
    vec![Effect::Run(Box::new(RunRequest {
        slot: RunSlot::Sandbox(screen.generation),
        code: Arc::clone(&file.code),
        event: SandboxEvent::template(kind, file.trigger.as_deref().filter(|_| kind != Kind::Timer)),
        scopes: file.scopes,
        timeout_ms: file.timeout_ms,
    }))]
}

fn watch(model: &mut Model) -> Vec<Effect> {
    if model.sandbox.path.is_empty() {
        return ask_path(model);
    }
    match model.sandbox.watch {
        Watch::Off => {
            model.sandbox.watch = Watch::On;
            vec![watch_effect(&model.sandbox)]
        }
        Watch::On => {
            model.sandbox.watch = Watch::Off;
            vec![Effect::EndWatch]
        }
    }
}

fn watch_effect(screen: &SandboxScreen) -> Effect {
    Effect::WatchFile { generation: screen.generation, path: screen.path.clone() }
}

fn ask_verdict(model: &mut Model) -> Vec<Effect> {
    if !model.can_send() {
        return Vec::new();
    }
    let Some(file) = model.sandbox.file.value() else { return ask_path(model) };
    let Some(package) = file.package.clone() else {
        model.tell("The marketplace judges packages: open a .skypkg file".to_owned());
        return Vec::new();
    };
    model.sandbox.part = Part::Verdict;
    model.sandbox.verdict = Remote::Loading;
    vec![Effect::Verdict { package }]
}

fn step_part(model: &mut Model, step: usize) -> Vec<Effect> {
    model.sandbox.part = Part::ALL[(model.sandbox.part as usize + step) % Part::ALL.len()];
    if model.sandbox.part == Part::Verdict && model.sandbox.verdict == Remote::Absent {
        let has_package = model.sandbox.file.value().is_some_and(|file| file.package.is_some());
        return if has_package { ask_verdict(model) } else { Vec::new() };
    }
    Vec::new()
}

/// The kinds that are offered: those the file handles, else all.
fn offered(model: &Model) -> Vec<Kind> {
    let kinds = model.sandbox.file.value().map(|file| file.kinds.clone()).unwrap_or_default();
    if kinds.is_empty() { Kind::ALL.to_vec() } else { kinds }
}

fn ask_event(model: &mut Model) {
    let kinds = offered(model);
    let cursor = kinds.iter().position(|kind| Some(*kind) == model.sandbox.run_kind()).unwrap_or(0);
    model.overlay = Overlay::Choice(Choice {
        title: "Event to run".to_owned(),
        text: Vec::new(),
        choices: kinds.iter().map(|kind| format!("{:<9} calls {}", kind.name(), kind.handler())).collect(),
        cursor,
        of: ChoiceOf::EventKind,
    });
}
