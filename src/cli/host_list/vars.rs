//! The variables of an inventory: which of them say how a host is reached, and which nobody here understands.

use std::collections::BTreeMap;

use serde_json::Value;

/// A variable with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Var {
    pub(super) value: Value,
    /// `file:line`.
    pub(super) place: String,
}

/// Variables by name.
pub(super) type Vars = BTreeMap<String, Var>;

/// What the variables of a host say of the way to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) address: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    pub(super) identity_file: Option<String>,
}

/// What is not understood: the sentence, and how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::cli) struct Warnings(BTreeMap<String, (String, usize)>);

impl Warnings {
    /// Notes something about a host.
    pub(super) fn add(&mut self, place: &str, what: String) {
        let (_, count) = self.0.entry(what).or_insert_with(|| (place.to_owned(), 0));
        *count += 1;
    }

    /// The sentences, each with the first place and how many hosts it is about.
    pub(in crate::cli) fn sentences(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|(what, (place, count))| match count {
                1 => format!("{place}: {what}"),
                count => format!("{place}: {what} ({count} times)"),
            })
            .collect()
    }
}

/// Sorts the variables of a host: the way to it, and those of its own. What is neither is noted.
///
/// # Errors
/// A sentence, where a variable says how the host is reached and cannot be used: another host might be reached instead.
pub(super) fn sort(
    vars: &Vars,
    warnings: &mut Warnings,
) -> Result<(Reached, BTreeMap<String, Value>), String> {
    let mut reached = Reached::default();
    let mut own = BTreeMap::new();
    for (name, var) in vars {
        match name.as_str() {
            "ansible_host" | "ansible_ssh_host" => reached.address = Some(word(name, var)?),
            "ansible_user" | "ansible_ssh_user" => reached.user = Some(word(name, var)?),
            "ansible_ssh_private_key_file" | "ansible_private_key_file" => {
                reached.identity_file = Some(text(name, var)?);
            }
            "ansible_port" | "ansible_ssh_port" => {
                let port = text(name, var)?.parse().ok().filter(|port| *port != 0);
                let wrong = || format!("{}: `{name}` is not a port from 1 to 65535", var.place);
                reached.port = Some(port.ok_or_else(wrong)?);
            }
            "ansible_connection"
                if matches!(
                    var.value.as_str(),
                    Some("ssh" | "smart" | "paramiko" | "paramiko_ssh")
                ) => {}
            "ansible_connection" => warnings.add(
                &var.place,
                format!(
                    "`ansible_connection` is {}; Edgewise reaches the host by SSH",
                    var.value
                ),
            ),
            "ansible_group_priority" => {}
            "ansible_password" | "ansible_ssh_pass" | "ansible_ssh_password" => warnings.add(
                &var.place,
                format!("`{name}` is left out: the password comes from EDGEWISE_SSH_PASSWORD"),
            ),
            "ansible_ssh_common_args" | "ansible_ssh_extra_args" | "ansible_ssh_args" => warnings.add(
                &var.place,
                format!("`{name}` is not understood and left out: say it in the ssh_config"),
            ),
            other if other.starts_with("ansible_") => {
                warnings.add(&var.place, format!("`{other}` is not understood and left out"));
            }
            other if is_vault(&var.value) => {
                warnings.add(
                    &var.place,
                    format!("`{other}` is encrypted by ansible-vault and left out"),
                );
            }
            other => {
                own.insert(other.to_owned(), var.value.clone());
            }
        }
    }
    Ok((reached, own))
}

fn is_vault(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.trim_start().starts_with("$ANSIBLE_VAULT;"))
}

fn text(name: &str, var: &Var) -> Result<String, String> {
    let text = match &var.value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(format!("{}: `{name}` wants a text", var.place)),
    };
    if text.contains("{{") || is_vault(&var.value) {
        return Err(format!(
            "{}: `{name}` is a template or encrypted, which nobody here can read",
            var.place
        ));
    }
    Ok(text)
}

/// One word that is no option.
fn word(name: &str, var: &Var) -> Result<String, String> {
    let text = text(name, var)?;
    if text.is_empty() || text.starts_with('-') || text.contains(char::is_whitespace) {
        return Err(format!(
            "{}: `{name}` wants one word that does not begin with `-`",
            var.place
        ));
    }
    Ok(text)
}
