//! What the screen's keys do: open, choose, ask first where something is lost, and say what came of it.

use std::collections::BTreeMap;

use super::ask::{Ask, Purpose, Told};
use super::deed::{Deed, Order};
use super::dialog::{self, Dialog, ScopeRow, ScopesToChoose};
use super::update::{filter, open, read_again, step_part};
use super::{Part, Shown, Whole, override_plan};
use crate::api::installations::{AskedScope, ConsentAlong, ConsentAsked, Installation, InstallationOffer, Removed};
use crate::console::action::Action;
use crate::console::effect::Effect;
use crate::console::event::{Answer, Failure};
use crate::console::model::Model;
use crate::console::overlay::{Choice, ChoiceOf, Overlay};
use crate::console::widgets::line_input::LineInput;
use crate::domain::scope::Scope;
use crate::domain::text::visible;

/// Does what a key of the screen means.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::ServerOpen => open_selected(model),
        Action::ServerFilter => {
            let (input, fault) = (LineInput::holding(&model.servers.filter), model.servers.filter_fault.clone());
            model.overlay = Overlay::Servers(Dialog::Filter { input, fault });
            Vec::new()
        }
        Action::ServerInstances => {
            let instances = model.servers.shown == Shown::Instances;
            model.servers.shown = if instances { Shown::Servers } else { Shown::Instances };
            read_again(model)
        }
        Action::NextPart => step_part(model, 1),
        Action::PreviousPart => step_part(model, Part::ALL.len() - 1),
        Action::Refresh => read_again(model),
        Action::Back => back(model),
        Action::Copy => copied(model).map(Effect::Copy).into_iter().collect(),
        action if model.can_send() => change(model, action),
        _ => Vec::new(),
    }
}

/// Sends what was chosen in a list; a choice without an order does nothing.
pub fn choose(model: &mut Model, orders: Vec<Option<Order>>, at: usize) -> Vec<Effect> {
    match orders.into_iter().nth(at).flatten() {
        Some(order) => send(model, order),
        None => Vec::new(),
    }
}

/// Sends something.
pub fn send(model: &mut Model, order: Order) -> Vec<Effect> {
    if !model.can_send() {
        return Vec::new();
    }
    let ask = match order.deed {
        Deed::Override { plan: None, .. } => Ask::PlanOverride(Box::new(order)),
        _ => Ask::Do(Box::new(order)),
    };
    vec![Effect::Servers(ask)]
}

/// Takes an answer to what was to be done or chosen from.
pub fn take(model: &mut Model, told: Told) -> Vec<Effect> {
    match told {
        Told::Offer { server_id, answer: Ok(offer) } => {
            choose_scopes_to_install(model, server_id, &offer);
            Vec::new()
        }
        Told::Config { id, answer: Ok(config) } => {
            dialog::write_config(model, &id, &config);
            Vec::new()
        }
        Told::Weighed { order, answer: Ok(removed) } => {
            ask_removal(model, *order, &removed);
            Vec::new()
        }
        Told::Offer { answer: Err(failure), .. } | Told::Config { answer: Err(failure), .. } => {
            model.warn(failure.text);
            Vec::new()
        }
        Told::OverridePlanned { order, answer: Ok(plan) } => {
            override_plan::ask(model, *order, &plan);
            Vec::new()
        }
        Told::OverridePlanned { order, answer: Err(failure) } | Told::Weighed { order, answer: Err(failure) } => {
            refused(model, &order, &failure);
            Vec::new()
        }
        Told::Done { order, answer } => done(model, &order, answer),
        _ => Vec::new(),
    }
}

