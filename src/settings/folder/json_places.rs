//! Where the keys of a JSON text stand: the path at a place, and the place of a path.
//!
//! The text has been read (or refused) by the real JSON reader; this only walks over it, and stops where
//! it is not JSON any more.

/// The values of a JSON text with their paths.
pub(super) struct Places {
    values: Vec<Place>,
}

/// A value: its path (`config.server_list.east[1]`), where it or its key begins, and the byte after its end.
struct Place {
    path: String,
    begin: usize,
    end: usize,
}

impl Places {
    /// The places of `text`.
    pub(super) fn of(text: &str) -> Self {
        let mut walk = Walk {
            bytes: text.as_bytes(),
            at: 0,
            values: Vec::new(),
        };
        // Half a text has places, too.
        let _ = walk.value("", 0);
        Self { values: walk.values }
    }

    /// The path of the innermost value around this byte.
    pub(super) fn path_at(&self, offset: usize) -> String {
        self.values
            .iter()
            .filter(|place| place.begin <= offset && offset < place.end)
            .max_by_key(|place| (place.begin, place.path.len()))
            .map(|place| place.path.clone())
            .unwrap_or_default()
    }

    /// Where the key of this path begins; that of the longest path above it which is there.
    pub(super) fn offset_of(&self, path: &str) -> usize {
        self.values
            .iter()
            .filter(|place| is_above(&place.path, path))
            .max_by_key(|place| place.path.len())
            .map_or(0, |place| place.begin)
    }
}

fn is_above(place: &str, path: &str) -> bool {
    match path.strip_prefix(place) {
        Some(rest) => place.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']),
        None => false,
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Place>,
}

impl Walk<'_> {
    /// Walks over a value; none where the text ends or is not JSON.
    fn value(&mut self, path: &str, begin: usize) -> Option<()> {
        self.blank();
        let index = self.values.len();
        self.values.push(Place {
            path: path.to_owned(),
            begin,
            end: usize::MAX,
        });
        match self.peek()? {
            b'{' => self.object(path)?,
            b'[' => self.array(path)?,
            b'"' => {
                self.string()?;
            }
            _ => {
                while self
                    .peek()
                    .is_some_and(|byte| !matches!(byte, b',' | b'}' | b']') && !byte.is_ascii_whitespace())
                {
                    self.at += 1;
                }
            }
        }
        self.values[index].end = self.at;
        Some(())
    }

    fn object(&mut self, path: &str) -> Option<()> {
        self.at += 1;
        loop {
            self.blank();
            match self.peek()? {
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                b'"' => {
                    let begin = self.at;
                    let key = self.string()?;
                    let path = if path.is_empty() {
                        key
                    } else {
                        format!("{path}.{key}")
                    };
                    self.blank();
                    if self.peek()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    self.value(&path, begin)?;
                }
                _ => return None,
            }
        }
    }

    fn array(&mut self, path: &str) -> Option<()> {
        self.at += 1;
        let mut index = 0;
        loop {
            self.blank();
            match self.peek()? {
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                _ => {
                    let begin = self.at;
                    self.value(&format!("{path}[{index}]"), begin)?;
                    if self.at == begin {
                        return None;
                    }
                    index += 1;
                }
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let begin = self.at;
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return serde_json::from_slice(&self.bytes[begin..self.at]).ok();
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    const TEXT: &str = r#"{"a": {"b\"": [1, {"c": "}"}]}, "d": true}"#;

    #[test]
    fn a_path_and_its_place_find_each_other() {
        let places = Places::of(TEXT);
        for (path, begins) in [
            ("", "{\"a\""),
            ("a", "\"a\""),
            ("a.b\"", "\"b\\\"\""),
            ("a.b\"[0]", "1"),
            ("a.b\"[1].c", "\"c\""),
            ("a.b\"[1].zzz", "{\"c\""),
            ("d", "\"d\""),
            ("nowhere", "{\"a\""),
        ] {
            let offset = places.offset_of(path);
            assert!(TEXT[offset..].starts_with(begins), "{path}: {}", &TEXT[offset..]);
            if !path.ends_with("zzz") && path != "nowhere" {
                assert_eq!(places.path_at(offset), path);
            }
        }
        assert_eq!(places.path_at(TEXT.find("}\"").unwrap()), "a.b\"[1].c");
    }

    #[test]
    fn half_a_text_has_places() {
        for end in 0..TEXT.len() {
            let places = Places::of(&TEXT[..end]);
            let _ = places.path_at(end);
        }
        let places = Places::of(r#"{"a": {"b": ["#);
        assert_eq!(places.path_at(13), "a.b");
    }
}
