//! Versions in quarantine: which there are, and lifting one.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::app::request::LiftBody;
use crate::web::body::{self, Shape};
use crate::web::error::Failure;
use crate::web::visitor::Visitor;

/// `{space}` and `{project}` of the URL.
type Place = web::Path<(String, String)>;

/// `GET /api/v1/quarantine/{space}/{project}`
pub async fn list(app: web::Data<App>, visitor: Visitor, place: Place) -> Result<HttpResponse, Failure> {
    let (space, project) = place.into_inner();
    Ok(HttpResponse::Ok().json(app.quarantine(&visitor.caller, &space, &project).await?))
}

/// `POST /api/v1/quarantine/{space}/{project}/lift`: 200 with the project's records.
pub async fn lift(
    app: web::Data<App>,
    visitor: Visitor,
    place: Place,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let (space, project) = place.into_inner();
    let wanted: LiftBody = body::json(&request, payload, Shape::Optional).await?;
    Ok(HttpResponse::Ok().json(app.lift(&visitor.caller, &space, &project, &wanted).await?))
}
