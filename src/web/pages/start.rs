//! The start page: the spaces as cards.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::frame::{Accent, Frame};
use super::{html, words};
use crate::app::App;
use crate::app::view::SpaceCard;
use crate::web::error::Failure;
use crate::web::trail::Trail;
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "start.html")]
pub(super) struct StartPage {
    pub(super) frame: Frame,
    pub(super) spaces: Vec<SpaceCard>,
}

impl StartPage {
    /// The colours of the cards, by the card's place.
    fn accents(&self) -> Vec<(usize, Accent)> {
        self.spaces
            .iter()
            .enumerate()
            .filter_map(|(place, card)| Some((place, Accent::parse(card.color.as_deref()?)?)))
            .collect()
    }
}

/// `GET /`
pub async fn show(app: web::Data<App>, visitor: Visitor, trail: Trail) -> Result<HttpResponse, Failure> {
    html(&StartPage {
        frame: Frame::of(&visitor, &trail),
        spaces: app.spaces(&visitor.caller).await?,
    })
}
