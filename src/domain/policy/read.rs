//! Reads a document of the policy: every fault at once, each with its place and, where something was misspelt, the
//! word that was meant.

use super::Policy;
use super::field::{FieldPath, NoSuchField, Reach, is_name_of, names_of, tier_name_fault};
use super::layer::{Document, EXCEPTIONS_MAX, Entry, Exception, Layer};
use super::table::FIELDS;
use crate::domain::extension::Slug;
use crate::domain::fault::{Fault, Faults};
use crate::domain::json::{Fields, Json, Shape, pointer_to};
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::text::{nearest, quoted};

/// Which layer a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole marketplace.
    Global,
    /// One server.
    Server,
}

/// The list of locked fields.
const LOCKED: &str = "locked";
/// The list of exceptions.
const EXCEPTIONS: &str = "exceptions";
/// Characters of a server's id.
const SERVER_ID_CHARS: std::ops::RangeInclusive<usize> = 1..=64;

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// Every fault, in the order of the document.
    pub fn from_json(json: &Json, place: Place) -> Result<Document, Vec<Fault>> {
        let mut faults = Faults::none();
        let document = read(json, place, &mut faults);
        if faults.is_empty() { Ok(document) } else { Err(faults.into_list()) }
    }

    /// The document as JSON, in the order of the table.
    pub fn to_json(&self) -> Json {
        let mut root = Json::Object(Vec::new());
        let locked = self.layer.0.iter().filter(|(_, entry)| entry.floor.is_some());
        let locked: Vec<Json> = locked.map(|(path, _)| Json::text(path.to_string())).collect();
        if !locked.is_empty() {
            root.set(LOCKED, Json::Array(locked));
        }
        for (path, entry) in &self.layer.0 {
            let steps: Vec<&str> = path.steps().collect();
            put(&mut root, &steps, entry.value.to_json());
        }
        if !self.exceptions.is_empty() {
            root.set(EXCEPTIONS, Json::Array(self.exceptions.iter().map(exception_json).collect()));
        }
        root
    }
}

fn put(json: &mut Json, steps: &[&str], value: Json) {
    let Some((first, rest)) = steps.split_first() else { return };
    if rest.is_empty() {
        json.set(first, value);
        return;
    }
    if json.get(first).is_none() {
        json.set(first, Json::Object(Vec::new()));
    }
    if let Some(inner) = json.get_mut(first) {
        put(inner, rest, value);
    }
}

fn exception_json(exception: &Exception) -> Json {
    let mut members = vec![
        ("field".to_owned(), Json::text(exception.field.to_string())),
        ("value".to_owned(), exception.value.to_json()),
    ];
    let whom = [("server", &exception.server), ("extension", &exception.extension)];
    members.extend(whom.into_iter().filter_map(|(key, name)| Some((key.to_owned(), Json::text(name.as_ref()?)))));
    members.push(("until".to_owned(), Json::text(exception.until.to_string())));
    members.push(("reason".to_owned(), Json::text(&exception.reason)));
    Json::Object(members)
}

fn read(json: &Json, place: Place, faults: &mut Faults) -> Document {
    let mut layer = Layer::default();
    section(json, &[], place, &mut layer, faults);
    let mut document = Document { layer, exceptions: Vec::new() };
    if json.as_object().is_none() {
        return document;
    }
    let mut fields = Fields::of(json, "", faults);
    for (pointer, text) in fields.strings(LOCKED, 1_000, faults) {
        lock(&mut document.layer, &pointer, text, place, faults);
    }
    let exceptions = fields.elements(EXCEPTIONS, EXCEPTIONS_MAX, faults);
    if place == Place::Server && !exceptions.is_empty() {
        let message = "exceptions are made by administrators in the marketplace's own policy, for one server or all";
        faults.add("/exceptions", "not_for_servers", message);
        return document;
    }
    for (pointer, element) in exceptions {
        document.exceptions.extend(exception(element, &pointer, faults));
    }
    if place == Place::Global {
        complete(&document, faults);
    }
    document
}

