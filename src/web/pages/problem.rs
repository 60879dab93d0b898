//! A problem, for a person.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::frame::Frame;
use super::{html_with, words};
use crate::web::problem::Problem;
use crate::web::trail::Trail;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    problem: &'a Problem,
}

/// The page of a problem.
pub fn page(problem: &Problem, trail: &Trail) -> HttpResponse {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = ProblemPage {
        frame: Frame::bare(trail),
        problem,
    };
    html_with(status, &page).unwrap_or_else(|_| HttpResponse::build(status).body(problem.title))
}