/// Asks which tier the open server is to have.
pub fn ask_tier(model: &mut Model) {
    let Some(one) = &model.servers.one else { return };
    let (Some(whole), Some(policy)) = (one.whole.value(), one.policy.value()) else {
        let why = one.policy.error().unwrap_or("they are not read yet").to_owned();
        return model.warn(format!("The tiers cannot be shown: {why}"));
    };
    let tiers = policy.document.get("tiers").and_then(serde_json::Value::as_object);
    let tiers: Vec<String> = tiers.map(|tiers| tiers.keys().cloned().collect()).unwrap_or_default();
    let server = &whole.server;
    let order = |tier: &String| Order {
        server_id: server.id.clone(),
        title: visible(&server.name).into_owned(),
        deed: Deed::Tier { revision: server.revision, tier: tier.clone() },
    };
    let running = whole.installations.iter().filter(|row| row.state == "active").count();
    let text = format!(
        "{} has the tier {}; {running} of its {} installations run under its limits, from the next call on under those of \
         the new one.",
        server.name,
        server.tier,
        whole.installations.len()
    );
    model.overlay = Overlay::Choice(Choice {
        title: "Which tier?".to_owned(),
        text: vec![text],
        cursor: tiers.iter().position(|tier| *tier == server.tier).unwrap_or(0),
        choices: tiers.iter().map(|tier| visible(tier).into_owned()).collect(),
        of: ChoiceOf::Servers(tiers.iter().map(|tier| Some(order(tier))).collect()),
    });
}

fn open_selected(model: &mut Model) -> Vec<Effect> {
    match model.servers.shown {
        Shown::Servers => {
            let Some(id) = model.servers.servers.selected().map(|row| row.id.clone()) else { return Vec::new() };
            open(model, &id)
        }
        Shown::Instances => {
            let Some(name) = model.servers.instances.selected().map(|row| row.name.clone()) else { return Vec::new() };
            filter(model, format!("instance:{name}"))
        }
        Shown::One => {
            let part = model.servers.one.as_ref().map(|one| one.part);
            if part == Some(Part::Consents) && model.can_send() { consent(model) } else { Vec::new() }
        }
    }
}

fn back(model: &mut Model) -> Vec<Effect> {
    match model.servers.shown {
        Shown::Servers if model.servers.filter.is_empty() => Vec::new(),
        Shown::Servers => filter(model, String::new()),
        Shown::Instances | Shown::One => {
            model.servers.shown = Shown::Servers;
            read_again(model)
        }
    }
}

fn copied(model: &Model) -> Option<String> {
    let servers = &model.servers;
    match servers.shown {
        Shown::Servers => servers.servers.selected().map(|row| row.id.clone()),
        Shown::Instances => servers.instances.selected().map(|row| row.id.clone()),
        Shown::One => {
            let one = servers.one.as_ref()?;
            Some(one.installation().map_or_else(|| one.id.clone(), |row| row.id.clone()))
        }
    }
}

/// What changes something; all of it asks first or needs a further key.
fn change(model: &mut Model, action: Action) -> Vec<Effect> {
    if model.servers.shown != Shown::One && action != Action::ServerInstall {
        model.tell("Open a server first".to_owned());
        return Vec::new();
    }
    match action {
        Action::ServerInstall => install(model),
        Action::ServerConsent => consent(model),
        Action::ServerRefuse => refuse(model),
        Action::ServerTier => {
            if model.me.value().is_some_and(|me| me.account.role != "administrator") {
                model.tell("Tiers are set by administrators, or by the instance".to_owned());
                return Vec::new();
            }
            let id = model.servers.one.as_ref().map(|one| one.id.clone()).unwrap_or_default();
            vec![Effect::Servers(Ask::Policy { id, purpose: Purpose::Tier })]
        }
        Action::ServerEdit => edit(model),
        action => {
            let picked = model.servers.one.as_ref().and_then(|one| Some((one.whole.value()?, one.installation()?)));
            let Some((whole, row)) = picked else {
                model.tell("Choose an installation first".to_owned());
                return Vec::new();
            };
            let (title, row) = (title(whole, &row.slug), row.clone());
            on_installation(model, action, title, &row)
        }
    }
}

