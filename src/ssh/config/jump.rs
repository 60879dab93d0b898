//! The hops before a host: `ProxyJump`, and a `ProxyCommand` that says nothing else.

use crate::domain::target::Place;

use super::resolved::Jump;

/// Reads a list of `[user@]host[:port]` or `ssh://` URIs; none where one of them is neither.
pub(super) fn jumps(list: &str) -> Option<Vec<Jump>> {
    list.split(',').map(jump).collect()
}

fn jump(text: &str) -> Option<Jump> {
    let text = text.trim();
    let text = text.strip_prefix("ssh://").unwrap_or(text).trim_end_matches('/');
    let Place { user, host, port } = Place::parse(text)?;
    if host.is_empty() || host.starts_with('-') || user == Some("") {
        return None;
    }
    Some(Jump {
        host: host.to_owned(),
        user: user.map(str::to_owned),
        port,
    })
}

/// The hop that `ssh [-q] [-l user] [-p port] -W %h:%p host` means, which older configurations write for a `ProxyJump`.
/// None for every other command: it would have to be run.
pub(super) fn of_command(words: &[String]) -> Option<Jump> {
    let all = words.join(" ");
    let mut words = all.split_whitespace();
    if !matches!(words.next()?, "ssh" | "/usr/bin/ssh") {
        return None;
    }
    let (mut user, mut port, mut host, mut through) = (None, None, None, false);
    while let Some(word) = words.next() {
        match word {
            "-q" => {}
            "-l" => user = Some(words.next()?.to_owned()),
            "-p" => port = Some(words.next()?.parse().ok()?),
            "-W" => through = matches!(words.next()?, "%h:%p" | "[%h]:%p"),
            option if option.starts_with('-') => return None,
            place if host.is_none() => host = Some(jump(place)?),
            _ => return None,
        }
    }
    let host = host.filter(|_| through)?;
    Some(Jump {
        user: host.user.or(user),
        port: host.port.or(port),
        host: host.host,
    })
}

#[cfg(test)]
mod tests {
    use super::{jumps, of_command};

    #[test]
    fn commands_that_are_jumps() {
        let read = |text: &str| of_command(&[text.to_owned()]).map(|jump| jump.to_string());
        for (text, jump) in [
            ("ssh -W %h:%p bastion", Some("bastion")),
            (
                "/usr/bin/ssh -q me@bastion -p 2222 -W [%h]:%p",
                Some("me@bastion:2222"),
            ),
            ("ssh -l me -W %h:%p bastion", Some("me@bastion")),
            ("ssh bastion nc %h %p", None),
            ("ssh -W %h:22 bastion", None),
            ("ssh -i key -W %h:%p bastion", None),
            ("nc %h %p", None),
            ("ssh", None),
        ] {
            assert_eq!(read(text).as_deref(), jump, "{text}");
        }
        assert!(jumps("a,,b").is_none() && jumps("-oProxyCommand=x").is_none() && jumps("@a").is_none());
    }
}
