//! The password: as such, or as the answer to a host that asks questions.

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};

use crate::ssh::connection::Guard;

use super::Tried;

/// How many times a host may ask before it is given up.
const MOST_ROUNDS: usize = 8;

/// Tries the password as such.
pub(super) async fn plain(handle: &mut Handle<Guard>, user: &str, password: &str) -> Tried {
    match handle.authenticate_password(user, password).await {
        Ok(result) => Tried::of(handle, result).await,
        Err(_) => Tried::Gone,
    }
}

/// Answers each question that hides its answer with the password, and the others with nothing.
pub(super) async fn interactive(handle: &mut Handle<Guard>, user: &str, password: &str) -> Tried {
    let mut response = handle
        .authenticate_keyboard_interactive_start(user, None::<String>)
        .await;
    for _ in 0..MOST_ROUNDS {
        match response {
            Err(_) => return Tried::Gone,
            Ok(KeyboardInteractiveAuthResponse::Success) => return Tried::In,
            Ok(KeyboardInteractiveAuthResponse::Failure {
                remaining_methods,
                partial_success,
            }) => {
                let result = AuthResult::Failure {
                    remaining_methods,
                    partial_success,
                };
                return Tried::of(handle, result).await;
            }
            Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. }) => {
                let answers = prompts
                    .iter()
                    .map(|prompt| {
                        if prompt.echo {
                            String::new()
                        } else {
                            password.to_owned()
                        }
                    })
                    .collect();
                response = handle.authenticate_keyboard_interactive_respond(answers).await;
            }
        }
    }
    Tried::Not(format!("it asked more than {MOST_ROUNDS} times"))
}

#[cfg(test)]
#[path = "password_test.rs"]
mod tests;
