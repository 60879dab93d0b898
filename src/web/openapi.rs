//! The description of the API (`OpenAPI` 3.1), written by hand and held against the table of routes by a test.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;

/// The document.
pub const DOCUMENT: &str = include_str!("openapi.json");

/// `GET /api/openapi.json`
pub async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(DOCUMENT)
}
