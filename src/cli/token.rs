//! `edgewise token`: service tokens, in the store itself.

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::local_store;
use super::output::{Output, line, note, pretty, table};
use super::settings_args::SettingsArgs;
use crate::app::accounts::{self, NewServiceToken};
use crate::domain::actor::Role;
use crate::domain::name::Name;
use crate::domain::timestamp::Timestamp;
use crate::store::Token;

/// `edgewise token`.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum TokenCommand {
    /// Add a service token and print it, this once; only its hash is kept
    Add {
        /// Its name, in logs and lists
        name: String,
        /// The space where it counts
        #[arg(long)]
        space: String,
        /// What it is there: viewer, operator, deployer, approver, admin
        #[arg(long, value_parser = role)]
        role: Role,
        /// It ends after so many days
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        expires: Option<u32>,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// List the tokens, also those that are over
    List {
        /// Of this space
        #[arg(long)]
        space: Option<String>,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// End a token for good
    Revoke {
        /// Its name
        name: String,
        #[command(flatten)]
        settings: SettingsArgs,
    },
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| format!("roles are {}", Role::ALL.map(Role::as_str).join(", ")))
}

/// Runs it.
pub async fn run(args: &TokenArgs, output: Output) -> Result<Exit, Failure> {
    match &args.command {
        TokenCommand::Add {
            name,
            space,
            role,
            expires,
            settings,
        } => {
            let (store, _) = local_store::open(&settings.settings()?).await?;
            let new = NewServiceToken {
                name: name.clone(),
                space: space.clone(),
                role: *role,
                expires_days: *expires,
            };
            let token = accounts::add_token(&store, new, local_store::console(), local_store::now()).await?;
            if output.is_json() {
                line(&pretty(
                    &json!({"name": name, "space": space, "role": role, "token": token}),
                )?)?;
            } else {
                line(&token)?;
            }
        }
        TokenCommand::List { space, settings } => {
            let (store, _) = local_store::open(&settings.settings()?).await?;
            let space = space
                .as_deref()
                .map(Name::parse)
                .transpose()
                .map_err(|error| Failure::usage(error.to_string()))?;
            list(&store.tokens(space.as_ref()).await?, output)?;
        }
        TokenCommand::Revoke { name, settings } => {
            let (store, _) = local_store::open(&settings.settings()?).await?;
            let counted = store.revoke_token(name, local_store::now()).await?;
            note(&if counted {
                format!("{name} is revoked")
            } else {
                format!("{name} was revoked before")
            });
        }
    }
    Ok(Exit::Done)
}

fn list(tokens: &[Token], output: Output) -> Result<(), Failure> {
    let now = local_store::now();
    let state = |token: &Token| match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(end)) if end <= now => "expired",
        _ => "valid",
    };
    let shown: Vec<_> = tokens
        .iter()
        .map(|token| {
            json!({"name": token.name, "space": token.space, "role": token.role, "state": state(token),
                   "created_by": token.created_by.to_string(), "created_at": token.created_at,
                   "expires_at": token.expires_at, "revoked_at": token.revoked_at, "last_used_at": token.last_used_at})
        })
        .collect();
    let time = |time: Option<Timestamp>| time.map_or_else(String::new, |time| time.to_string());
    output.print(&shown, || {
        table(
            ["name", "space", "role", "state", "expires", "last used"],
            tokens.iter().map(|token| {
                [
                    token.name.clone(),
                    token.space.to_string(),
                    token.role.to_string(),
                    state(token).to_owned(),
                    time(token.expires_at),
                    time(token.last_used_at),
                ]
            }),
        )
    })
}
