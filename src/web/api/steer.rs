//! Steering actions.

use actix_web::{HttpRequest, HttpResponse, web};

use super::act::accepted;
use super::action_id;
use crate::app::request::SteerBody;
use crate::app::{App, Steered};
use crate::web::body::{self, Shape};
use crate::web::error::Failure;
use crate::web::visitor::Visitor;

/// The words that steer an action.
pub const WORDS: [&str; 9] = [
    "pause", "resume", "promote", "force", "abort", "rollback", "retry", "approve", "reject",
];

/// `POST /api/v1/actions/{id}/{word}`: 200 with the action, or 202 with the new one that it became.
pub async fn steer(
    app: web::Data<App>,
    visitor: Visitor,
    place: web::Path<(String, String)>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let (id, word) = place.into_inner();
    if !WORDS.contains(&word.as_str()) {
        return Err(Failure::NoSuchPath);
    }
    let id = action_id(&id)?;
    let wanted: SteerBody = body::json(&request, payload, Shape::Optional).await?;
    Ok(match app.steer(&visitor.caller, id, &word, &wanted).await? {
        Steered::Same(action) => HttpResponse::Ok().json(action),
        Steered::New(new) => accepted(&new),
    })
}
