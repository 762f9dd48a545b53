//! A strict reader of JSON (RFC 8259) with a bound on everything and a place for every fault.

use std::collections::HashSet;

use super::{Json, pointer_to};
use crate::domain::limits::{FAULTS_MAX, JSON_DEPTH_MAX, PACKAGE_BYTES_MAX};
use crate::domain::text::quoted;

/// Values in one document, nested ones included.
pub const VALUES_MAX: usize = 200_000;

/// Why a text is no acceptable JSON document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct JsonFault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The JSON pointer of the value that was being read.
    pub pointer: String,
    /// The stable name of what is wrong.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

/// Reads one document and nothing after it; the tree is there too where keys standing twice are all that is wrong.
pub(super) fn document(bytes: &[u8]) -> (Option<Json>, Vec<JsonFault>) {
    let whole =
        |(line, column), code, message| (None, vec![JsonFault { line, column, pointer: String::new(), code, message }]);
    if bytes.len() > PACKAGE_BYTES_MAX {
        let message = format!("the document has {} bytes; at most {PACKAGE_BYTES_MAX} are read", bytes.len());
        return whole((1, 1), "too_large", message);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            return whole(place(&valid), "not_utf8", "the document is not UTF-8 from here on".to_owned());
        }
    };
    let mut reader = Reader { text, at: 0, path: Vec::new(), values: 0, repeated: Vec::new(), repeated_beyond: 0 };
    let read = reader.value().and_then(|json| {
        reader.skip_space();
        if reader.at < text.len() { Err(reader.fault("syntax", "nothing may follow the document")) } else { Ok(json) }
    });
    if reader.repeated_beyond > 0 {
        reader.path.clear();
        let message = format!("{} more keys stand twice in their objects", reader.repeated_beyond);
        let fault = reader.fault_at(0, "duplicate_key", message);
        reader.repeated.push(fault);
    }
    let mut faults = reader.repeated;
    match read {
        Ok(json) => (Some(json), faults),
        Err(fault) => {
            faults.insert(0, fault);
            (None, faults)
        }
    }
}

