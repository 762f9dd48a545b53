//! Reads the members of one object by name, notes each fault with its pointer, and knows which members nobody asked for.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::{Json, pointer_to};
use crate::domain::fault::Faults;
use crate::domain::text::{NameProblem, name_problems, quoted};

/// What a text may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One line with nothing hidden in it: what people type or choose by.
    Name,
    /// Text over several lines, without control characters.
    Lines,
}

/// The members of one object, read one by one. `null` and, for texts, the empty string count as absent.
pub struct Fields<'a> {
    members: &'a [(String, Json)],
    pointer: String,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The members of `json`; another value than an object is a fault and has none.
    pub fn of(json: &'a Json, pointer: &str, faults: &mut Faults) -> Fields<'a> {
        let members = json.as_object().unwrap_or_else(|| {
            faults.add(pointer, "wrong_type", format!("an object is expected here, {} was found", json.sort()));
            &[]
        });
        Fields { members, pointer: pointer.to_owned(), asked: Vec::new() }
    }

    /// The pointer of the member `key`.
    pub fn pointer(&self, key: &str) -> String {
        pointer_to(&self.pointer, key)
    }

    /// The member `key` as it is.
    pub fn take(&mut self, key: &'static str) -> Option<&'a Json> {
        self.asked.push(key);
        self.members.iter().find(|(name, _)| name == key).map(|(_, value)| value).filter(|value| **value != Json::Null)
    }

    /// As [`take`](Fields::take); absence is a fault.
    pub fn require(&mut self, key: &'static str, faults: &mut Faults) -> Option<&'a Json> {
        let found = self.take(key);
        if found.is_none() {
            faults.add(self.pointer(key), "missing", format!("{key:?} is missing"));
        }
        found
    }

    /// A text with so many characters.
    pub fn text(
        &mut self,
        key: &'static str,
        characters: RangeInclusive<usize>,
        shape: Shape,
        faults: &mut Faults,
    ) -> Option<&'a str> {
        let text = self.string(key, faults)?;
        match check_text(text, characters, shape) {
            Ok(()) => Some(text),
            Err((code, message)) => {
                faults.add(self.pointer(key), code, message);
                None
            }
        }
    }

    /// A text that `T` reads; its refusal is the fault.
    pub fn parsed<T>(&mut self, key: &'static str, code: &'static str, faults: &mut Faults) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        let refusal = match self.string(key, faults)?.parse() {
            Ok(value) => return Some(value),
            Err(refusal) => refusal,
        };
        faults.add(self.pointer(key), code, refusal.to_string());
        None
    }

    /// A whole number within a range.
    pub fn whole(&mut self, key: &'static str, range: RangeInclusive<u64>, faults: &mut Faults) -> Option<u64> {
        let value = self.take(key)?;
        let found = value.as_u64().filter(|number| range.contains(number));
        if found.is_none() {
            let what = if let Json::Number(text) = value { quoted(text) } else { value.sort().to_owned() };
            let message =
                format!("a whole number from {} to {} is expected, {what} was found", range.start(), range.end());
            faults.add(self.pointer(key), "not_in_range", message);
        }
        found
    }

    /// A boolean.
    pub fn truth(&mut self, key: &'static str, faults: &mut Faults) -> Option<bool> {
        let value = self.take(key)?;
        self.expect(key, value, value.as_bool(), "a boolean", faults)
    }

    /// An array of at most so many elements, each with its pointer; what is beyond is a fault and left out.
    pub fn elements(&mut self, key: &'static str, count_max: usize, faults: &mut Faults) -> Vec<(String, &'a Json)> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let elements = self.expect(key, value, value.as_array(), "an array", faults).unwrap_or_default();
        let pointer = self.pointer(key);
        if elements.len() > count_max {
            let message = format!("at most {count_max} elements are allowed, {} were found", elements.len());
            faults.add(pointer.clone(), "too_many", message);
        }
        elements.iter().take(count_max).enumerate().map(|(index, one)| (format!("{pointer}/{index}"), one)).collect()
    }

    /// An array of texts; see [`elements`](Fields::elements).
    pub fn strings(&mut self, key: &'static str, count_max: usize, faults: &mut Faults) -> Vec<(String, &'a str)> {
        let elements = self.elements(key, count_max, faults);
        let mut texts = Vec::with_capacity(elements.len());
        for (pointer, element) in elements {
            match element.as_str() {
                Some(text) => texts.push((pointer, text)),
                None => {
                    faults.add(pointer, "wrong_type", format!("a string is expected, {} was found", element.sort()));
                }
            }
        }
        texts
    }

    /// The members of an object of at most so many; see [`elements`](Fields::elements).
    pub fn members(
        &mut self,
        key: &'static str,
        count_max: usize,
        faults: &mut Faults,
    ) -> Vec<(String, &'a str, &'a Json)> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let members = self.expect(key, value, value.as_object(), "an object", faults).unwrap_or_default();
        let pointer = self.pointer(key);
        if members.len() > count_max {
            let message = format!("at most {count_max} members are allowed, {} were found", members.len());
            faults.add(pointer.clone(), "too_many", message);
        }
        let member = |(name, value): &'a (String, Json)| (pointer_to(&pointer, name), name.as_str(), value);
        members.iter().take(count_max).map(member).collect()
    }

    /// The members that were never asked for, in their order.
    pub fn rest(&self) -> Vec<(String, Json)> {
        self.members.iter().filter(|(name, _)| !self.asked.contains(&name.as_str())).cloned().collect()
    }

    fn string(&mut self, key: &'static str, faults: &mut Faults) -> Option<&'a str> {
        let value = self.take(key)?;
        self.expect(key, value, value.as_str(), "a string", faults).filter(|text| !text.is_empty())
    }

    fn expect<T>(&self, key: &str, value: &Json, found: Option<T>, what: &str, faults: &mut Faults) -> Option<T> {
        if found.is_none() {
            faults.add(self.pointer(key), "wrong_type", format!("{what} is expected, {} was found", value.sort()));
        }
        found
    }
}