fn on_installation(model: &mut Model, action: Action, title: String, row: &Installation) -> Vec<Effect> {
    let order = |deed| Order { server_id: row.server_id.clone(), title: title.clone(), deed };
    let (id, no_reason) = (row.id.clone(), String::new());
    match action {
        Action::ServerUpdate => ask_update(model, &title, row, order(Deed::Update { id })),
        Action::ServerRollback => match &row.previous {
            None => model.tell(format!("{title} had no version before that it could go back to")),
            Some(previous) => {
                let about = format!("{title} goes back to {previous} with its storage. Why?");
                dialog::ask_reason(model, about, order(Deed::RollBack { id, reason: no_reason }));
            }
        },
        Action::ServerFollow => ask_follow(model, &title, row),
        Action::ServerPause => return pause(model, &title, row),
        Action::ServerDisable if matches!(row.state.as_str(), "disabled" | "removing") => {
            let what = if row.state == "removing" { "is kept after all" } else { "runs again" };
            ask(model, "Enable?", format!("{title} {what}."), ["Enable", "Not yet"], order(Deed::Enable { id }));
        }
        Action::ServerDisable => {
            let about = format!("{title} stops at once; its data stays. Why?");
            dialog::ask_reason(model, about, order(Deed::Disable { id, reason: no_reason }));
        }
        Action::ServerRemove => {
            let deed = Deed::Remove { extension_id: row.extension_id.clone(), revision: row.revision };
            return vec![Effect::Servers(Ask::Weigh(Box::new(order(deed))))];
        }
        Action::ServerRevoke if row.granted.is_empty() => model.tell(format!("Nothing is granted to {title}")),
        Action::ServerRevoke => {
            let rows = granted_rows(&row.granted);
            let about = vec![
                "Marked scopes are taken back at once. Where it cannot do without one of them, it stops.".to_owned(),
            ];
            let order = order(Deed::Revoke { id, scopes: Vec::new() });
            choose_scopes(model, format!("Take back from {title}"), about, rows, order);
        }
        _ => {}
    }
    Vec::new()
}

fn install(model: &mut Model) -> Vec<Effect> {
    let servers = &model.servers;
    let id = match servers.shown {
        Shown::Servers => servers.servers.selected().map(|row| row.id.clone()),
        Shown::One => servers.one.as_ref().map(|one| one.id.clone()),
        Shown::Instances => None,
    };
    match id {
        Some(server_id) => {
            model.overlay = Overlay::Servers(Dialog::Slug { input: LineInput::default(), server_id });
        }
        None => model.tell("Choose a server first".to_owned()),
    }
    Vec::new()
}

fn choose_scopes_to_install(model: &mut Model, server_id: String, offer: &InstallationOffer) {
    let Some(wanted) = offer.items.iter().find(|item| item.needed_by.is_empty()) else { return };
    let on = model.servers.whole().filter(|whole| whole.server.id == server_id);
    let on = on.map_or_else(|| "this server".to_owned(), |whole| visible(&whole.server.name).into_owned());
    let mut along = BTreeMap::new();
    let mut rows: Vec<ScopeRow> = wanted.scopes.iter().map(|scope| scope_row(scope, None)).collect();
    for item in offer.items.iter().filter(|item| !item.needed_by.is_empty()) {
        rows.extend(item.scopes.iter().map(|scope| scope_row(scope, Some(&item.slug))));
        along.insert(item.slug.clone(), ConsentAlong { number: item.version.clone(), grant: None });
    }
    let risk: u32 = rows.iter().map(|row| u32::from(row.risk)).sum();
    let mut about = vec![format!("{}, version {}, on {on}.", wanted.name, wanted.version)];
    if !along.is_empty() {
        let names: Vec<String> = along.iter().map(|(slug, consent)| format!("{slug} {}", consent.number)).collect();
        about.push(format!("It needs {}: they come along, all or none.", names.join(", ")));
    }
    about.push(match rows.len() {
        0 => "Nothing is asked for.".to_owned(),
        len => format!("{len} scopes of risk {risk} together are asked for; optional ones are left out unless marked."),
    });
    let slug = visible(&wanted.slug).into_owned();
    let deed = Deed::Install { slug: wanted.slug.clone(), number: wanted.version.clone(), grant: Vec::new(), along };
    let order = Order { server_id, title: format!("{slug} on {on}"), deed };
    choose_scopes(model, format!("Install {slug}"), about, rows, order);
}

/// A scope that is asked for: what may be left out is, unless what runs has it.
fn scope_row(scope: &AskedScope, along: Option<&String>) -> ScopeRow {
    ScopeRow {
        along: along.cloned(),
        scope: scope.scope.clone(),
        risk: scope.risk,
        description: scope.description.clone(),
        may_be_left_out: scope.optional,
        granted: scope.granted,
        marked: !scope.optional || scope.granted,
    }
}