enum Step {
    Key(String),
    Index(usize),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    path: Vec<Step>,
    values: usize,
    repeated: Vec<JsonFault>,
    repeated_beyond: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Json, JsonFault> {
        self.skip_space();
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(self.fault("too_many_values", format!("the document has more than {VALUES_MAX} values")));
        }
        match self.peek() {
            Some(b'{') => self.nested(Reader::object),
            Some(b'[') => self.nested(Reader::array),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            _ => {
                for (word, json) in [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))] {
                    if self.text[self.at..].starts_with(word) {
                        self.at += word.len();
                        return Ok(json);
                    }
                }
                Err(self.unexpected("a value"))
            }
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json, JsonFault>) -> Result<Json, JsonFault> {
        if self.path.len() >= JSON_DEPTH_MAX {
            return Err(self.fault("too_deep", format!("nested deeper than {JSON_DEPTH_MAX} levels")));
        }
        self.at += 1;
        read(self)
    }

    fn array(&mut self) -> Result<Json, JsonFault> {
        let mut elements = Vec::new();
        if self.skip(b']') {
            return Ok(Json::Array(elements));
        }
        loop {
            self.path.push(Step::Index(elements.len()));
            elements.push(self.value()?);
            self.path.pop();
            if self.skip(b']') {
                return Ok(Json::Array(elements));
            }
            self.require(b',', "a comma or the end of the array")?;
        }
    }

    fn object(&mut self) -> Result<Json, JsonFault> {
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut keys = HashSet::new();
        if self.skip(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            self.require(b':', "a colon after the key")?;
            self.path.push(Step::Key(key.clone()));
            if !keys.insert(key.clone()) {
                self.note_repeated(start, &key);
            }
            let value = self.value()?;
            members.push((key, value));
            self.path.pop();
            if self.skip(b'}') {
                return Ok(Json::Object(members));
            }
            self.require(b',', "a comma or the end of the object")?;
        }
    }

    /// Each place costs a look at all that stands before it, so only so many are named and the rest is counted.
    fn note_repeated(&mut self, start: usize, key: &str) {
        if self.repeated.len() + 2 < FAULTS_MAX {
            let message = format!("the key {} stands twice in this object; keep one", quoted(key));
            let fault = self.fault_at(start, "duplicate_key", message);
            self.repeated.push(fault);
        } else {
            self.repeated_beyond += 1;
        }
    }

    fn number(&mut self) -> Result<String, JsonFault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return Err(self.unexpected("a digit"));
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.fault("syntax", "a number may not start with 0"));
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(self.unexpected("a digit after the point"));
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err(self.unexpected("a digit in the exponent"));
            }
        }
        Ok(self.text[start..self.at].to_owned())
    }

    fn string(&mut self) -> Result<String, JsonFault> {
        self.at += 1;
        let mut decoded = String::new();
        loop {
            let plain =
                self.text[self.at..].bytes().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
            decoded.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(decoded);
                }
                Some(b'\\') => decoded.push(self.escape()?),
                Some(_) => return Err(self.fault("syntax", "a control character in a string must be escaped")),
                None => return Err(self.fault("syntax", "the document ends within a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonFault> {
        let start = self.at;
        let code = self.text.as_bytes().get(self.at + 1).copied();
        self.at = (self.at + 2).min(self.text.len());
        let character = match code {
            Some(quoted @ (b'"' | b'\\' | b'/')) => char::from(quoted),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let unit = self.hex_unit(start)?;
                let pair = if (0xd800..0xdc00).contains(&unit) && self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    let low = self.hex_unit(start)?;
                    (0xdc00..0xe000).contains(&low).then(|| 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
                } else {
                    Some(unit)
                };
                let refusal = || self.fault_at(start, "syntax", "half of a surrogate pair is no character");
                pair.and_then(char::from_u32).ok_or_else(refusal)?
            }
            _ => {
                return Err(self.fault_at(
                    start,
                    "syntax",
                    "no such escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX",
                ));
            }
        };
        Ok(character)
    }

    fn hex_unit(&mut self, start: usize) -> Result<u32, JsonFault> {
        let digits = self.text.get(self.at..self.at + 4).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        unit.ok_or_else(|| self.fault_at(start, "syntax", "\\u needs four hexadecimal digits"))
    }

    fn digits(&mut self) -> usize {
        let count = self.text[self.at..].bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        count
    }

    fn skip_space(&mut self) {
        let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.text[self.at..].bytes().take_while(space).count();
    }

    fn skip(&mut self, wanted: u8) -> bool {
        self.skip_space();
        self.take(wanted)
    }

    fn require(&mut self, wanted: u8, what: &str) -> Result<(), JsonFault> {
        if self.skip(wanted) { Ok(()) } else { Err(self.unexpected(what)) }
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self, wanted: &str) -> JsonFault {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let found = found.map_or("the end of the document".to_owned(), |c| quoted(c.encode_utf8(&mut [0; 4])));
        self.fault("syntax", format!("{wanted} was expected, {found} was found"))
    }

    fn fault(&self, code: &'static str, message: impl Into<String>) -> JsonFault {
        self.fault_at(self.at, code, message)
    }

    fn fault_at(&self, at: usize, code: &'static str, message: impl Into<String>) -> JsonFault {
        let (line, column) = place(self.text.get(..at).unwrap_or(self.text));
        let pointer = self.path.iter().fold(String::new(), |pointer, step| match step {
            Step::Key(key) => pointer_to(&pointer, &key.chars().take(100).collect::<String>()),
            Step::Index(index) => format!("{pointer}/{index}"),
        });
        JsonFault { line, column, pointer, code, message: message.into() }
    }
}

