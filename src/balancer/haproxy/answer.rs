//! What `HAProxy` answers. Columns are found by their names: later versions have more of them.

/// `srv_admin_state`: 1, 2 and 4 are maintenance (forced, inherited, by configuration), 8 and 16 drain, 32 and 64 maintenance
/// because the name does not resolve. Any of them keeps new sessions away.
const NOT_SERVING: u32 = 0x7f;

/// The servers of `show servers state`, and whether each gets new sessions.
pub(super) fn servers(text: &str) -> Result<Vec<(&str, bool)>, String> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    // The first line is the number of the format.
    let header = match (lines.next(), lines.next()) {
        (Some(_), Some(header)) if header.starts_with('#') => header,
        (first, _) => return Err(first.unwrap_or("an empty answer").to_owned()),
    };
    let columns: Vec<&str> = header.trim_start_matches('#').split_whitespace().collect();
    let column = |name: &str| {
        let place = columns.iter().position(|column| *column == name);
        place.ok_or_else(|| format!("`show servers state` has no column {name}"))
    };
    let (name, works, admin, weight) = (
        column("srv_name")?,
        column("srv_op_state")?,
        column("srv_admin_state")?,
        column("srv_uweight")?,
    );
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let number = |place: usize| fields.get(place).and_then(|field| field.parse::<u32>().ok());
            let unreadable = || format!("a line of `show servers state` cannot be read: {line}");
            let server = fields.get(name).ok_or_else(unreadable)?;
            let works = number(works).ok_or_else(unreadable)?;
            let admin = number(admin).ok_or_else(unreadable)?;
            let weight = number(weight).ok_or_else(unreadable)?;
            // 1 is starting (slowly), 2 is running; 0 is stopped, 3 is stopping.
            let in_service = matches!(works, 1 | 2) && admin & NOT_SERVING == 0 && weight > 0;
            Ok((*server, in_service))
        })
        .collect()
}

/// The sessions of a server by `show stat`: those it has, and those that wait for it.
pub(super) fn sessions(text: &str, server: &str) -> Result<u64, String> {
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let header = match lines.next() {
        Some(header) if header.starts_with('#') => header,
        other => return Err(other.unwrap_or("an empty answer").trim().to_owned()),
    };
    let columns: Vec<&str> = header.trim_start_matches('#').trim().split(',').collect();
    let column = |name: &str| {
        let place = columns.iter().position(|column| *column == name);
        place.ok_or_else(|| format!("`show stat` has no column {name}"))
    };
    let (name, current, queued) = (column("svname")?, column("scur")?, column("qcur")?);
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        if fields.get(name) == Some(&server) {
            let number = |place: usize| {
                let field = fields.get(place).copied().unwrap_or_default();
                field
                    .parse::<u64>()
                    .map_err(|_| format!("the sessions of {server} cannot be read: {field}"))
            };
            return Ok(number(current)? + number(queued)?);
        }
    }
    Err(format!("no such server: {server}"))
}

/// A command that changes something says nothing where it did.
pub(super) fn silence(text: &str) -> Result<(), String> {
    match text.trim() {
        "" => Ok(()),
        words => Err(words.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{servers, sessions, silence};

    // As HAProxy 2.6 says it, with fewer columns.
    const STATE: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight\n\
                         3 web 1 up 127.0.0.1 2 0 1 1\n3 web 2 down 127.0.0.1 0 0 1 1\n3 web 3 drain 127.0.0.1 2 8 1 1\n\
                         3 web 4 maint 127.0.0.1 0 1 1 1\n3 web 5 slow 127.0.0.1 1 0 1 1\n3 web 6 stopping 127.0.0.1 3 0 1 1\n\
                         3 web 7 weightless 127.0.0.1 2 0 0 1\n3 web 8 unresolved 127.0.0.1 2 32 1 1\n\n";

    #[test]
    fn who_gets_new_sessions_is_in_service() {
        let serving: Vec<&str> = servers(STATE)
            .unwrap()
            .into_iter()
            .filter(|(_, serves)| *serves)
            .map(|(name, _)| name)
            .collect();
        assert_eq!(serving, ["up", "slow"]);
        assert_eq!(
            servers("Can't find backend.\n\n"),
            Err("Can't find backend.".to_owned())
        );
        assert_eq!(
            servers("Permission denied\n\n"),
            Err("Permission denied".to_owned())
        );
        assert!(servers("").is_err());
        assert!(
            servers("2\n# be_id srv_name\n3 web\n")
                .unwrap_err()
                .contains("srv_op_state")
        );
        assert!(
            servers("1\n# srv_name srv_op_state srv_admin_state srv_uweight\nweb x 0 1\n")
                .unwrap_err()
                .contains("cannot be read")
        );
    }

    #[test]
    fn sessions_are_those_under_way_and_those_that_wait() {
        let text = "# pxname,svname,qcur,qmax,scur,smax,\nweb,web-1,2,0,3,9,\nweb,web-2,0,0,0,9,\n\n";
        assert_eq!(sessions(text, "web-1"), Ok(5));
        assert_eq!(sessions(text, "web-2"), Ok(0));
        assert_eq!(sessions(text, "web-9"), Err("no such server: web-9".to_owned()));
        assert_eq!(
            sessions("No such proxy.\n", "a"),
            Err("No such proxy.".to_owned())
        );
    }

    #[test]
    fn words_are_a_refusal() {
        assert_eq!(silence("\n"), Ok(()));
        assert_eq!(silence("No such server.\n\n"), Err("No such server.".to_owned()));
    }
}
