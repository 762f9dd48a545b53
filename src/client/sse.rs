//! Reads server-sent events (the `text/event-stream` format of the HTML standard) from pieces of any size.

/// Bytes of one event at most.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// One event with data, or only an advanced id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The newest `id` seen, this event's included.
    pub(super) id: Option<String>,
    /// The lines of data; empty where the event only advances the id.
    pub(super) data: String,
}

/// The parser: fed with bytes, asked for frames.
#[derive(Debug, Default)]
pub(super) struct Parser {
    pending: Vec<u8>,
    id: Option<String>,
    data: String,
    touched: bool,
}

/// One event is larger than any the server sends.
#[derive(Debug)]
pub(super) struct EventTooLarge;

impl Parser {
    /// Takes a piece of the stream.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), EventTooLarge> {
        if self.pending.len() + self.data.len() + bytes.len() > EVENT_BYTES_MAX {
            return Err(EventTooLarge);
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole event, if there is one.
    pub(super) fn next(&mut self) -> Option<Frame> {
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if !line.is_empty() {
                self.field(line);
            } else if std::mem::take(&mut self.touched) {
                let data = std::mem::take(&mut self.data);
                return Some(Frame { id: self.id.clone(), data });
            }
        }
        None
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" if !value.contains('\0') => {
                self.id = Some(value.to_owned());
                self.touched = true;
            }
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.touched = true;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_any_cut() {
        let stream = ": hello\n\nid: 3\nevent: queue\ndata: {\"a\":\ndata: 1}\n\nid: 7\n\r\nid: 8\r\ndata:x\r\n\r\n";
        for cut in 0..stream.len() {
            let mut parser = Parser::default();
            let mut frames = Vec::new();
            for piece in [&stream[..cut], &stream[cut..]] {
                parser.feed(piece.as_bytes()).unwrap();
                while let Some(frame) = parser.next() {
                    frames.push((frame.id.unwrap(), frame.data));
                }
            }
            let expected = [("3", "{\"a\":\n1}"), ("7", ""), ("8", "x")].map(|(id, data)| (id.into(), data.into()));
            assert_eq!(frames, expected, "cut at {cut}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = Parser::default();
        assert!(parser.feed(&vec![b'x'; EVENT_BYTES_MAX]).is_ok());
        assert!(parser.feed(b"x").is_err());
    }
}
