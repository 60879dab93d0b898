//! Server-sent events, read from bytes as they come (WHATWG HTML, "Server-sent events").

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEvent {
    /// Its name; `message` where none was given.
    pub name: String,
    /// Its data, lines joined by line ends.
    pub data: String,
}

/// Turns bytes into events. It keeps what is not whole yet.
#[derive(Debug, Default)]
pub struct EventReader {
    rest: Vec<u8>,
    name: String,
    data: Vec<String>,
    /// The id of the event that is being read. It counts once that is whole.
    next_id: Option<String>,
    id: Option<String>,
}

impl EventReader {
    /// The events that `bytes` complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<ServerEvent> {
        self.rest.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', &self.rest) {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            if let Some(event) = self.line(line.trim_end_matches(['\n', '\r'])) {
                events.push(event);
            }
        }
        events
    }

    /// The id of the last event that had one: where to resume.
    #[must_use]
    pub fn last_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Forgets what a broken connection left half-said.
    pub fn reconnected(&mut self) {
        self.rest.clear();
        self.name.clear();
        self.data.clear();
        self.next_id = None;
    }

    fn line(&mut self, line: &str) -> Option<ServerEvent> {
        if line.is_empty() {
            if let Some(id) = self.next_id.take() {
                self.id = Some(id);
            }
            let name = std::mem::take(&mut self.name);
            let data = std::mem::take(&mut self.data);
            return (!data.is_empty()).then(|| ServerEvent {
                name: if name.is_empty() {
                    "message".to_owned()
                } else {
                    name
                },
                data: data.join("\n"),
            });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => self.data.push(value.to_owned()),
            "id" if !value.contains('\0') => self.next_id = Some(value.to_owned()),
            // `retry` and comments (an empty field name) change nothing here.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{EventReader, ServerEvent};

    fn event(name: &str, data: &str) -> ServerEvent {
        ServerEvent {
            name: name.into(),
            data: data.into(),
        }
    }

    const STREAM: &str = ": hello\n\nevent: target\nid: 7\ndata: {\"name\":\"wëb\"}\n\nid: 8\r\ndata: a\r\ndata:b\r\n\r\nevent: log\n\n";

    #[test]
    fn events_are_read_with_their_names_and_ids() {
        let mut reader = EventReader::default();
        let events = reader.push(STREAM.as_bytes());
        assert_eq!(
            events,
            [event("target", "{\"name\":\"wëb\"}"), event("message", "a\nb")]
        );
        assert_eq!(reader.last_id(), Some("8"));
    }

    #[test]
    fn half_an_event_does_not_outlive_its_connection() {
        let mut reader = EventReader::default();
        assert_eq!(reader.push(b"id: 2\ndata: 0\n\n"), [event("message", "0")]);
        assert!(reader.push(b"id: 3\nevent: step\ndata: 1\nda").is_empty());
        assert_eq!(
            reader.last_id(),
            Some("2"),
            "3 was not told whole: it must come again"
        );
        reader.reconnected();
        assert_eq!(reader.push(b"data: 2\n\n"), [event("message", "2")]);
        assert_eq!(reader.last_id(), Some("2"));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_bytes_are_cut(cuts in prop::collection::vec(1usize..9, 0..80)) {
            let whole = EventReader::default().push(STREAM.as_bytes());
            let mut reader = EventReader::default();
            let mut events = Vec::new();
            let mut rest = STREAM.as_bytes();
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                events.extend(reader.push(now));
                rest = later;
            }
            events.extend(reader.push(rest));
            prop_assert_eq!(events, whole);
        }
    }
}
