//! The actions of a space, newest first.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::frame::Frame;
use super::{html, words};
use crate::app::App;
use crate::app::request::ActionQuery;
use crate::app::view::{ActionSummary, Page, SpaceHead};
use crate::domain::action::ActionStatus;
use crate::web::error::Failure;
use crate::web::query;
use crate::web::trail::Trail;
use crate::web::visitor::Visitor;

/// The filters of the page; the space is in its path.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Filters {
    pub(super) project: Option<String>,
    pub(super) status: Option<String>,
    pub(super) user: Option<String>,
    pub(super) since: Option<String>,
    pub(super) cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "actions.html")]
pub(super) struct ActionsPage {
    pub(super) frame: Frame,
    pub(super) space: SpaceHead,
    pub(super) filters: Filters,
    pub(super) page: Page<ActionSummary>,
}

impl ActionsPage {
    fn statuses(&self) -> Vec<(&'static str, bool)> {
        ActionStatus::ALL
            .iter()
            .map(|status| {
                (
                    status.as_str(),
                    self.filters.status.as_deref() == Some(status.as_str()),
                )
            })
            .collect()
    }

    fn is_filtered(&self) -> bool {
        let filters = &self.filters;
        filters.project.is_some()
            || filters.status.is_some()
            || filters.user.is_some()
            || filters.since.is_some()
    }

    /// The address of the next page, with the same filters.
    fn next(&self) -> Option<String> {
        let cursor = self.page.next.as_deref()?;
        let filters = &self.filters;
        let pairs = [
            ("project", filters.project.as_deref()),
            ("status", filters.status.as_deref()),
            ("user", filters.user.as_deref()),
            ("since", filters.since.as_deref()),
            ("cursor", Some(cursor)),
        ];
        let query: Vec<String> = pairs
            .into_iter()
            .filter_map(|(name, value)| {
                let value = askama::filters::urlencode_strict(value?).ok()?;
                Some(format!("{name}={value}"))
            })
            .collect();
        Some(format!("?{}", query.join("&")))
    }
}

/// `GET /space/{space}/actions`
pub async fn show(
    app: web::Data<App>,
    visitor: Visitor,
    trail: Trail,
    space: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let filters: Filters = query::read(request.query_string())?;
    let space = app.space_head(&visitor.caller, &space).await?;
    let wanted = ActionQuery {
        space: Some(space.name.clone()),
        project: filters.project.clone(),
        status: filters.status.clone(),
        user: filters.user.clone(),
        since: filters.since.clone(),
        cursor: filters.cursor.clone(),
        limit: None,
    };
    html(&ActionsPage {
        frame: Frame::of(&visitor, &trail).in_color(space.color.as_deref()),
        page: app.actions(&visitor.caller, &wanted).await?,
        filters,
        space,
    })
}
