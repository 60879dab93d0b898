//! Inventories in Ansible's YAML form, and what `ansible-inventory --list` prints.

use std::path::Path;

use super::book::Book;
use super::vars::{Var, Vars};
use super::yaml_tree::{self, Kind, Node};

/// Reads it. `path` is for complaints.
///
/// # Errors
/// A sentence with file and line.
pub(super) fn read(text: &str, path: &str) -> Result<Book, String> {
    let mut reader = Reader {
        path,
        book: Book::default(),
    };
    let Some(root) = parse(text, path)? else {
        return Ok(reader.book);
    };
    let Kind::Map(groups) = &root.kind else {
        return Err(reader.wrong(&root, "an inventory is a map of groups"));
    };
    for (name, node) in groups {
        match name.as_str() {
            "plugin" => {
                return Err(reader.wrong(
                    node,
                    "this is the setting of an inventory plugin: let `ansible-inventory --list` write out what it finds, \
                     and name that file",
                ));
            }
            "_meta" => reader.meta(node)?,
            name => reader.group(name, node)?,
        }
    }
    Ok(reader.book)
}

/// The variables in a file of `group_vars` or `host_vars`.
///
/// # Errors
/// A sentence with file and line.
pub(super) fn read_vars(text: &str, path: &str) -> Result<Vars, String> {
    let reader = Reader {
        path,
        book: Book::default(),
    };
    match parse(text, path)? {
        Some(root) => reader.vars(&root),
        None => Ok(Vars::new()),
    }
}

/// Whether the file is YAML, or JSON, which is YAML too.
pub(super) fn is_yaml(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yml" | "yaml" | "json"))
}

fn parse(text: &str, path: &str) -> Result<Option<Node>, String> {
    yaml_tree::read(text).map_err(|(line, reason)| format!("{path}:{line}: {reason}"))
}

struct Reader<'a> {
    path: &'a str,
    book: Book,
}

impl Reader<'_> {
    fn place(&self, node: &Node) -> String {
        format!("{}:{}", self.path, node.line)
    }

    fn wrong(&self, node: &Node, reason: &str) -> String {
        format!("{}: {reason}", self.place(node))
    }

    fn group(&mut self, name: &str, node: &Node) -> Result<(), String> {
        self.book.open(name);
        if node.is_null() {
            return Ok(());
        }
        let Kind::Map(parts) = &node.kind else {
            return Err(self.wrong(
                node,
                &format!("the group `{name}` wants a map with hosts, children or vars"),
            ));
        };
        for (part, node) in parts {
            match (part.as_str(), &node.kind) {
                (_, _) if node.is_null() => {}
                ("hosts", Kind::Map(hosts)) => {
                    for (host, vars) in hosts {
                        let place = self.place(vars);
                        let vars = self.vars(vars)?;
                        self.book.add(Some(name), host, &vars, &place)?;
                    }
                }
                ("hosts", Kind::List(hosts)) => {
                    for host in hosts {
                        let text = self.word(host)?;
                        self.book.add(Some(name), text, &Vars::new(), &self.place(host))?;
                    }
                }
                ("children", Kind::Map(children)) => {
                    for (child, node) in children {
                        self.book.nest(name, child);
                        self.group(child, node)?;
                    }
                }
                ("children", Kind::List(children)) => {
                    for child in children {
                        let child = self.word(child)?;
                        self.book.nest(name, child);
                    }
                }
                ("vars", _) => {
                    let vars = self.vars(node)?;
                    self.book.set(name, vars);
                }
                _ => {
                    return Err(self.wrong(
                        node,
                        &format!(
                            "`{part}` of the group `{name}` is not hosts, children or vars of the right form"
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    /// `_meta.hostvars` of `ansible-inventory --list`.
    fn meta(&mut self, node: &Node) -> Result<(), String> {
        let Kind::Map(parts) = &node.kind else {
            return Err(self.wrong(node, "`_meta` wants a map"));
        };
        for (part, node) in parts {
            let Kind::Map(hosts) = &node.kind else {
                continue;
            };
            if part == "hostvars" {
                for (host, vars) in hosts {
                    let vars = self.vars(vars)?;
                    self.book.describe(host, vars);
                }
            }
        }
        Ok(())
    }

    fn vars(&self, node: &Node) -> Result<Vars, String> {
        match &node.kind {
            _ if node.is_null() => Ok(Vars::new()),
            Kind::Map(pairs) => Ok(pairs
                .iter()
                .map(|(name, node)| {
                    let (value, place) = (node.json(), self.place(node));
                    (name.clone(), Var { value, place })
                })
                .collect()),
            _ => Err(self.wrong(node, "variables are a map")),
        }
    }

    fn word<'a>(&self, node: &'a Node) -> Result<&'a str, String> {
        match &node.kind {
            Kind::Scalar { text, .. } => Ok(text),
            _ => Err(self.wrong(node, "a name is expected here")),
        }
    }
}
