//! What HAProxy answers: `show servers state`, version 1, and the CSV of `show stat`.

/// A server of a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) name: String,
    /// 0 stopped, 1 starting (slow start), 2 running, 3 stopping (soft stop).
    operation: u8,
    /// Bits; 0 where nobody took it out: 0x01, 0x02, 0x04, 0x20 maintenance, 0x08, 0x10 draining.
    admin: u32,
    /// A weight of 0 gets no new sessions.
    weight: u32,
}

impl Server {
    /// Whether it gets new sessions.
    pub(super) fn in_service(&self) -> bool {
        self.operation == 2 && self.admin == 0 && self.weight > 0
    }

    /// What it is doing, in a word.
    pub(super) fn word(&self) -> &'static str {
        match (self.admin, self.operation) {
            (admin, _) if admin & 0x27 != 0 => "in maintenance",
            (admin, _) if admin != 0 => "draining",
            (_, 0) => "down",
            (_, 1) => "starting",
            (_, 3) => "stopping",
            _ if self.weight == 0 => "of weight 0",
            _ => "up",
        }
    }
}

/// The servers of one backend, in its order; none where the text is something else.
pub(super) fn servers(text: &str) -> Option<Vec<Server>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    if lines.next() != Some("1") {
        return None;
    }
    let names: Vec<&str> = lines.next()?.strip_prefix('#')?.split_whitespace().collect();
    let at = |name: &str| names.iter().position(|column| *column == name);
    let (name, operation, admin, weight) = (
        at("srv_name")?,
        at("srv_op_state")?,
        at("srv_admin_state")?,
        at("srv_uweight")?,
    );
    lines
        .map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            Some(Server {
                name: (*columns.get(name)?).to_owned(),
                operation: columns.get(operation)?.parse().ok()?,
                admin: columns.get(admin)?.parse().ok()?,
                weight: columns.get(weight)?.parse().ok()?,
            })
        })
        .collect()
}

/// The current sessions of each server; none where the text is something else.
pub(super) fn sessions(text: &str) -> Option<Vec<(String, u64)>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let names: Vec<&str> = lines.next()?.strip_prefix("# ")?.split(',').collect();
    let at = |name: &str| names.iter().position(|column| *column == name);
    let (name, current) = (at("svname")?, at("scur")?);
    lines
        .map(|line| {
            // A field with a comma in it is quoted, and stands behind these two.
            let columns: Vec<&str> = line.split(',').collect();
            Some((
                (*columns.get(name)?).to_owned(),
                columns.get(current)?.parse().ok()?,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{servers, sessions};

    const STATE: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight\n\
        3 web 1 web-1 127.0.0.1 2 0 1 1\n3 web 2 web-2 127.0.0.1 2 8 1 1\n3 web 3 web-3 127.0.0.1 0 0 1 1\n\
        3 web 4 web-4 127.0.0.1 2 0 0 1\n3 web 5 web-5 127.0.0.1 0 1 1 1\n3 web 6 web-6 127.0.0.1 1 0 1 1\n\n";

    #[test]
    fn only_who_runs_and_was_not_taken_out_is_in_service() {
        let seen: Vec<(String, bool, &str)> = servers(STATE)
            .unwrap()
            .into_iter()
            .map(|server| (server.name.clone(), server.in_service(), server.word()))
            .collect();
        let wanted = [
            ("web-1", true, "up"),
            ("web-2", false, "draining"),
            ("web-3", false, "down"),
            ("web-4", false, "of weight 0"),
            ("web-5", false, "in maintenance"),
            ("web-6", false, "starting"),
        ];
        assert_eq!(seen, wanted.map(|(name, up, word)| (name.to_owned(), up, word)));
    }

    #[test]
    fn sessions_stand_in_the_column_of_that_name() {
        let text = "# pxname,svname,qcur,qmax,scur,smax\nweb,web-1,0,0,3,9\nweb,web-2,0,0,0,1\n\n";
        assert_eq!(
            sessions(text),
            Some(vec![("web-1".into(), 3), ("web-2".into(), 0)])
        );
    }

    #[test]
    fn anything_else_is_nothing() {
        for text in [
            "",
            "Can't find backend.\n\n",
            "2\n# srv_name\n",
            "1\n",
            "1\n# srv_name\nx",
            "Permission denied\n",
        ] {
            assert_eq!(servers(text), None, "{text}");
            assert_eq!(sessions(text), None, "{text}");
        }
        assert_eq!(servers(&STATE.replace("127.0.0.1 2", "127.0.0.1 x")), None);
    }
}
