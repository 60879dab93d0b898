//! For those who watch the server itself. No login, and no names of hosts or users.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::app::App;
use crate::app::error::AppError;
use crate::web::error::Failure;
use crate::web::timings::Timings;

/// `GET /healthz`: the process answers.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "alive"}))
}

/// `GET /readyz`: store, spool and disk are fit, or 503 with what is not.
pub async fn ready(app: web::Data<App>) -> Result<HttpResponse, Failure> {
    let unfit = app.unfit().await;
    if unfit.is_empty() {
        return Ok(HttpResponse::Ok().json(json!({"status": "ready"})));
    }
    let culprits: Vec<String> = unfit
        .iter()
        .map(|culprit| format!("{}: {}", culprit.part, culprit.message))
        .collect();
    Err(AppError::Unavailable(culprits.join("; ")).into())
}

/// `GET /metrics`: the use cases' figures and the web's own, as Prometheus reads them.
pub async fn metrics(app: web::Data<App>, timings: web::Data<Timings>) -> HttpResponse {
    let mut text = app.metrics().await;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&timings.text());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(text)
}
