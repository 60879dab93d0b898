//! The action page: what one action does to each host, step by step, as it happens.
//!
//! The server renders the whole state. The page's scripts then follow the events after `seq` and patch
//! what is there; without them the page is a true picture of the moment it was asked for.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::Value;

use super::frame::Frame;
use super::grid::{Grid, progress};
use super::steering::{Button, offered, waits};
use super::{html, words};
use crate::app::App;
use crate::app::error::AppError;
use crate::app::request::LogsQuery;
use crate::app::view::{ActionView, LogView, NoticeView, Page, SpaceHead};
use crate::domain::action::TargetState;
use crate::web::api::action_id;
use crate::web::error::Failure;
use crate::web::trail::Trail;
use crate::web::visitor::Visitor;

/// How much of the story the page brings along; its scripts fetch the rest.
const STORY: u32 = 500;

#[derive(Template)]
#[template(path = "action.html")]
pub(super) struct ActionPage {
    pub(super) frame: Frame,
    pub(super) space_title: String,
    pub(super) action: ActionView,
    pub(super) story: Page<LogView>,
    pub(super) buttons: Vec<&'static Button>,
    pub(super) notices: Vec<NoticeView>,
}

impl ActionPage {
    pub(super) fn new(
        visitor: &Visitor,
        trail: &Trail,
        space: &SpaceHead,
        action: ActionView,
        story: Page<LogView>,
        notices: Vec<NoticeView>,
    ) -> Self {
        Self {
            frame: Frame::of(visitor, trail).in_color(space.color.as_deref()),
            space_title: space.title.clone(),
            buttons: offered(&visitor.caller, &action.summary.space, &action.summary.action),
            action,
            story,
            notices,
        }
    }

    fn grid(&self) -> Grid<'_> {
        Grid::of(&self.action)
    }

    fn progress(&self) -> (usize, usize) {
        progress(&self.action)
    }

    /// Each state of targets with how many are in it, in the contract's order.
    fn counts(&self) -> Vec<(TargetState, u32)> {
        TargetState::ALL
            .iter()
            .map(|state| (*state, self.action.counts.get(state).copied().unwrap_or(0)))
            .collect()
    }

    fn shows(&self, button: &Button) -> bool {
        button.is_for(self.action.summary.status, self.waits())
    }

    fn waits(&self) -> &'static str {
        waits(&self.action)
    }

    /// How many targets of a stage are over, however.
    fn over(&self, stage: &str) -> usize {
        self.action
            .targets
            .iter()
            .filter(|target| target.stage == stage)
            .filter(|target| !matches!(target.state, TargetState::Pending | TargetState::Running))
            .count()
    }

    /// Somebody is told of the action, be it later.
    fn has_receivers(&self) -> bool {
        let configured = self.action.config.get("notify").and_then(Value::as_array);
        !self.notices.is_empty() || configured.is_some_and(|receivers| !receivers.is_empty())
    }

    fn config(&self) -> String {
        serde_json::to_string_pretty(&self.action.config).unwrap_or_default()
    }
}

/// `GET /space/{space}/actions/{id}`
pub async fn show(
    app: web::Data<App>,
    visitor: Visitor,
    trail: Trail,
    place: web::Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    let (space, id) = place.into_inner();
    let id = action_id(&id)?;
    let action = app.action(&visitor.caller, id).await?;
    if action.summary.space != space {
        return Err(AppError::NotFound(format!("action `{id}` in space `{space}`")).into());
    }
    let space = app.space_head(&visitor.caller, &space).await?;
    let wanted = LogsQuery {
        level: Some("basic".to_owned()),
        limit: Some(STORY),
        ..LogsQuery::default()
    };
    let story = app.logs(&visitor.caller, id, &wanted).await?;
    let notices = app.notices(&visitor.caller, id).await?;
    html(&ActionPage::new(&visitor, &trail, &space, action, story, notices))
}
