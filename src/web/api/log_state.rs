//! How the log is getting on.

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::web::error::Failure;
use crate::web::visitor::Visitor;

/// `GET /api/v1/log`: for administrators of the server.
pub async fn show(app: web::Data<App>, visitor: Visitor) -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().json(app.log_state(&visitor.caller).await?))
}
