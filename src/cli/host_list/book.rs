//! Hosts and groups of an inventory, as Ansible reads them: groups may have groups in them, variables of a nearer group
//! win over those of a farther one, and a host's own over all.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::vars::{Var, Vars};
use crate::domain::target::{ChoiceError, Place, choose};

/// How deep groups may lie in each other.
const MOST_DEPTH: usize = 64;

/// What an inventory says.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    /// Names in the order in which they came.
    pub(super) hosts: Vec<String>,
    known: HashSet<String>,
    own: HashMap<String, Vars>,
    groups: BTreeMap<String, Group>,
}

#[derive(Debug, Clone, Default)]
struct Group {
    hosts: Vec<String>,
    children: BTreeSet<String>,
    vars: Vars,
}

impl Book {
    /// Adds the hosts that `text` stands for (`web[01:20]:2222`) with their variables, to a group or to none.
    ///
    /// # Errors
    /// A sentence, where it stands for no hosts.
    pub(super) fn add(
        &mut self,
        group: Option<&str>,
        text: &str,
        vars: &Vars,
        place: &str,
    ) -> Result<(), String> {
        let names = choose([text], &|_| None).map_err(|error: ChoiceError| format!("{place}: {error}"))?;
        for name in names {
            let Place { user, host, port } =
                Place::parse(&name).ok_or_else(|| format!("{place}: `{name}` is not [user@]host[:port]"))?;
            let host = host.to_owned();
            let said = [
                ("ansible_user", user.map(Into::into)),
                ("ansible_port", port.map(Into::into)),
            ];
            let said = said.into_iter().filter_map(|(name, value)| {
                let value = value?;
                let place = place.to_owned();
                Some((name.to_owned(), Var { value, place }))
            });
            if self.known.insert(host.clone()) {
                self.hosts.push(host.clone());
            }
            let own = self.own.entry(host.clone()).or_default();
            own.extend(said.chain(vars.clone()));
            if let Some(group) = group {
                self.group(group).hosts.push(host);
            }
        }
        Ok(())
    }

    /// Adds variables to a host that is there already, or comes later.
    pub(super) fn describe(&mut self, host: &str, vars: Vars) {
        self.own.entry(host.to_owned()).or_default().extend(vars);
    }

    /// A group is there, with or without hosts.
    pub(super) fn open(&mut self, group: &str) {
        self.group(group);
    }

    /// A group lies in another one.
    pub(super) fn nest(&mut self, group: &str, child: &str) {
        self.group(child);
        self.group(group).children.insert(child.to_owned());
    }

    /// Gives a group variables.
    pub(super) fn set(&mut self, group: &str, vars: Vars) {
        self.group(group).vars.extend(vars);
    }

    /// The names of all groups that were written down.
    pub(super) fn group_names(&self) -> Vec<&str> {
        self.groups.keys().map(String::as_str).collect()
    }

    fn group(&mut self, name: &str) -> &mut Group {
        self.groups.entry(name.to_owned()).or_default()
    }

