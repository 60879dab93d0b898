//! `edgewise actions pause`, `abort` and the other words that steer.

use clap::Args;
use serde_json::{Value, json};

use crate::app::view::Accepted;
use crate::cli::client::{Server, segment};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::show;

/// Which action, and why.
#[derive(Debug, Clone, Args)]
pub struct Steering {
    /// The action's id
    id: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

impl Steering {
    /// Says `word` to the action.
    pub async fn send(&self, server: &Server, word: &str, output: Output) -> Result<Exit, Failure> {
        self.send_with(server, word, None, output).await
    }

    /// Says `word` with one more field of the body.
    pub async fn send_with(
        &self,
        server: &Server,
        word: &str,
        more: Option<(&str, Value)>,
        output: Output,
    ) -> Result<Exit, Failure> {
        let mut body = json!({"reason": self.reason});
        if let Some((key, value)) = more {
            body[key] = value;
        }
        let raw = server
            .post(
                &format!("/api/v1/actions/{}/{word}", segment(&self.id)),
                &body,
                &[],
            )
            .await?;
        // A retry, and the rollback of what is over, are new actions.
        if raw.get("action_id").is_some() {
            let accepted: Accepted = show::read(&raw, "an action")?;
            output.print(&raw, || {
                format!(
                    "{} {}\n{}{}",
                    accepted.action_id,
                    accepted.status,
                    server.url(),
                    accepted.url
                )
            })?;
        } else {
            let view = show::action_of(&raw)?;
            output.print(&raw, || show::action(&view))?;
        }
        Ok(Exit::Done)
    }
}
