//! `edgewise hosts import FILE`: the hosts of an Ansible inventory as a project's servers, ready to paste; and
//! `edgewise hosts import --known-hosts FILE`: the keys of another file of known hosts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::import_keys;
use crate::cli::exit::{Exit, Failure};
use crate::cli::host_list::{self, Inventory, InventoryHost, Warnings};
use crate::cli::output::{Output, line, note, pretty};
use crate::cli::settings_args::SettingsArgs;
use crate::domain::name::TargetName;
use crate::domain::target::{choose, terms};

/// `edgewise hosts import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// An Ansible inventory (INI, YAML, or what `ansible-inventory --list` prints)
    #[arg(value_name = "FILE", required_unless_present = "known_hosts")]
    inventory: Option<PathBuf>,
    /// Only these hosts of it: names, ranges or groups (`@web`), with commas between
    #[arg(long, value_delimiter = ',', value_name = "A,B", requires = "inventory")]
    hosts: Vec<String>,
    /// Groups that are zones, with commas between; other hosts get the zone `main`
    #[arg(long, value_delimiter = ',', value_name = "A,B", requires = "inventory")]
    zones: Vec<String>,
    /// A file of known hosts whose keys are added to Edgewise's after a yes
    #[arg(long, value_name = "FILE", conflicts_with = "inventory")]
    known_hosts: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// The zone of hosts that are in none of the named ones.
const NO_ZONE: &str = "main";

/// Runs it; contacts nobody.
pub async fn run(args: &ImportArgs, output: Output) -> Result<Exit, Failure> {
    if let Some(file) = &args.known_hosts {
        return import_keys::run(file, &args.settings, output).await;
    }
    let Some(file) = &args.inventory else {
        return Err(Failure::usage("name an inventory, or --known-hosts with a file"));
    };
    let inventory = host_list::inventory(file)?;
    for zone in &args.zones {
        if inventory.group(zone).is_none() {
            return Err(Failure::usage(format!(
                "there is no group `{zone}` in {}",
                inventory.path()
            )));
        }
    }
    let mut warnings = Warnings::default();
    let mut zones: Map<String, Value> = Map::new();
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in chosen(&inventory, &args.hosts)? {
        let Some(host) = inventory.host(&name, &mut warnings).map_err(Failure::usage)? else {
            return Err(Failure::usage(format!(
                "`{name}` is not a host of {}",
                inventory.path()
            )));
        };
        TargetName::parse(&name).map_err(|error| Failure::usage(error.to_string()))?;
        if let Some(key) = host.identity_file() {
            keys.entry(key.to_owned()).or_default().push(name.clone());
        }
        let zone = args.zones.iter().find(|zone| host.groups.contains(*zone));
        let zone = zone.map_or(NO_ZONE, String::as_str);
        let servers = zones.entry(zone).or_insert_with(|| json!([]));
        if let Value::Array(servers) = servers {
            servers.push(server(&name, &host));
        }
    }
    if zones.is_empty() {
        return Err(Failure::usage(format!("{} names no host", inventory.path())));
    }
    line(&pretty(
        &json!({"server_info": "server_list", "server_list": zones}),
    )?)?;
    for warning in warnings.sentences() {
        note(&format!("warning: {warning}"));
    }
    for (key, names) in keys {
        note(&format!(
            "warning: a server's entry has no key file; put this into the ssh_config:\nHost {}\n    IdentityFile {key}",
            names.join(" ")
        ));
    }
    if !output.is_json() {
        note("paste this into the `config` of a project's file");
    }
    Ok(Exit::Done)
}

fn chosen(inventory: &Inventory, wanted: &[String]) -> Result<Vec<String>, Failure> {
    if wanted.is_empty() {
        return Ok(inventory.hosts().to_vec());
    }
    // A comma between brackets belongs to a range; the command line has cut there.
    let wanted = wanted.join(",");
    choose(terms(&wanted), &|name| inventory.group(name)).map_err(|error| Failure::usage(error.to_string()))
}

/// The entry of a server: its name alone, where there is nothing else to say.
fn server(name: &str, host: &InventoryHost) -> Value {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), name.into());
    if let Some(address) = host.address() {
        entry.insert("address".to_owned(), address.into());
    }
    if let Some(port) = host.port() {
        entry.insert("port".to_owned(), port.into());
    }
    if let Some(user) = host.user() {
        entry.insert("user".to_owned(), user.into());
    }
    if !host.groups.is_empty() {
        entry.insert("labels".to_owned(), json!({"groups": host.groups.join(",")}));
    }
    if !host.vars.is_empty() {
        entry.insert("vars".to_owned(), json!(host.vars));
    }
    if entry.len() == 1 {
        name.into()
    } else {
        entry.into()
    }
}