    /// Goes over groups and hosts, and tells who belongs where and which variables hold.
    ///
    /// # Errors
    /// A sentence, where groups lie in each other in a circle.
    pub(super) fn settle(self) -> Result<Settled, String> {
        let mut depths: HashMap<&str, usize> = HashMap::new();
        for name in self.groups.keys() {
            self.sink(name, 1, &mut depths)?;
        }
        let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut of_host: HashMap<&str, Vec<&str>> = HashMap::new();
        for name in self.groups.keys() {
            let mut hosts = Vec::new();
            let mut seen = HashSet::new();
            self.gather(name, &mut HashSet::new(), &mut |host| {
                if seen.insert(host) {
                    hosts.push(host.to_owned());
                    of_host.entry(host).or_default().push(name);
                }
            });
            members.insert(name.clone(), hosts);
        }
        let grouped: HashSet<&str> = of_host
            .iter()
            .filter(|(_, groups)| groups.iter().any(|group| !matches!(*group, "all" | "ungrouped")))
            .map(|(host, _)| *host)
            .collect();
        let ungrouped = self.hosts.iter().filter(|host| !grouped.contains(host.as_str()));
        members.insert("ungrouped".to_owned(), ungrouped.cloned().collect());
        members.insert("all".to_owned(), self.hosts.clone());
        let mut vars = HashMap::new();
        for host in &self.hosts {
            let mut groups = of_host.get(host.as_str()).cloned().unwrap_or_default();
            groups.retain(|group| *group != "all");
            // The farthest first, so that a nearer one writes over it.
            groups.sort_by_key(|group| {
                (
                    depths.get(group).copied().unwrap_or(0),
                    self.priority(group),
                    *group,
                )
            });
            let mut all = Vars::new();
            let own = self.own.get(host).cloned().unwrap_or_default();
            for group in std::iter::once("all").chain(groups.iter().copied()) {
                lay(
                    &mut all,
                    self.groups
                        .get(group)
                        .map(|group| group.vars.clone())
                        .unwrap_or_default(),
                );
            }
            lay(&mut all, own);
            let groups = groups.into_iter().map(str::to_owned).collect();
            vars.insert(host.clone(), HostFacts { groups, vars: all });
        }
        Ok(Settled {
            hosts: self.hosts.clone(),
            members,
            facts: vars,
        })
    }

    /// How far a group and those in it lie from the top, at the most.
    fn sink<'a>(
        &'a self,
        name: &'a str,
        depth: usize,
        depths: &mut HashMap<&'a str, usize>,
    ) -> Result<(), String> {
        if depth > MOST_DEPTH {
            return Err(format!(
                "the group `{name}` lies in itself, or in more than {MOST_DEPTH} others"
            ));
        }
        let known = depths.entry(name).or_default();
        if *known >= depth {
            return Ok(());
        }
        *known = depth;
        for child in self
            .groups
            .get(name)
            .into_iter()
            .flat_map(|group| &group.children)
        {
            self.sink(child, depth + 1, depths)?;
        }
        Ok(())
    }

    fn gather<'a>(&'a self, name: &'a str, been: &mut HashSet<&'a str>, take: &mut dyn FnMut(&'a str)) {
        if !been.insert(name) {
            return;
        }
        let Some(group) = self.groups.get(name) else {
            return;
        };
        group.hosts.iter().for_each(|host| take(host));
        for child in &group.children {
            self.gather(child, been, take);
        }
    }

    fn priority(&self, group: &str) -> i64 {
        let vars = self.groups.get(group).map(|group| &group.vars);
        let priority = vars.and_then(|vars| vars.get("ansible_group_priority"));
        priority.and_then(|var| var.value.as_i64()).unwrap_or(1)
    }
}

/// Two words for the same thing: the later one counts, whichever it is.
const SAME: [(&str, &str); 4] = [
    ("ansible_host", "ansible_ssh_host"),
    ("ansible_port", "ansible_ssh_port"),
    ("ansible_user", "ansible_ssh_user"),
    ("ansible_private_key_file", "ansible_ssh_private_key_file"),
];

fn lay(all: &mut Vars, over: Vars) {
    for (one, other) in SAME {
        if over.contains_key(one) || over.contains_key(other) {
            all.remove(one);
            all.remove(other);
        }
    }
    all.extend(over);
}

/// An inventory, worked out.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    /// Names in the order in which they came.
    pub(super) hosts: Vec<String>,
    /// Who is in which group; `all` and `ungrouped` are always there.
    pub(super) members: BTreeMap<String, Vec<String>>,
    pub(super) facts: HashMap<String, HostFacts>,
}

/// What holds for a host.
#[derive(Debug, Clone)]
pub(super) struct HostFacts {
    /// The groups it is in, the nearest last, without `all`.
    pub(super) groups: Vec<String>,
    pub(super) vars: Vars,
}