fn section(json: &Json, steps: &[&str], place: Place, layer: &mut Layer, faults: &mut Faults) {
    let pointer = steps.iter().fold(String::new(), |pointer, step| pointer_to(&pointer, step));
    let Some(members) = json.as_object() else {
        let message = format!("a table of fields is expected here, {} was found", json.sort());
        faults.add(pointer, "wrong_type", message);
        return;
    };
    for (key, value) in members {
        if steps.is_empty() && [LOCKED, EXCEPTIONS].contains(&key.as_str()) {
            continue;
        }
        let at = pointer_to(&pointer, key);
        let here: Vec<&str> = steps.iter().copied().chain([key.as_str()]).collect();
        match found(&here) {
            Found::Field(path) => field(path, value, &at, place, layer, faults),
            Found::Section => section(value, &here, place, layer, faults),
            Found::Nothing => {
                let (code, message) = unknown(steps, key);
                faults.add(at, code, message);
            }
        }
    }
}

fn field(path: FieldPath, value: &Json, at: &str, place: Place, layer: &mut Layer, faults: &mut Faults) {
    if place == Place::Server && path.field().reach == Reach::Marketplace {
        let message = format!("{path} is the same for the whole marketplace; a server cannot override it");
        faults.add(at, "not_for_servers", message);
        return;
    }
    match path.field().read(value) {
        Ok(setting) => drop(layer.0.insert(path, Entry::open(setting))),
        Err(misfits) => {
            for (index, (code, message)) in misfits {
                let at = index.map_or_else(|| at.to_owned(), |index| format!("{at}/{index}"));
                faults.add(at, code, message);
            }
        }
    }
}

/// What stands at some steps from the top.
enum Found {
    Field(FieldPath),
    Section,
    Nothing,
}

fn found(steps: &[&str]) -> Found {
    let mut found = Found::Nothing;
    for (row, field) in FIELDS.iter().enumerate() {
        let pattern: Vec<&str> = field.path.split('.').collect();
        let mut name = "";
        let fits = pattern.len() >= steps.len()
            && pattern.iter().zip(steps).all(|(pattern, step)| {
                let named = *pattern == "*" && is_name_of(steps[0], step);
                if named {
                    name = step;
                }
                named || pattern == step
            });
        if fits && pattern.len() == steps.len() {
            return Found::Field(FieldPath::of(row, name.to_owned()));
        }
        if fits {
            found = Found::Section;
        }
    }
    found
}

/// What could stand beside a key that nothing is known by.
fn unknown(steps: &[&str], key: &str) -> (&'static str, String) {
    if steps == ["tiers"]
        && let Some(misfit) = tier_name_fault(key)
    {
        return misfit;
    }
    let mut known: Vec<&str> = if steps.is_empty() { vec![LOCKED, EXCEPTIONS] } else { Vec::new() };
    for field in FIELDS {
        let pattern: Vec<&str> = field.path.split('.').collect();
        let fits = pattern.iter().zip(steps).all(|(pattern, step)| pattern == step || *pattern == "*");
        match pattern.get(steps.len()) {
            Some(&"*") if fits => known.extend(names_of(pattern[0]).unwrap_or_default()),
            Some(next) if fits => known.push(next),
            _ => {}
        }
    }
    let hint = if let Some(near) = nearest(key, known.iter().copied()) {
        format!("did you mean {near}?")
    } else {
        known.dedup();
        format!("the fields here are {}", known.join(", "))
    };
    ("unknown_field", format!("{} is no field of the policy; {hint}", quoted(key)))
}

fn lock(layer: &mut Layer, pointer: &str, text: &str, place: Place, faults: &mut Faults) {
    if place == Place::Server {
        faults.add(pointer, "not_for_servers", "only administrators lock fields, in the marketplace's own policy");
        return;
    }
    let path = match text.parse::<FieldPath>() {
        Ok(path) => path,
        Err(unknown) => {
            faults.add(pointer, "no_such_field", unknown.to_string());
            return;
        }
    };
    if !path.field().can_be_locked() {
        let message = format!("{path} has no stricter side, so it cannot be locked");
        faults.add(pointer, "cannot_be_locked", message);
        return;
    }
    if let Some(entry) = layer.0.get_mut(&path) {
        entry.floor = Some(entry.value.clone());
        return;
    }
    let built_in = path.get(&Policy::default());
    let built_in = built_in.map(|setting| format!(", such as its built-in {setting}")).unwrap_or_default();
    let message = format!("{path} is locked here and not set; set it in the same document{built_in}");
    faults.add(pointer, "locked_not_set", message);
}

