//! A space: its projects with their versions and actions, and what was done lately.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::frame::Frame;
use super::{html, words};
use crate::app::App;
use crate::app::view::SpaceView;
use crate::web::error::Failure;
use crate::web::trail::Trail;
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "space.html")]
pub(super) struct SpacePage {
    pub(super) frame: Frame,
    pub(super) space: SpaceView,
}

/// `GET /space/{space}`
pub async fn show(
    app: web::Data<App>,
    visitor: Visitor,
    trail: Trail,
    space: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let space = app.space(&visitor.caller, &space).await?;
    html(&SpacePage {
        frame: Frame::of(&visitor, &trail).in_color(space.color.as_deref()),
        space,
    })
}
