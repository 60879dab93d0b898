//! `[user@]host[:port]`, as people write where a host is.

/// The parts of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The login, where named.
    pub user: Option<&'a str>,
    /// The name or address, without brackets.
    pub host: &'a str,
    /// The port, where named.
    pub port: Option<u16>,
}

impl<'a> Place<'a> {
    /// Takes a place apart. An IPv6 address with a port is written `[::1]:22`, without one as it is. None where what
    /// stands for a port is no number from 1 to 65535, or a bracket is not closed.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (user, place) = match text.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, text),
        };
        let number = |text: &str| text.parse().ok().filter(|port| *port != 0).map(Some);
        let (host, port) = if let Some(rest) = place.strip_prefix('[') {
            let (host, rest) = rest.split_once(']')?;
            match rest.strip_prefix(':') {
                Some(port) => (host, number(port)?),
                None if rest.is_empty() => (host, None),
                None => return None,
            }
        } else {
            match place.split_once(':') {
                // More than one colon is an IPv6 address.
                Some((host, port)) if !port.contains(':') => (host, number(port)?),
                _ => (place, None),
            }
        };
        Some(Self { user, host, port })
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn places_come_apart() {
        for (text, user, host, port) in [
            ("web-1", None, "web-1", None),
            ("web-1:2222", None, "web-1", Some(2222)),
            ("a@b@web-1", Some("a@b"), "web-1", None),
            ("::1", None, "::1", None),
            ("me@[::1]:22", Some("me"), "::1", Some(22)),
        ] {
            assert_eq!(Place::parse(text), Some(Place { user, host, port }), "{text}");
        }
        for wrong in ["a:", "a:0", "a:65536", "a:x", "[::1", "[::1]x"] {
            assert_eq!(Place::parse(wrong), None, "{wrong}");
        }
    }
}
