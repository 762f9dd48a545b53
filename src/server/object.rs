//! JSON objects written straight into a buffer, for the list that is asked for all the time: serde walks each text byte
//! by byte in search of what has to be escaped, which is a tenth of what a page of the queue costs.

use serde::Serialize;

/// An object that is being written: each call adds a field.
pub struct Object<'b> {
    out: &'b mut Vec<u8>,
    empty: bool,
}

impl<'b> Object<'b> {
    /// Writes an object to the end of `out`, with the fields that `fill` adds.
    pub fn write(out: &'b mut Vec<u8>, fill: impl FnOnce(&mut Object)) {
        out.push(b'{');
        fill(&mut Object { out, empty: true });
        out.push(b'}');
    }

    /// Adds a text.
    pub fn text(&mut self, key: &'static str, value: &str) {
        self.key(key);
        quoted(self.out, value);
    }

    /// Adds a text, where there is one.
    pub fn optional_text(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// Adds a list of texts.
    pub fn texts<'t>(&mut self, key: &'static str, values: impl Iterator<Item = &'t str>) {
        self.key(key);
        self.out.push(b'[');
        for (place, value) in values.enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            quoted(self.out, value);
        }
        self.out.push(b']');
    }

    /// Adds anything that serde knows.
    pub fn value(&mut self, key: &'static str, value: &impl Serialize) {
        self.key(key);
        let begun = self.out.len();
        if serde_json::to_writer(&mut *self.out, value).is_err() {
            self.out.truncate(begun);
            self.out.extend_from_slice(b"null");
        }
    }

    /// Adds an object.
    pub fn object(&mut self, key: &'static str, fill: impl FnOnce(&mut Object)) {
        self.key(key);
        Object::write(self.out, fill);
    }

    /// Keys are plain: they are in the program's text.
    fn key(&mut self, key: &'static str) {
        self.out.extend_from_slice(if self.empty { b"\"" } else { b",\"" });
        self.empty = false;
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

/// Writes a text in quotes (RFC 8259, section 7).
fn quoted(out: &mut Vec<u8>, text: &str) {
    // No way out of the loop before its end, so that it looks at many bytes at once.
    let special = |byte: u8| u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\');
    let plain = text.bytes().fold(0, |found, byte| found | special(byte)) == 0;
    let begun = out.len();
    if plain {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else if serde_json::to_writer(&mut *out, text).is_err() {
        out.truncate(begun);
        out.extend_from_slice(b"\"\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_text_holds_it_is_read_back() {
        let texts = ["", "plain", "quote \" in it", "back\\slash", "line\nend", "\u{0}\u{1f}", "ü 日本 \u{2028}\u{7f}"];
        for text in texts {
            let mut out = Vec::new();
            Object::write(&mut out, |object| {
                object.text("a", text);
                object.optional_text("none", None);
                object.texts("b", [text, text].into_iter());
                object.texts("c", std::iter::empty());
                object.object("d", |inner| inner.value("n", &-7));
            });
            let expected = serde_json::json!({"a": text, "b": [text, text], "c": [], "d": {"n": -7}});
            assert_eq!(String::from_utf8(out).unwrap(), expected.to_string());
        }
    }
}