/// Whether a text has so many characters and holds what its shape allows; the code and the message where not.
pub(in crate::domain) fn check_text(
    text: &str,
    characters: RangeInclusive<usize>,
    shape: Shape,
) -> Result<(), (&'static str, String)> {
    let count = text.chars().count();
    if !characters.contains(&count) {
        let (least, most) = characters.into_inner();
        return Err(("bad_length", format!("{least} to {most} characters are allowed, {} has {count}", quoted(text))));
    }
    let problem = match shape {
        Shape::Name => name_problems(text).into_iter().find(|one| !matches!(one, NameProblem::MixedScripts { .. })),
        Shape::Lines => {
            let control = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
            control.map(NameProblem::Control)
        }
    };
    problem.map_or(Ok(()), |problem| Err((problem.code(), format!("{} cannot be accepted: {problem}", quoted(text)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_member_is_a_fault_with_its_pointer() {
        let json = Json::parse(br#"{"t":5,"n":-1,"b":"x","a":[1,"y"],"o":[],"x/y":1,"e":"","z":null}"#).unwrap();
        let mut faults = Faults::none();
        let mut fields = Fields::of(&json, "/root", &mut faults);
        assert_eq!(fields.text("t", 1..=5, Shape::Name, &mut faults), None);
        assert_eq!(fields.whole("n", 0..=9, &mut faults), None);
        assert_eq!(fields.truth("b", &mut faults), None);
        assert_eq!(fields.strings("a", 5, &mut faults), [("/root/a/1".to_owned(), "y")]);
        assert!(fields.members("o", 5, &mut faults).is_empty());
        assert_eq!(fields.text("e", 1..=5, Shape::Name, &mut faults), None);
        assert!(fields.require("z", &mut faults).is_none());
        assert_eq!(fields.rest(), [("x/y".to_owned(), Json::Number("1".to_owned()))]);
        let pointers: Vec<String> = faults.into_list().into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(pointers, ["/root/t", "/root/n", "/root/b", "/root/a/0", "/root/o", "/root/z"]);
    }
}
