//! `edgewise user`: local users, in the store itself.

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::{Output, note, table};
use super::settings_args::SettingsArgs;
use super::{local_store, password};
use crate::app::accounts::{self, NewUser};

/// `edgewise user`.
#[derive(Debug, Clone, Args)]
pub struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum UserCommand {
    /// Add a user; the password comes on standard input
    Add {
        /// The login name
        name: String,
        /// An administrator of the whole server
        #[arg(long)]
        admin: bool,
        /// A group the user is in; may be given again
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// List the users
    List {
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Put a user into exactly these groups; into none where none is given
    Groups {
        /// The login name
        name: String,
        /// The groups
        groups: Vec<String>,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Let a user no longer sign in, and end its sessions
    Disable {
        /// The login name
        name: String,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Let a disabled user sign in again
    Enable {
        /// The login name
        name: String,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Give a user another password, from standard input, and end its sessions
    Password {
        /// The login name
        name: String,
        #[command(flatten)]
        settings: SettingsArgs,
    },
}

/// Runs it.
pub async fn run(args: &UserArgs, output: Output) -> Result<Exit, Failure> {
    match &args.command {
        UserCommand::Add {
            name,
            admin,
            groups,
            settings,
        } => {
            let (store, _) = local_store::open(&settings.settings()?).await?;
            let new = NewUser {
                name: name.clone(),
                password: password::read(name)?,
                server_admin: *admin,
                groups: groups.clone(),
            };
            accounts::add_user(&store, new, local_store::now()).await?;
            note(&format!("added the user {name}"));
        }
        UserCommand::List { settings } => {
            let (store, _) = local_store::open(&settings.settings()?).await?;
            let users = store.users().await?;
            let shown: Vec<_> = users
                .iter()
                .map(|user| {
                    json!({"name": user.name, "admin": user.server_admin, "groups": user.groups,
                           "disabled": user.disabled, "created_at": user.created_at})
                })
                .collect();
            output.print(&shown, || {
                table(
                    ["name", "admin", "groups", "disabled", "created"],
                    users.iter().map(|user| {
                        [
                            user.name.clone(),
                            yes(user.server_admin),
                            user.groups.join(" "),
                            yes(user.disabled),
                            user.created_at.to_string(),
                        ]
                    }),
                )
            })?;
        }
        UserCommand::Groups {
            name,
            groups,
            settings,
        } => {
            let (store, _) = local_store::open(&settings.settings()?).await?;
            accounts::set_groups(&store, name, groups).await?;
            let into = match groups.as_slice() {
                [] => "no group".to_owned(),
                groups => groups.join(", "),
            };
            note(&format!("{name} is in {into}"));
        }
        UserCommand::Disable { name, settings } => disable(name, settings, true).await?,
        UserCommand::Enable { name, settings } => disable(name, settings, false).await?,
        UserCommand::Password { name, settings } => {
            let (store, _) = local_store::open(&settings.settings()?).await?;
            // Asked only once it is known that there is somebody to ask for.
            if store.user(name).await?.is_none() {
                return Err(Failure::usage(format!("there is no user `{name}`")));
            }
            accounts::set_password(&store, name, password::read(name)?).await?;
            note(&format!("{name} has another password, and was signed out"));
        }
    }
    Ok(Exit::Done)
}

async fn disable(name: &str, settings: &SettingsArgs, disabled: bool) -> Result<(), Failure> {
    let (store, _) = local_store::open(&settings.settings()?).await?;
    store.set_disabled(name, disabled).await?;
    let word = if disabled {
        "disabled, and was signed out"
    } else {
        "enabled"
    };
    note(&format!("{name} is {word}"));
    Ok(())
}

fn yes(flag: bool) -> String {
    if flag { "yes".to_owned() } else { String::new() }
}
