//! YAML as a tree with line numbers, bounded: aliases cannot make a small file large.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;

/// How many nodes a file may have, copies by alias included.
const MOST_NODES: usize = 2_000_000;
/// How deep they may lie in each other.
const MOST_DEPTH: usize = 64;

/// A node with its line, from 1.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: Kind,
    /// It and all below it.
    size: usize,
    /// It and the deepest below it.
    depth: usize,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A text; plain where it stands without quotes, and so may be a number or nothing at all.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    fn new(line: usize, kind: Kind) -> Self {
        let below: &mut dyn Iterator<Item = &Self> = match &kind {
            Kind::Scalar { .. } => &mut std::iter::empty(),
            Kind::List(nodes) => &mut nodes.iter(),
            Kind::Map(pairs) => &mut pairs.iter().map(|(_, node)| node),
        };
        let (mut size, mut depth) = (1_usize, 0);
        for node in below {
            size = size.saturating_add(node.size);
            depth = depth.max(node.depth);
        }
        Self {
            line,
            kind,
            size,
            depth: depth + 1,
        }
    }

    /// Whether nothing stands there.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// As JSON, with YAML's words for truth as Ansible takes them.
    pub(super) fn json(&self) -> Value {
        match &self.kind {
            Kind::Scalar { .. } if self.is_null() => Value::Null,
            Kind::Scalar { text, plain: false } => text.as_str().into(),
            Kind::Scalar { text, plain: true } => scalar(text),
            Kind::List(nodes) => nodes.iter().map(Self::json).collect(),
            Kind::Map(pairs) => pairs
                .iter()
                .map(|(key, node)| (key.clone(), node.json()))
                .collect(),
        }
    }
}

fn scalar(text: &str) -> Value {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => return Value::Bool(true),
        "false" | "no" | "off" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>()
        && number.to_string() == text
    {
        return number.into();
    }
    match text.parse::<f64>() {
        Ok(number) if text.contains('.') && number.is_finite() && !text.starts_with('0') => number.into(),
        _ => text.into(),
    }
}

/// A list or map that is not closed yet.
struct Open {
    line: usize,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, HashSet<String>, Option<String>),
}

/// Reads the one document of a text; none where it is empty.
///
/// # Errors
/// The line and a sentence.
pub(super) fn read(text: &str) -> Result<Option<Node>, (usize, String)> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| (error.marker().line(), error.info().to_owned()))?;
        let line = span.start.line();
        tree.take(event, line).map_err(|reason| (line, reason))?;
    }
    Ok(tree.root)
}

#[derive(Default)]
struct Tree {
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err("only one document may stand in the file".to_owned())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let text = text.into_owned();
                self.count(1)?;
                self.put(Node::new(line, Kind::Scalar { text, plain }), anchor)
            }
            Event::SequenceStart(anchor, _) => self.begin(line, anchor, Items::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                self.begin(line, anchor, Items::Map(Vec::new(), HashSet::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Ok(());
                };
                let kind = match open.items {
                    Items::List(nodes) => Kind::List(nodes),
                    Items::Map(pairs, ..) => Kind::Map(merged(pairs)?),
                };
                self.put(Node::new(open.line, kind), open.anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).map(|node| node.size) {
                Some(size) => {
                    self.count(size)?;
                    let node = self.anchors[&anchor].clone();
                    self.put(node, 0)
                }
                None => Err("an alias stands for something that is not there yet".to_owned()),
            },
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(&mut self, line: usize, anchor: usize, items: Items) -> Result<(), String> {
        if self.open.len() >= MOST_DEPTH {
            return Err(format!("it is nested more than {MOST_DEPTH} deep"));
        }
        self.open.push(Open { line, anchor, items });
        self.count(1)
    }

    fn count(&mut self, more: usize) -> Result<(), String> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MOST_NODES {
            return Err(format!("it stands for more than {MOST_NODES} values"));
        }
        Ok(())
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        if self.open.len() + node.depth > MOST_DEPTH {
            return Err(format!("it is nested more than {MOST_DEPTH} deep"));
        }
        if anchor != 0 {
            self.count(node.size)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(node),
            Some(Items::List(nodes)) => nodes.push(node),
            Some(Items::Map(pairs, known, key)) => match (key.take(), node.kind) {
                (Some(name), kind) => pairs.push((name, Node { kind, ..node })),
                (None, Kind::Scalar { text, .. }) => {
                    // A merge may stand there more than once.
                    if text != "<<" && !known.insert(text.clone()) {
                        return Err(format!("the key `{text}` stands there twice"));
                    }
                    *key = Some(text);
                }
                (None, _) => return Err("a key must be a word".to_owned()),
            },
        }
        Ok(())
    }
}

/// `<<: *other` takes over what is not said otherwise.
fn merged(pairs: Vec<(String, Node)>) -> Result<Vec<(String, Node)>, String> {
    if pairs.iter().all(|(key, _)| key != "<<") {
        return Ok(pairs);
    }
    let (merges, mut pairs): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| key == "<<");
    let maps = merges.into_iter().flat_map(|(_, node)| match node.kind {
        Kind::List(nodes) => nodes,
        _ => vec![node],
    });
    for map in maps {
        let Kind::Map(more) = map.kind else {
            return Err("`<<` wants a map".to_owned());
        };
        for (key, node) in more {
            if pairs.iter().all(|(known, _)| *known != key) {
                pairs.push((key, node));
            }
        }
    }
    Ok(pairs)
}
