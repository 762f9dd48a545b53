//! Reads a filter word by word; every refusal points at its column.

use super::fields::{Field, FieldKind, FieldSet};
use super::{Claim, Direction, Filter, FilterFault, Op, Sort, Term, Value, Word};
use crate::domain::limits::{FILTER_CHARS_MAX, FILTER_TERMS_MAX};
use crate::domain::text::{nearest, quoted};
use crate::domain::time::Timestamp;

/// The units of an age in milliseconds, longest first.
pub(super) const UNITS: &[(&str, i64)] =
    &[("w", 7 * 24 * 3_600_000), ("d", 24 * 3_600_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
/// The longest age: about a hundred years.
const AGE_MS_MAX: i64 = 100 * 366 * 24 * 3_600_000;

/// A part of the filter and where it stands; columns and lengths are in characters.
struct Piece {
    text: String,
    column: usize,
    length: usize,
    is_quoted: bool,
}

/// What stands between two spaces.
struct Part {
    negated: bool,
    column: usize,
    length: usize,
    field: Option<Piece>,
    value: Piece,
}

/// See [`Filter::parse`].
pub(super) fn parse(text: &str, fields: &FieldSet) -> Result<Filter, FilterFault> {
    let characters: Vec<char> = text.chars().take(FILTER_CHARS_MAX + 1).collect();
    if characters.len() > FILTER_CHARS_MAX {
        return Err(fault(FILTER_CHARS_MAX + 1, 1, format!("a filter has at most {FILTER_CHARS_MAX} characters")));
    }
    let mut filter = Filter::default();
    let mut reader = Reader { characters: &characters, at: 0 };
    while let Some(part) = reader.part()? {
        if filter.terms.len() + filter.words.len() >= FILTER_TERMS_MAX {
            return Err(fault(part.column, part.length, format!("a filter has at most {FILTER_TERMS_MAX} terms")));
        }
        add_part(&mut filter, part, fields)?;
    }
    Ok(filter)
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
}

impl Reader<'_> {
    fn part(&mut self) -> Result<Option<Part>, FilterFault> {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        if self.peek().is_none() {
            return Ok(None);
        }
        let negated = self.take('-');
        let first = self.piece(true)?;
        let (field, value) =
            if !first.is_quoted && self.take(':') { (Some(first), self.piece(false)?) } else { (None, first) };
        if self.peek().is_some_and(|next| !next.is_whitespace()) {
            return Err(fault(self.at + 1, 1, "a space is needed after the closing quote"));
        }
        Ok(Some(Part { negated, column: start + 1, length: self.at - start, field, value }))
    }

    /// A quoted text, or what is left up to a space (and, in a field's name, a colon).
    fn piece(&mut self, ends_at_colon: bool) -> Result<Piece, FilterFault> {
        let start = self.at;
        let mut text = String::new();
        let is_quoted = self.take('"');
        loop {
            match self.peek() {
                None if is_quoted => return Err(fault(start + 1, self.at - start, "the quote is not closed")),
                Some('"') if is_quoted => {
                    self.at += 1;
                    break;
                }
                Some('\\') if is_quoted => {
                    self.at += 1;
                    match self.peek() {
                        Some(escaped @ ('"' | '\\')) => text.push(escaped),
                        _ => return Err(fault(self.at, 2, "within quotes, only \\\" and \\\\ follow a backslash")),
                    }
                }
                Some(character) if is_quoted => text.push(character),
                Some(':') if ends_at_colon => break,
                Some('"') => return Err(fault(self.at + 1, 1, "a quote must open or close a whole value")),
                Some(character) if !character.is_whitespace() => text.push(character),
                _ => break,
            }
            self.at += 1;
        }
        Ok(Piece { text, column: start + 1, length: self.at - start, is_quoted })
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }
}

fn add_part(filter: &mut Filter, part: Part, fields: &FieldSet) -> Result<(), FilterFault> {
    let Some(name) = part.field else {
        if part.value.text.is_empty() {
            return Err(fault(part.column, part.length, "a word is missing here"));
        }
        filter.words.push(Word { negated: part.negated, text: part.value.text });
        return Ok(());
    };
    if name.text == "sort" {
        if part.negated || filter.sort.is_some() {
            let message =
                if part.negated { "write sort:-key for the other order" } else { "only one sort can be given" };
            return Err(fault(part.column, part.length, message));
        }
        filter.sort = Some(read_sort(&part.value, fields)?);
        return Ok(());
    }
    let Some(field) = fields.field(&name.text) else {
        let names = fields.names().collect::<Vec<_>>().join(", ");
        let message = format!("{} is no field of {}; the fields are {names}", quoted(&name.text), fields.of);
        return Err(suggest(fault(name.column, name.length, message), &name.text, fields.names()));
    };
    if part.value.text.is_empty() {
        let message = format!("{}: needs a value right after the colon", field.name);
        return Err(fault(part.column, part.length, message));
    }
    let (op, value) = read_value(&part.value, field)?;
    filter.terms.push(Term { negated: part.negated, field: field.name, op, value });
    Ok(())
}

fn read_sort(value: &Piece, fields: &FieldSet) -> Result<Sort, FilterFault> {
    let (key, direction) = match value.text.strip_prefix('-') {
        Some(key) => (key, Direction::Descending),
        None => (value.text.as_str(), Direction::Ascending),
    };
    if let Some(by) = fields.sorts.iter().copied().find(|name| *name == key) {
        return Ok(Sort { by, direction });
    }
    let sign = value.length - key.chars().count().min(value.length);
    let message = format!("{} cannot be sorted by {}; only by {}", fields.of, quoted(key), fields.sorts.join(", "));
    let place = fault(value.column + sign, (value.length - sign).max(1), message);
    Err(suggest(place, key, fields.sorts.iter().copied()))
}

fn read_value(value: &Piece, field: &Field) -> Result<(Op, Value), FilterFault> {
    let text = value.text.as_str();
    let refused = |what: &str| {
        fault(value.column, value.length, format!("{} needs {what}, {} is none", field.name, quoted(text)))
    };
    let listed = |names: &'static [&'static str]| {
        let refusal = || suggest(refused(&format!("one of {}", names.join(", "))), text, names.iter().copied());
        names.iter().copied().find(|name| *name == text).ok_or_else(refusal)
    };
    let is = |value| Ok((Op::Is, value));
    match field.kind {
        FieldKind::Text => is(Value::Text(text.to_owned())),
        FieldKind::Choice(names) => is(Value::Choice(listed(names)?)),
        FieldKind::Scope | FieldKind::Kind => {
            let names = field.kind.values();
            let refusal = || suggest(refused(&format!("one of {}", names.join(", "))), text, names.iter().copied());
            let found = match field.kind {
                FieldKind::Kind => text.parse().ok().map(Value::Kind),
                _ => text.parse().ok().map(Value::Scope),
            };
            is(found.ok_or_else(refusal)?)
        }
        FieldKind::Number => {
            let written = Op::WRITTEN.iter().find(|(sign, _)| text.starts_with(sign));
            let (sign, op) = written.copied().unwrap_or(("", Op::Is));
            let number = text[sign.len()..].parse().map_err(|_| refused("a whole number such as 50, >50 or <=50"))?;
            Ok((op, Value::Number(number)))
        }
        FieldKind::Age => is(read_age(text).ok_or_else(|| refused("an age such as 30m, 2h, 2d or 1w"))?),
        FieldKind::Truth => is(Value::Truth(listed(&["yes", "no"])? == "yes")),
        FieldKind::Claim => is(Value::Claim(match text {
            "me" if !value.is_quoted => Claim::Me,
            "none" if !value.is_quoted => Claim::Nobody,
            name => Claim::Account(name.to_owned()),
        })),
        FieldKind::Since => is(read_age(text)
            .or_else(|| read_moment(text))
            .ok_or_else(|| refused("an age such as 2d, a date such as 2026-01-31, or a time with its zone"))?),
    }
}

