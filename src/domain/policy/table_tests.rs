//! What must hold of every row of the table of fields.

use std::borrow::Cow;

use super::field::{Setting, Sort};
use super::table::{REASONS, SEVERITIES, VERDICTS};
use super::{FieldPath, Policy, ScopeVerdict, every_path};
use crate::domain::extension::ReasonCode;
use crate::domain::finding::Severity;

#[test]
fn the_words_are_those_of_the_domain() {
    let verdicts: Vec<&str> = ScopeVerdict::ALL.iter().map(|verdict| verdict.name()).collect();
    assert_eq!(verdicts, VERDICTS);
    let reasons: Vec<&str> = ReasonCode::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(reasons, REASONS);
    let all = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];
    assert_eq!(all.map(Severity::name), SEVERITIES);
}

#[test]
fn the_defaults_fit_their_own_rows_and_each_row_reads_what_it_wrote() {
    let defaults = Policy::default();
    for path in every_path(&defaults) {
        let setting = path.get(&defaults).unwrap_or_else(|| panic!("{path} has no default"));
        assert_eq!(path.field().read(&setting.to_json()), Ok(setting.clone()), "{path}");
        assert_eq!(path.to_string().parse::<FieldPath>(), Ok(path.clone()), "{path}");
        assert_eq!(path.pointer().parse::<FieldPath>(), Ok(path.clone()), "{path}");
        let mut policy = defaults.clone();
        let other = other_than(&path, &setting);
        path.set(&mut policy, &other);
        assert_eq!(path.get(&policy).as_ref(), Some(&other), "{path}");
        path.set(&mut policy, &setting);
        assert_eq!(policy, defaults, "{path}");
    }
}

#[test]
fn numbers_are_bounded_on_both_sides() {
    for path in every_path(&Policy::default()) {
        let Sort::Whole { least, most } = path.field().sort else { continue };
        let read = |number: i64| path.field().read(&Setting::Whole(number).to_json());
        assert!(read(least).is_ok() && read(most).is_ok(), "{path}");
        assert!(read(least - 1).is_err() && read(most + 1).is_err(), "{path}");
        let mut policy = Policy::default();
        path.set(&mut policy, &Setting::Whole(most));
        assert_eq!(path.get(&policy), Some(Setting::Whole(most)), "{path} holds its most");
    }
}

/// Everything in the typed policy is in the table: what a document cannot say is nothing.
#[test]
fn the_table_covers_the_whole_policy() {
    let mut policy = Policy::default();
    for path in every_path(&Policy::default()) {
        let setting = path.get(&policy).unwrap();
        path.set(&mut policy, &other_than(&path, &setting));
    }
    same("", &serde_json::to_value(Policy::default()).unwrap(), &serde_json::to_value(&policy).unwrap());
}

fn same(path: &str, a: &serde_json::Value, b: &serde_json::Value) {
    match (a, b) {
        (serde_json::Value::Object(a), serde_json::Value::Object(b)) => {
            for (key, value) in a {
                if let Some(other) = b.get(key) {
                    same(&format!("{path}.{key}"), value, other);
                }
            }
        }
        (a, b) => assert_ne!(a, b, "{path} is in no row"),
    }
}

fn other_than(path: &FieldPath, setting: &Setting) -> Setting {
    match (path.field().sort, setting) {
        (Sort::Whole { least, most }, Setting::Whole(number)) => {
            Setting::Whole(if *number == most { least } else { most })
        }
        (_, Setting::Truth(truth)) => Setting::Truth(!truth),
        (Sort::Word(words), Setting::Word(word)) => {
            Setting::Word(Cow::Borrowed(words.iter().find(|known| *known != word).unwrap()))
        }
        (Sort::Tier, _) => Setting::Word(Cow::Borrowed("free")),
        (Sort::Words(words), _) => Setting::Words(vec![words[0].to_owned()]),
        _ => Setting::Words(vec!["api.example.org".to_owned()]),
    }
}