fn exception(json: &Json, pointer: &str, faults: &mut Faults) -> Option<Exception> {
    let mut fields = Fields::of(json, pointer, faults);
    json.as_object()?;
    fields.require("field", faults);
    let path = fields.parsed::<FieldPath>("field", "no_such_field", faults);
    let value = fields.require("value", faults);
    let setting = path.as_ref().zip(value).and_then(|(path, value)| {
        let mut layer = Layer::default();
        field(path.clone(), value, &pointer_to(pointer, "value"), Place::Global, &mut layer, faults);
        layer.0.remove(path).map(|entry| entry.value)
    });
    let server = fields.text("server", SERVER_ID_CHARS, Shape::Name, faults).map(str::to_owned);
    let extension = fields.parsed::<Slug>("extension", "bad_slug", faults).map(|slug| slug.to_string());
    fields.require("until", faults);
    let until = fields.parsed("until", "bad_time", faults);
    fields.require("reason", faults);
    let reason = fields.text("reason", 1..=REASON_CHARS_MAX, Shape::Lines, faults).map(str::to_owned);
    for (key, _) in fields.rest() {
        let known = ["field", "value", "server", "extension", "until", "reason"];
        let near = nearest(&key, known.into_iter()).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        faults.add(
            fields.pointer(&key),
            "unknown_field",
            format!("{} says nothing of an exception{near}", quoted(&key)),
        );
    }
    Some(Exception { field: path?, value: setting?, server, extension, until: until?, reason: reason? })
}

/// What only the whole document can be judged by: tiers that are not built in are complete, the dry runs' tier
/// exists, and each ring of a rollout includes the one before it.
fn complete(document: &Document, faults: &mut Faults) {
    let built_in = Policy::default();
    let set = |path: &FieldPath| document.layer.0.contains_key(path);
    let mut tiers: Vec<&str> = Vec::new();
    for path in document.layer.0.keys().filter(|path| path.field().path.starts_with("tiers.")) {
        if !built_in.tiers.contains_key(path.name()) && !tiers.contains(&path.name()) {
            tiers.push(path.name());
        }
    }
    for tier in &tiers {
        let rows = FIELDS.iter().enumerate().filter(|(_, field)| field.path.starts_with("tiers."));
        let missing: Vec<FieldPath> = rows.map(|(row, _)| FieldPath::of(row, (*tier).to_owned())).collect();
        let missing: Vec<String> = missing.iter().filter(|path| !set(path)).map(ToString::to_string).collect();
        if !missing.is_empty() {
            let message =
                format!("the tier {tier} is new, so all of it has to be said; missing: {}", missing.join(", "));
            faults.add(pointer_to("/tiers", tier), "incomplete_tier", message);
        }
    }
    let policy = Policy::of_document(document);
    if !policy.tiers.contains_key(&policy.runs.tier) {
        let known: Vec<&str> = policy.tiers.keys().map(String::as_str).collect();
        let message = format!("there is no tier {}; the tiers are {}", quoted(&policy.runs.tier), known.join(", "));
        faults.add("/runs/tier", "unknown_tier", message);
    }
    let (canary, tenth) = (policy.rollouts.canary_per_mille, policy.rollouts.tenth_per_mille);
    if canary > tenth {
        let message = format!(
            "the first ring has {canary} of a thousand servers and the second, which includes it, {tenth}; the second \
             cannot be smaller"
        );
        faults.add("/rollouts/canary_per_mille", "wider_than_the_next", message);
    }
}

impl From<NoSuchField> for Fault {
    fn from(unknown: NoSuchField) -> Fault {
        Fault { pointer: String::new(), code: "no_such_field", message: unknown.to_string() }
    }
}
