//! One field of the policy: where it stands, what it may hold, which way is stricter, and who may override it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::Policy;
use super::hosts::host_fault;
use super::table::FIELDS;
use crate::domain::json::{Json, pointer_to};
use crate::domain::scope::Scope;
use crate::domain::server::SubscriptionTier;
use crate::domain::text::{nearest, quoted};

/// What a field is set to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// A whole number.
    Whole(i64),
    /// Yes or no.
    Truth(bool),
    /// One word of a closed list, or a tier's name.
    Word(Cow<'static, str>),
    /// A set of words or hosts, sorted, none twice.
    Words(Vec<String>),
}

/// What a field may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A whole number within a range.
    Whole {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// `true` or `false`.
    Truth,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The name of a subscription tier.
    Tier,
    /// Some of these words, at least one.
    Words(&'static [&'static str]),
    /// Names of hosts.
    Hosts,
}

/// Which of two settings of a field is the stricter one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stricter {
    /// The lower number.
    Lower,
    /// The higher number.
    Higher,
    /// `true`.
    Yes,
    /// `false`.
    No,
    /// The word that stands later in the list.
    LaterWord,
    /// The word that stands earlier in the list.
    EarlierWord,
    /// The smaller set: what is in both.
    Fewer,
    /// Neither: such a field cannot be locked.
    Unordered,
}

/// Who may override a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is the same for the whole marketplace.
    Marketplace,
    /// A server may override it, unless it is locked.
    Server,
    /// A server may only make it stricter, locked or not.
    Tighten,
}

/// One row of the table of fields.
#[derive(Clone, Copy)]
pub struct Field {
    /// Its place, with `*` where a name stands, such as `tiers.*.fuel`.
    pub path: &'static str,
    /// What it may hold.
    pub sort: Sort,
    /// Which way is stricter.
    pub stricter: Stricter,
    /// Who may override it.
    pub reach: Reach,
    /// One line: what it decides, with its unit.
    pub about: &'static str,
    /// Reads it from a policy; the name stands in the place of `*`.
    pub get: fn(&Policy, &str) -> Option<Setting>,
    /// Writes it into a policy; a setting of another sort changes nothing.
    pub set: fn(&mut Policy, &str, &Setting),
}

/// The place of one field in the document, such as `tiers.free.fuel`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    row: u8,
    name: Cow<'static, str>,
}

/// The text names no field of the policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is no field of the policy{}", quoted(.given), .nearest.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default())]
pub struct NoSuchField {
    /// What was given, cut.
    pub given: String,
    /// The field with the most similar name, where one is near.
    pub nearest: Option<String>,
}

/// Why a value is none for a field: the stable code, and the sentence.
pub(super) type Misfit = (&'static str, String);

/// Hosts on the network allowlist.
pub const HOSTS_MAX: usize = 1_000;

impl Setting {
    /// As JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Setting::Whole(number) => Json::Number(number.to_string()),
            Setting::Truth(truth) => Json::Bool(*truth),
            Setting::Word(word) => Json::text(word.as_ref()),
            Setting::Words(words) => Json::Array(words.iter().map(Json::text).collect()),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Whole(number) => write!(f, "{number}"),
            Setting::Truth(truth) => write!(f, "{truth}"),
            Setting::Word(word) => f.write_str(word),
            Setting::Words(words) if words.is_empty() => f.write_str("none"),
            Setting::Words(words) => f.write_str(&words.join(", ")),
        }
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({})", self.path)
    }
}

impl Field {
    /// Reads a setting of this field, each misfit with the index of its element where the field holds a set.
    ///
    /// # Errors
    /// Everything that does not fit.
    pub fn read(&self, json: &Json) -> Result<Setting, Vec<(Option<usize>, Misfit)>> {
        let one = |read: Result<Setting, Misfit>| read.map_err(|misfit| vec![(None, misfit)]);
        let text = || json.as_str().ok_or_else(|| wrong_type("a text", json));
        match self.sort {
            Sort::Whole { least, most } => one(whole(json, least, most).map(Setting::Whole)),
            Sort::Truth => one(json.as_bool().map(Setting::Truth).ok_or_else(|| wrong_type("true or false", json))),
            Sort::Word(words) => {
                one(text().and_then(|text| word(text, words)).map(|word| Setting::Word(Cow::Borrowed(word))))
            }
            Sort::Tier => one(text().and_then(|text| match tier_name_fault(text) {
                Some(misfit) => Err(misfit),
                None => Ok(Setting::Word(Cow::Owned(text.to_owned()))),
            })),
            Sort::Words(words) => set(json, words.len(), 1, |text| word(text, words).err()),
            Sort::Hosts => set(json, HOSTS_MAX, 0, host_fault),
        }
    }

