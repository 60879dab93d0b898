//! Watching actions.

use actix_web::{HttpRequest, HttpResponse, web};

use super::action_id;
use crate::app::App;
use crate::web::error::Failure;
use crate::web::query;
use crate::web::visitor::Visitor;

/// `GET /api/v1/actions`
pub async fn list(
    app: web::Data<App>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let wanted = query::read(request.query_string())?;
    Ok(HttpResponse::Ok().json(app.actions(&visitor.caller, &wanted).await?))
}

/// `GET /api/v1/actions/{id}`
pub async fn show(
    app: web::Data<App>,
    visitor: Visitor,
    id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = action_id(&id)?;
    Ok(HttpResponse::Ok().json(app.action(&visitor.caller, id).await?))
}