fn consent(model: &mut Model) -> Vec<Effect> {
    let picked = model.servers.one.as_ref().and_then(|one| Some((one.whole.value()?, one.asked()?)));
    let Some((whole, asked)) = picked else {
        model.tell("Nothing waits for consent here".to_owned());
        return Vec::new();
    };
    let title = title(whole, &asked.slug);
    let server_id = whole.server.id.clone();
    let rows: Vec<ScopeRow> = asked.scopes.iter().map(|scope| scope_row(scope, None)).collect();
    let new = rows.iter().filter(|row| !row.granted).count();
    let about = vec![
        what_asks(asked),
        format!("{new} of {} scopes are new; optional ones are left out unless marked.", rows.len()),
    ];
    let deed = Deed::Grant { id: asked.installation_id.clone(), revision: asked.revision, scopes: Vec::new() };
    choose_scopes(model, format!("Give consent to {title}"), about, rows, Order { server_id, title, deed });
    Vec::new()
}

fn refuse(model: &mut Model) -> Vec<Effect> {
    let picked = model.servers.one.as_ref().and_then(|one| Some((one.whole.value()?, one.asked()?)));
    let Some((whole, asked)) = picked else {
        model.tell("Nothing waits for consent here".to_owned());
        return Vec::new();
    };
    let stays = asked.running.as_ref().map_or_else(
        || "nothing is installed then".to_owned(),
        |running| format!("{} stays as it is", visible(running)),
    );
    let about = format!("{} is refused; {stays}. Why?", visible(&asked.version));
    let deed = Deed::Refuse { id: asked.installation_id.clone(), revision: asked.revision, reason: String::new() };
    let order = Order { server_id: whole.server.id.clone(), title: title(whole, &asked.slug), deed };
    dialog::ask_reason(model, about, order);
    Vec::new()
}

fn edit(model: &mut Model) -> Vec<Effect> {
    let Some(one) = &model.servers.one else { return Vec::new() };
    match one.part {
        Part::Policy => vec![Effect::Servers(Ask::Policy { id: one.id.clone(), purpose: Purpose::Write })],
        Part::Installations => match one.installation() {
            Some(row) => vec![Effect::Servers(Ask::Config { id: row.id.clone() })],
            None => Vec::new(),
        },
        Part::Consents | Part::Tier | Part::Instance => {
            model.tell("Configurations are edited among the installations, the override in its own part".to_owned());
            Vec::new()
        }
    }
}

fn ask_update(model: &mut Model, title: &str, row: &Installation, order: Order) {
    let Some(update) = &row.update else {
        return model.tell(format!("{title} has what the channel points at, or is pinned"));
    };
    let from = row.version.as_deref().unwrap_or("nothing");
    let rings = match update.when.as_str() {
        "now" => String::new(),
        "paused" => " Its updates are paused for everybody; this one comes all the same.".to_owned(),
        ring => format!(" It would come by itself with the ring {ring}."),
    };
    let text =
        format!("{title} goes from {from} to {}.{rings} If it asks for more, consent is asked for.", update.version);
    ask(model, "Update?", text, ["Update", "Not now"], order);
}

fn ask_follow(model: &mut Model, title: &str, row: &Installation) {
    const WAYS: [(&str, &str); 3] = [
        ("automatic", "updates come with their ring"),
        ("manual", "updates are offered and brought by hand"),
        ("pinned", "it stays at its version"),
    ];
    let order = |follow: &'static str| Order {
        server_id: row.server_id.clone(),
        title: title.to_owned(),
        deed: Deed::Follow { extension_id: row.extension_id.clone(), revision: row.revision, follow },
    };
    model.overlay = Overlay::Choice(Choice {
        title: format!("How do updates come to {title}?"),
        text: Vec::new(),
        choices: WAYS.iter().map(|(way, about)| format!("{way:<10} {about}")).collect(),
        cursor: WAYS.iter().position(|(way, _)| *way == row.follow).unwrap_or(0),
        of: ChoiceOf::Servers(WAYS.iter().map(|(way, _)| Some(order(way))).collect()),
    });
}