    /// Whether the setting `given` is at least as strict as `bound`.
    pub fn is_as_strict(&self, given: &Setting, bound: &Setting) -> bool {
        self.stricter(given, bound) == *given
    }

    /// The stricter of two settings: what a lock at `bound` leaves of `given`. Where the field has no order, `given`.
    pub fn stricter(&self, given: &Setting, bound: &Setting) -> Setting {
        let take_bound = match (self.stricter, given, bound) {
            (Stricter::Lower, Setting::Whole(a), Setting::Whole(b)) => b < a,
            (Stricter::Higher, Setting::Whole(a), Setting::Whole(b)) => b > a,
            (Stricter::Yes, Setting::Truth(a), Setting::Truth(b)) => *b && !a,
            (Stricter::No, Setting::Truth(a), Setting::Truth(b)) => !b && *a,
            (Stricter::LaterWord, Setting::Word(a), Setting::Word(b)) => self.place(b) > self.place(a),
            (Stricter::EarlierWord, Setting::Word(a), Setting::Word(b)) => self.place(b) < self.place(a),
            (Stricter::Fewer, Setting::Words(a), Setting::Words(b)) => {
                return Setting::Words(a.iter().filter(|word| b.contains(word)).cloned().collect());
            }
            _ => false,
        };
        if take_bound { bound.clone() } else { given.clone() }
    }

    /// Whether it can be locked.
    pub fn can_be_locked(&self) -> bool {
        self.stricter != Stricter::Unordered
    }

    fn place(&self, word: &str) -> Option<usize> {
        match self.sort {
            Sort::Word(words) => words.iter().position(|known| *known == word),
            _ => None,
        }
    }
}

impl Stricter {
    /// What stricter means for a field, for people.
    pub const fn describe(self) -> &'static str {
        match self {
            Stricter::Lower => "a lower number is stricter",
            Stricter::Higher => "a higher number is stricter",
            Stricter::Yes => "true is stricter",
            Stricter::No => "false is stricter",
            Stricter::LaterWord => "a later word of the list is stricter",
            Stricter::EarlierWord => "an earlier word of the list is stricter",
            Stricter::Fewer => "a smaller set is stricter",
            Stricter::Unordered => "no order: it cannot be locked",
        }
    }
}

impl FieldPath {
    /// The place of a row, with the name in the place of its `*`, where it has one.
    pub(super) fn of(row: usize, name: impl Into<Cow<'static, str>>) -> FieldPath {
        FieldPath { row: u8::try_from(row).unwrap_or(u8::MAX), name: name.into() }
    }

    /// Its row of the table.
    pub fn field(&self) -> &'static Field {
        &FIELDS[usize::from(self.row).min(FIELDS.len() - 1)]
    }

    /// What stands in the place of `*`; empty where there is none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its steps from the top of the document.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.field().path.split('.').map(|step| if step == "*" { self.name() } else { step })
    }

    /// The JSON pointer of its place in the document.
    pub fn pointer(&self) -> String {
        self.steps().fold(String::new(), |pointer, step| pointer_to(&pointer, step))
    }

    /// Its setting in a policy.
    pub fn get(&self, policy: &Policy) -> Option<Setting> {
        (self.field().get)(policy, self.name())
    }

    /// Puts a setting into a policy.
    pub fn set(&self, policy: &mut Policy, setting: &Setting) {
        (self.field().set)(policy, self.name(), setting);
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            f.write_str(step)?;
        }
        Ok(())
    }
}

impl FromStr for FieldPath {
    type Err = NoSuchField;

    /// Reads `tiers.free.fuel`, or the pointer `/tiers/free/fuel`.
    fn from_str(text: &str) -> Result<FieldPath, NoSuchField> {
        let dotted = text.strip_prefix('/').map_or_else(|| text.to_owned(), |rest| rest.replace('/', "."));
        let steps: Vec<&str> = dotted.split('.').take(8).collect();
        for (row, field) in FIELDS.iter().enumerate() {
            let pattern: Vec<&str> = field.path.split('.').collect();
            if pattern.len() != steps.len() {
                continue;
            }
            let mut name = "";
            let fits = pattern.iter().zip(&steps).all(|(pattern, step)| {
                if *pattern == "*" {
                    name = step;
                }
                pattern == step || *pattern == "*" && is_name_of(pattern_section(field.path), step)
            });
            if fits {
                return Ok(FieldPath::of(row, name.to_owned()));
            }
        }
        let known = every_path(&Policy::default());
        let names: Vec<String> = known.iter().map(ToString::to_string).collect();
        let nearest = nearest(&dotted, names.iter().map(String::as_str)).map(str::to_owned);
        Err(NoSuchField { given: text.chars().take(64).collect(), nearest })
    }
}

