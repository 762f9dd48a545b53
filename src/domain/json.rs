//! JSON documents as they were written: order, number text and unknown fields survive, duplicate keys do not.

mod fields;
mod parse;
mod write;

use serde::ser::{Error as _, SerializeMap as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

pub(in crate::domain) use fields::check_text;
pub use fields::{Fields, Shape};
pub use parse::{JsonFault, VALUES_MAX};

/// One JSON value (RFC 8259).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as its text.
    Number(String),
    /// A string, decoded.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in the order it was written; no key stands twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a whole document.
    ///
    /// # Errors
    /// The first fault: size, UTF-8, syntax, depth, number of values, or a key that stands twice.
    pub fn parse(bytes: &[u8]) -> Result<Json, JsonFault> {
        let (json, faults) = parse::document(bytes);
        match (json, faults.into_iter().next()) {
            (_, Some(first)) => Err(first),
            (Some(json), None) => Ok(json),
            (None, None) => Ok(Json::Null),
        }
    }

    /// Reads a whole document and names everything wrong with it: at most one fault of syntax, and every key that
    /// stands twice, at most [`FAULTS_MAX`](super::limits::FAULTS_MAX) in all. Where only keys stand twice, the tree is
    /// there too, so that its meaning can be judged in the same breath; it must not be used otherwise.
    pub fn judge(bytes: &[u8]) -> (Option<Json>, Vec<JsonFault>) {
        parse::document(bytes)
    }

    /// A string value.
    pub fn text(text: impl Into<String>) -> Json {
        Json::String(text.into())
    }

    /// The value as one line without spaces.
    pub fn to_compact(&self) -> String {
        write::compact(self)
    }

    /// The value indented by two spaces, with a line end at the end.
    pub fn to_pretty(&self) -> String {
        write::pretty(self)
    }

    /// What sort of value it is, with its article.
    pub const fn sort(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }

    /// The string, where it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Json::String(text) = self { Some(text) } else { None }
    }

    /// The boolean, where it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Json::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The number, where it is a whole number written in digits alone and fits.
    pub fn as_u64(&self) -> Option<u64> {
        if let Json::Number(text) = self { text.parse().ok() } else { None }
    }

    /// The elements, where it is an array.
    pub fn as_array(&self) -> Option<&[Json]> {
        if let Json::Array(elements) = self { Some(elements) } else { None }
    }

    /// The members, where it is an object.
    pub fn as_object(&self) -> Option<&[(String, Json)]> {
        if let Json::Object(members) = self { Some(members) } else { None }
    }

    /// The member `key`, where it is an object that has one.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.as_object()?.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// As [`get`](Json::get), to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Json> {
        match self {
            Json::Object(members) => members.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Puts `value` at `key`: in its place where the key is there, else at the end. Nothing happens on other values.
    pub fn set(&mut self, key: &str, value: Json) {
        if let Some(place) = self.get_mut(key) {
            *place = value;
        } else if let Json::Object(members) = self {
            members.push((key.to_owned(), value));
        }
    }

    /// Takes `key` out of an object.
    pub fn remove(&mut self, key: &str) -> Option<Json> {
        let Json::Object(members) = self else { return None };
        let place = members.iter().position(|(name, _)| name == key)?;
        Some(members.remove(place).1)
    }
}

/// `pointer` with one more step; `~` and `/` in the key are escaped (RFC 6901).
pub fn pointer_to(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Writes number texts as they are; only serializers of `serde_json` understand them.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(truth) => serializer.serialize_bool(*truth),
            Json::Number(text) => RawValue::from_string(text.clone()).map_err(S::Error::custom)?.serialize(serializer),
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(elements) => serializer.collect_seq(elements),
            Json::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

/// Reads with the same strictness as [`Json::parse`]; only deserializers of `serde_json` offer the raw text.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Json::parse(raw.get().as_bytes()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
pub(in crate::domain) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in crate::domain) fn any_json() -> impl Strategy<Value = Json> + Clone {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?".prop_map(Json::Number),
            any::<String>().prop_map(Json::String),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            let members = prop::collection::btree_map(any::<String>(), inner.clone(), 0..6);
            prop_oneof![
                prop::collection::vec(inner, 0..6).prop_map(Json::Array),
                members.prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn members_are_changed_in_place() {
        let mut json = Json::parse(br#"{"b":1.50,"a":2}"#).unwrap();
        json.set("b", Json::Null);
        json.set("c", Json::text("x"));
        assert_eq!(json.remove("a"), Some(Json::Number("2".to_owned())));
        assert_eq!(json.to_compact(), r#"{"b":null,"c":"x"}"#);
        assert_eq!(pointer_to("/a", "b/~c"), "/a/b~1~0c");
    }

    #[test]
    fn serde_keeps_the_text_of_numbers() {
        let text = r#"{"big":123456789012345678901234567890.10,"exp":1E+2}"#;
        let json: Json = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
        assert!(serde_json::from_str::<Json>(r#"{"a":1,"a":2}"#).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(json in any_json()) {
            prop_assert_eq!(Json::parse(json.to_compact().as_bytes()), Ok(json.clone()));
            prop_assert_eq!(Json::parse(json.to_pretty().as_bytes()), Ok(json.clone()));
            prop_assert_eq!(serde_json::to_string(&json).unwrap(), json.to_compact());
        }
    }
}
