//! The start page: the spaces as cards.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::frame::{Accent, Frame};
use super::{html, words};
use crate::app::App;
use crate::app::view::{LogStateView, SpaceCard};
use crate::web::error::Failure;
use crate::web::trail::Trail;
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "start.html")]
pub(super) struct StartPage {
    pub(super) frame: Frame,
    pub(super) spaces: Vec<SpaceCard>,
    /// How the log is getting on, where the visitor may know and should look at it.
    pub(super) log: Option<LogStateView>,
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
    let log = if visitor.caller.server_admin {
        let state = app.log_state(&visitor.caller).await?;
        state.is_troubled().then_some(state)
    } else {
        None
    };
    html(&StartPage {
        frame: Frame::of(&visitor, &trail),
        spaces: app.spaces(&visitor.caller).await?,
        log,
    })
}