/// Every place that a policy has: scopes and rules all, tiers as it names them.
pub fn every_path(policy: &Policy) -> Vec<FieldPath> {
    let mut paths = Vec::new();
    for (row, field) in FIELDS.iter().enumerate() {
        match pattern_section(field.path) {
            _ if !field.path.contains('*') => paths.push(FieldPath::of(row, "")),
            "scopes" => paths.extend(Scope::ALL.iter().map(|scope| FieldPath::of(row, scope.name()))),
            "rules" => paths.extend(RULES.iter().map(|rule| FieldPath::of(row, *rule))),
            _ => paths.extend(policy.tiers.keys().map(|tier| FieldPath::of(row, tier.clone()))),
        }
    }
    paths
}

/// The names of the rules that every version is checked by; the scan's table has the same.
pub const RULES: &[&str] = &[
    "package",
    "names",
    "runtime",
    "handlers",
    "module",
    "imports",
    "scopes",
    "scope_policy",
    "memory",
    "dry_run",
    "version",
    "digests",
    "author",
];

/// The names that may stand for `*` in a section, where that list is closed.
pub(super) fn names_of(section: &str) -> Option<Vec<&'static str>> {
    match section {
        "scopes" => Some(Scope::ALL.iter().map(|scope| scope.name()).collect()),
        "rules" => Some(RULES.to_vec()),
        _ => None,
    }
}

/// Whether a name may stand for `*` in a section.
pub(super) fn is_name_of(section: &str, name: &str) -> bool {
    names_of(section).map_or_else(|| tier_name_fault(name).is_none(), |names| names.contains(&name))
}

/// What is wrong with the name of a tier.
pub(super) fn tier_name_fault(name: &str) -> Option<Misfit> {
    name.parse::<SubscriptionTier>().err().map(|refusal| ("bad_name", refusal.to_string()))
}

fn pattern_section(path: &'static str) -> &'static str {
    path.split('.').next().unwrap_or(path)
}

fn whole(json: &Json, least: i64, most: i64) -> Result<i64, Misfit> {
    let expected = format!("a whole number from {least} to {most} is expected here");
    let Json::Number(text) = json else {
        return Err(("wrong_type", format!("{expected}, {} was found", json.sort())));
    };
    let found = text.parse::<i64>().ok().filter(|number| (least..=most).contains(number));
    found.ok_or_else(|| ("not_in_range", format!("{expected}, {} was found", quoted(text))))
}

fn word(text: &str, words: &'static [&'static str]) -> Result<&'static str, Misfit> {
    words.iter().copied().find(|word| *word == text).ok_or_else(|| {
        let near = nearest(text, words.iter().copied()).map(|near| format!("; did you mean {near}?"));
        let message = format!("{} is none of {}{}", quoted(text), words.join(", "), near.unwrap_or_default());
        ("unknown_word", message)
    })
}

fn set(
    json: &Json,
    most: usize,
    least: usize,
    misfit: impl Fn(&str) -> Option<Misfit>,
) -> Result<Setting, Vec<(Option<usize>, Misfit)>> {
    let Some(elements) = json.as_array() else { return Err(vec![(None, wrong_type("a list", json))]) };
    let mut faults = Vec::new();
    if !(least..=most).contains(&elements.len()) {
        let message = format!("{least} to {most} are allowed here, {} were found", elements.len());
        faults.push((None, ("bad_length", message)));
    }
    let mut texts: Vec<String> = Vec::new();
    for (index, element) in elements.iter().take(most).enumerate() {
        let Some(text) = element.as_str() else {
            faults.push((Some(index), wrong_type("a text", element)));
            continue;
        };
        let twice = texts.iter().any(|known| known == text);
        let twice = twice.then(|| ("listed_twice", format!("{} is listed twice", quoted(text))));
        match twice.or_else(|| misfit(text)) {
            Some(misfit) => faults.push((Some(index), misfit)),
            None => texts.push(text.to_owned()),
        }
    }
    texts.sort();
    if faults.is_empty() { Ok(Setting::Words(texts)) } else { Err(faults) }
}

fn wrong_type(what: &str, json: &Json) -> Misfit {
    ("wrong_type", format!("{what} is expected here, {} was found", json.sort()))
}