fn read_age(text: &str) -> Option<Value> {
    let (unit, unit_ms) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
    let digits = &text[..text.len() - unit.len()];
    let count: i64 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    count.checked_mul(*unit_ms).filter(|ms| *ms <= AGE_MS_MAX).map(Value::AgeMs)
}

/// A day starts at midnight UTC.
fn read_moment(text: &str) -> Option<Value> {
    let is_day = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let moment = if is_day { format!("{text}T00:00:00Z").parse::<Timestamp>() } else { text.parse() };
    moment.ok().map(Value::Moment)
}

fn fault(column: usize, length: usize, message: impl Into<String>) -> FilterFault {
    FilterFault { column, length: length.max(1), message: message.into(), suggestion: None }
}

fn suggest<'a>(fault: FilterFault, given: &str, names: impl Iterator<Item = &'a str>) -> FilterFault {
    FilterFault { suggestion: nearest(given, names).map(str::to_owned), ..fault }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{AUDIT, EXTENSIONS, QUEUE};
    use super::*;
    use crate::domain::kind::Kind;
    use crate::domain::scope::Scope;

    fn term(negated: bool, field: &'static str, op: Op, value: Value) -> Term {
        Term { negated, field, op, value }
    }

    #[test]
    fn the_example_is_read() {
        let text = "stage:ready -scope:ban risk:>50 author:acme older:2d claimed:none sort:-priority music \"two words\" -spam";
        let filter = Filter::parse(text, &QUEUE).unwrap();
        assert_eq!(
            filter.terms,
            [
                term(false, "stage", Op::Is, Value::Choice("ready")),
                term(true, "scope", Op::Is, Value::Scope(Scope::Ban)),
                term(false, "risk", Op::Greater, Value::Number(50)),
                term(false, "author", Op::Is, Value::Text("acme".to_owned())),
                term(false, "older", Op::Is, Value::AgeMs(2 * 86_400_000)),
                term(false, "claimed", Op::Is, Value::Claim(Claim::Nobody)),
            ]
        );
        assert_eq!(filter.sort, Some(Sort { by: "priority", direction: Direction::Descending }));
        assert_eq!(filter.words[1].text, "two words");
        assert_eq!(
            filter.to_string(),
            "stage:ready -scope:ban risk:>50 author:acme older:2d claimed:none music \"two words\" -spam sort:-priority"
        );
    }

    #[test]
    fn faults_point_at_their_column_and_suggest() {
        for (text, column, length, suggestion) in [
            ("stag:ready", 1, 4, Some("stage")),
            ("  -scpe:ban", 4, 4, Some("scope")),
            ("stage:reddy", 7, 5, Some("ready")),
            ("scope:bann", 7, 4, Some("ban")),
            ("kind:comand", 6, 6, Some("command")),
            ("risk:>x", 6, 2, None),
            ("older:2y", 7, 2, None),
            ("older:-2d", 7, 3, None),
            ("older:999999999999999999w", 7, 19, None),
            ("sort:-prioritty", 7, 9, Some("priority")),
            ("sort:risk sort:due", 11, 8, None),
            ("a \"open", 3, 5, None),
            ("a\"b", 2, 1, None),
            ("\"a\"b", 4, 1, None),
            ("\"a\\n\"", 3, 2, None),
            ("author:", 1, 7, None),
            ("author:\"\"", 1, 9, None),
            (":x", 1, 1, None),
            ("-", 1, 1, None),
            ("é quantum:1", 3, 7, None),
            ("overdue:maybe", 9, 5, None),
        ] {
            let fault = Filter::parse(text, &QUEUE).unwrap_err();
            let found = (fault.column, fault.length, fault.suggestion.as_deref());
            assert_eq!(found, (column, length, suggestion), "{text}: {fault}");
        }
        let long = "x".repeat(FILTER_CHARS_MAX + 1);
        assert_eq!(Filter::parse(&long, &QUEUE).unwrap_err().column, FILTER_CHARS_MAX + 1);
        let many = "x ".repeat(FILTER_TERMS_MAX + 1);
        assert_eq!(Filter::parse(&many, &QUEUE).unwrap_err().column, 2 * FILTER_TERMS_MAX + 1);
    }

    #[test]
    fn the_other_lists_have_their_own_fields() {
        assert!(Filter::parse("listing:blocked tier:premium tag:fun kind:timer sort:-updated", &EXTENSIONS).is_ok());
        let filter = Filter::parse("since:2026-01-31 since:2d since:2026-01-31T10:00:00+01:00", &AUDIT).unwrap();
        let day: Timestamp = "2026-01-31T00:00:00Z".parse().unwrap();
        assert_eq!(filter.terms[0].value, Value::Moment(day));
        assert_eq!(filter.terms[1].value, Value::AgeMs(2 * 86_400_000));
        assert_eq!(filter.terms[2].value, Value::Moment(day.plus_ms(9 * 3_600_000)));
        assert!(Filter::parse("risk:5", &AUDIT).is_err());
    }

    #[test]
    fn a_filter_is_matched_in_memory() {
        let filter = Filter::parse("risk:>=50 -kind:timer music", &QUEUE).unwrap();
        let fits = |risk: i64, kind: Kind, name: &str| {
            filter.fits(&[name, "slug"], |term| match &term.value {
                Value::Number(bound) => term.op.holds(risk.cmp(bound)),
                Value::Kind(wanted) => *wanted == kind,
                _ => false,
            })
        };
        assert!(fits(50, Kind::Command, "My MUSIC bot"));
        assert!(!fits(49, Kind::Command, "music") && !fits(50, Kind::Timer, "music") && !fits(50, Kind::Command, "x"));
    }

    fn any_filter() -> impl Strategy<Value = Filter> {
        let text = || prop_oneof!["[a-z\"\\\\ :>=-]{1,8}", "\\PC{1,8}", Just("me".to_owned()), Just("none".to_owned())];
        let op = prop::sample::select(vec![Op::Is, Op::Less, Op::LessOrSame, Op::Greater, Op::GreaterOrSame]);
        let pair = prop_oneof![
            prop::sample::select(vec!["author", "slug", "number"])
                .prop_flat_map(move |field| { text().prop_map(move |text| (field, Op::Is, Value::Text(text))) }),
            prop::sample::select(Scope::ALL).prop_map(|scope| ("scope", Op::Is, Value::Scope(scope))),
            prop::sample::select(Kind::ALL).prop_map(|kind| ("kind", Op::Is, Value::Kind(kind))),
            (op, any::<i64>()).prop_map(|(op, number)| ("risk", op, Value::Number(number))),
            (0_i64..AGE_MS_MAX / 1_000).prop_map(|seconds| ("older", Op::Is, Value::AgeMs(seconds * 1_000))),
            any::<bool>().prop_map(|truth| ("overdue", Op::Is, Value::Truth(truth))),
            Just(("claimed", Op::Is, Value::Claim(Claim::Me))),
            Just(("claimed", Op::Is, Value::Claim(Claim::Nobody))),
            text().prop_map(|name| ("claimed", Op::Is, Value::Claim(Claim::Account(name)))),
        ];
        let terms = (any::<bool>(), pair).prop_map(|(negated, (field, op, value))| term(negated, field, op, value));
        let words = (any::<bool>(), text()).prop_map(|(negated, text)| Word { negated, text });
        let sort = prop::option::of(
            prop::sample::select(QUEUE.sorts).prop_map(|by| Sort { by, direction: Direction::Descending }),
        );
        (prop::collection::vec(terms, 0..8), prop::collection::vec(words, 0..4), sort)
            .prop_map(|(terms, words, sort)| Filter { terms, words, sort })
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(filter in any_filter()) {
            prop_assert_eq!(Filter::parse(&filter.to_string(), &QUEUE), Ok(filter));
        }

        #[test]
        fn any_text_is_read_or_refused_within_it(text in prop_oneof![any::<String>(), "[a-z:\" >0-9-]{0,30}"]) {
            match Filter::parse(&text, &QUEUE) {
                Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string(), &QUEUE), Ok(filter)),
                Err(fault) => prop_assert!(fault.column >= 1 && fault.column <= text.chars().count() + 1),
            }
        }
    }
}
