//! The API for programs: reads a request, asks the use case, answers in JSON.

pub mod act;
pub mod actions;
pub mod events;
pub mod health;
pub mod log_state;
pub mod logs;
pub mod quarantine;
pub mod steer;

use crate::app::error::AppError;
use crate::domain::action::ActionId;

/// The id of a path. One that cannot be an id belongs to no action.
pub fn action_id(text: &str) -> Result<ActionId, AppError> {
    ActionId::parse(text).ok_or_else(|| AppError::NotFound(format!("action `{text}`")))
}