/// Line and column of what follows `text`.
fn place(text: &str) -> (usize, usize) {
    let line_start = text.rfind('\n').map_or(0, |end| end + 1);
    (text.bytes().filter(|byte| *byte == b'\n').count() + 1, text[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn faults_name_their_place() {
        for (text, line, column, pointer, code) in [
            ("", 1, 1, "", "syntax"),
            ("{\"a\":1,\n \"é\":1, \"a\":2}", 2, 9, "/a", "duplicate_key"),
            ("{\"a\":[1,{\"b/c\":tru}]}", 1, 16, "/a/1/b~1c", "syntax"),
            ("[1,]", 1, 4, "/1", "syntax"),
            ("[01]", 1, 3, "/0", "syntax"),
            ("[1.]", 1, 4, "/0", "syntax"),
            ("[\"\u{1}\"]", 1, 3, "/0", "syntax"),
            (r#"["\ud800x"]"#, 1, 3, "/0", "syntax"),
            (r#"["\ud800\u0041"]"#, 1, 3, "/0", "syntax"),
            (r#"["\u00"]"#, 1, 3, "/0", "syntax"),
            ("[] []", 1, 4, "", "syntax"),
            ("\u{feff}{}", 1, 1, "", "syntax"),
            ("NaN", 1, 1, "", "syntax"),
            ("{a:1}", 1, 2, "", "syntax"),
            ("\"open", 1, 6, "", "syntax"),
        ] {
            let fault = Json::parse(text.as_bytes()).unwrap_err();
            let found = (fault.line, fault.column, fault.pointer.as_str(), fault.code);
            assert_eq!(found, (line, column, pointer, code), "{text:?}: {fault}");
        }
    }

    #[test]
    fn all_repeated_keys_are_named() {
        let faults = Json::judge(br#"{"a":1,"a":2,"o":{"b":1,"b":2}}"#).1;
        assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), ["/a", "/o/b"]);
        let many = format!("{{\"a\":1{}}}", ",\"a\":1".repeat(FAULTS_MAX + 20));
        let (json, faults) = Json::judge(many.as_bytes());
        assert!(json.is_some() && faults.len() < FAULTS_MAX, "{}", faults.len());
        assert_eq!(faults.last().unwrap().message, "22 more keys stand twice in their objects");
        assert!(Json::parse("{\"a\":1,\"\\u0061\":2}".as_bytes()).is_err());
    }

    #[test]
    fn bounds_hold_just_above_and_not_just_below() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Json::parse(nested(JSON_DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(Json::parse(nested(JSON_DEPTH_MAX + 1).as_bytes()).unwrap_err().code, "too_deep");
        assert_eq!(Json::parse("[".repeat(100_000).as_bytes()).unwrap_err().code, "too_deep");
        let many = |count: usize| format!("[{}0]", "0,".repeat(count - 2));
        assert!(Json::parse(many(VALUES_MAX).as_bytes()).is_ok());
        assert_eq!(Json::parse(many(VALUES_MAX + 1).as_bytes()).unwrap_err().code, "too_many_values");
        assert_eq!(Json::parse(&vec![b' '; PACKAGE_BYTES_MAX + 1]).unwrap_err().code, "too_large");
        let fault = Json::parse(b"{\"a\":\"\xff\"}").unwrap_err();
        assert_eq!((fault.code, fault.column), ("not_utf8", 7));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_as_serde_json_judges_them(bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "[\\[\\]{}\":,ab\\\\u0-9eE+. \ntrfals-]{0,40}".prop_map(String::into_bytes),
        ]) {
            let ours = Json::parse(&bytes);
            let theirs = serde_json::from_slice::<serde_json::Value>(&bytes);
            match (&ours, &theirs) {
                (Err(fault), Ok(_)) => prop_assert_eq!(fault.code, "duplicate_key"),
                // A number beyond the floats is refused there and kept as text here.
                (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("out of range"), "{}", error),
                _ => {}
            }
        }
    }
}
