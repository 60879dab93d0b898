//! Pages for people: each asks a use case, turns its view into what the template shows, and renders it.

pub mod action;
pub mod actions;
mod frame;
mod grid;
pub mod login;
pub mod once;
pub mod problem;
pub mod project;
#[cfg(test)]
mod samples;
pub mod space;
pub mod start;
mod steering;
mod words;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use askama::Template;

use super::error::Failure;
use crate::app::error::AppError;

/// A page with status 200.
fn html(template: &impl Template) -> Result<HttpResponse, Failure> {
    html_with(StatusCode::OK, template)
}

fn html_with(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Failure> {
    let text = template
        .render()
        .map_err(|error| AppError::Internal(format!("a template does not render: {error}")))?;
    Ok(HttpResponse::build(status)
        .content_type(ContentType::html())
        .body(text))
}

#[cfg(test)]
#[path = "pages_tests.rs"]
mod tests;
