//! A project: choose servers and an action, see the plan, run it.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use serde_json::Value;

use super::frame::Frame;
use super::{html, words};
use crate::app::App;
use crate::app::view::{BadVersionView, LiftedView, ProjectView, ServerRow};
use crate::web::error::Failure;
use crate::web::query;
use crate::web::trail::Trail;
use crate::web::visitor::Visitor;

/// What a link to the page may preselect.
#[derive(Debug, Default, Deserialize)]
struct Preselected {
    action: Option<String>,
}

#[derive(Template)]
#[template(path = "project.html")]
pub(super) struct ProjectPage {
    pub(super) frame: Frame,
    pub(super) project: ProjectView,
    pub(super) chosen: String,
}

/// The servers of one zone.
struct Zone<'a> {
    name: &'a str,
    pools: Vec<Pool<'a>>,
    servers: usize,
}

/// The servers of one set of pools within a zone.
struct Pool<'a> {
    name: String,
    servers: Vec<&'a ServerRow>,
}

impl ProjectPage {
    pub(super) fn new(frame: Frame, project: ProjectView, wanted: Option<&str>) -> Self {
        let chosen = wanted
            .filter(|wanted| project.actions.iter().any(|action| action == wanted))
            .or_else(|| project.actions.first().map(String::as_str))
            .unwrap_or_default()
            .to_owned();
        Self {
            frame: frame.in_color(project.space_color.as_deref()),
            project,
            chosen,
        }
    }

    /// Zones, and pools in them, in the order in which they first appear.
    fn zones(&self) -> Vec<Zone<'_>> {
        let mut zones: Vec<Zone<'_>> = Vec::new();
        for server in &self.project.servers {
            let at = zones
                .iter()
                .position(|zone| zone.name == server.zone)
                .unwrap_or_else(|| {
                    zones.push(Zone {
                        name: &server.zone,
                        pools: Vec::new(),
                        servers: 0,
                    });
                    zones.len() - 1
                });
            let zone = &mut zones[at];
            zone.servers += 1;
            let pools = server.pools.join(", ");
            match zone.pools.iter_mut().find(|pool| pool.name == pools) {
                Some(pool) => pool.servers.push(server),
                None => zone.pools.push(Pool {
                    name: pools,
                    servers: vec![server],
                }),
            }
        }
        zones
    }

    /// The records of versions that may not be deployed.
    fn bad(&self) -> Vec<&BadVersionView> {
        let records = self.project.quarantine.iter();
        records.filter(|bad| bad.lifted.is_none()).collect()
    }

    /// The records that were lifted, with that.
    fn lifted(&self) -> Vec<(&BadVersionView, &LiftedView)> {
        let records = self.project.quarantine.iter();
        records
            .filter_map(|bad| bad.lifted.as_ref().map(|lifted| (bad, lifted)))
            .collect()
    }

    /// Whether a server runs another version than the configuration names.
    fn differs(&self, server: &ServerRow) -> bool {
        self.project.version.is_some() && server.version != self.project.version
    }

    /// Key, value as JSON, origin.
    fn config(&self) -> Vec<(&str, String, &str)> {
        let Value::Object(keys) = &self.project.config else {
            return Vec::new();
        };
        keys.iter()
            .map(|(key, entry)| {
                let value = entry.get("value").unwrap_or(entry);
                let text = serde_json::to_string_pretty(value).unwrap_or_default();
                let origin = entry.get("origin").and_then(Value::as_str).unwrap_or_default();
                (key.as_str(), text, origin)
            })
            .collect()
    }
}

/// `GET /space/{space}/{project}`
pub async fn show(
    app: web::Data<App>,
    visitor: Visitor,
    trail: Trail,
    place: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let wanted: Preselected = query::read(request.query_string())?;
    let (space, project) = place.into_inner();
    let project = app.project(&visitor.caller, &space, &project).await?;
    html(&ProjectPage::new(
        Frame::of(&visitor, &trail),
        project,
        wanted.action.as_deref(),
    ))
}