/// An update is held up, or goes on, for every server at once: it is the extension's own rollout.
fn pause(model: &mut Model, title: &str, row: &Installation) -> Vec<Effect> {
    let Some(update) = &row.update else {
        model.tell(format!("No update of {title} is on its way"));
        return Vec::new();
    };
    let deed = Deed::Pause { extension_id: row.extension_id.clone(), reason: String::new() };
    let slug = visible(&row.slug).into_owned();
    let order = Order { server_id: row.server_id.clone(), title: slug.clone(), deed };
    if update.when == "paused" {
        let text = format!("{} of {slug} goes on to every server, ring by ring.", update.version);
        ask(model, "Resume?", text, ["Resume", "Not yet"], order);
    } else {
        let about = format!("{} of {slug} comes to no further server until it is resumed. Why?", update.version);
        dialog::ask_reason(model, about, order);
    }
    Vec::new()
}

fn ask_removal(model: &mut Model, order: Order, removed: &Removed) {
    let when = match &removed.freed_at {
        Some(at) => format!("It stops now and is freed for good at {at}; until then it can be kept after all."),
        None => "It is freed at once; nothing of it can be brought back.".to_owned(),
    };
    let what = format!(
        "Freed are {} configurations, {} secrets, {} flags and {} recorded stages, with its storage.",
        removed.configs, removed.secrets, removed.flags, removed.steps
    );
    let title = format!("Remove {}?", order.title);
    model.overlay = Overlay::Choice(Choice {
        title,
        text: vec![what, when],
        choices: vec!["Keep it".to_owned(), "Remove it".to_owned()],
        cursor: 0,
        of: ChoiceOf::Servers(vec![None, Some(order)]),
    });
}

fn ask(model: &mut Model, title: &str, text: String, choices: [&str; 2], order: Order) {
    model.overlay = Overlay::Choice(Choice {
        title: title.to_owned(),
        text: vec![text],
        choices: choices.map(str::to_owned).to_vec(),
        cursor: 0,
        of: ChoiceOf::Servers(vec![Some(order)]),
    });
}

fn choose_scopes(model: &mut Model, title: String, about: Vec<String>, rows: Vec<ScopeRow>, order: Order) {
    let choosing = ScopesToChoose { title, about, rows, cursor: 0, order };
    model.overlay = Overlay::Servers(Dialog::Scopes(Box::new(choosing)));
}

/// What is granted, most dangerous first, to be marked and taken back.
fn granted_rows(names: &[String]) -> Vec<ScopeRow> {
    let row = |name: &String| {
        let known = name.parse::<Scope>().ok();
        ScopeRow {
            along: None,
            scope: name.clone(),
            risk: known.map_or(10, Scope::risk),
            description: known.map_or("this console does not know it", Scope::description).to_owned(),
            may_be_left_out: true,
            granted: true,
            marked: false,
        }
    };
    let mut rows: Vec<ScopeRow> = names.iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.risk));
    rows
}

fn done(model: &mut Model, order: &Order, answer: Answer<String>) -> Vec<Effect> {
    let mut effects = Vec::new();
    match answer {
        Ok(sentence) => {
            model.tell(sentence);
            if let Some(draft) = order.deed.draft(&order.server_id) {
                effects.extend(dialog::forget(model, &draft));
            }
        }
        Err(failure) => refused(model, order, &failure),
    }
    effects.extend(read_again(model));
    effects
}

/// A refusal is shown whole, such as the lock with its revision and author.
fn refused(model: &mut Model, order: &Order, failure: &Failure) {
    let mut lines = vec![format!("To {} {} was refused:", order.deed.verb(), order.title), String::new()];
    lines.extend(failure.text.lines().map(str::to_owned));
    if order.deed.draft(&order.server_id).is_some() {
        let key = model.key(Action::ServerEdit);
        lines.extend([String::new(), format!("Your text is kept: {key} opens it again.")]);
    }
    model.overlay = Overlay::Message { title: "Not done".to_owned(), lines, top: 0 };
}

fn what_asks(asked: &ConsentAsked) -> String {
    match &asked.running {
        Some(running) => format!("{} asks; {} runs meanwhile.", visible(&asked.version), visible(running)),
        None => format!("{} asks; nothing of it runs before.", visible(&asked.version)),
    }
}

fn title(whole: &Whole, slug: &str) -> String {
    format!("{} on {}", visible(slug), visible(&whole.server.name))
}
