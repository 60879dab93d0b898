//! Signatures only, for building the edges against; the real use cases replace this file.
#![allow(clippy::unused_async, unused_variables, missing_docs)]

use tokio::sync::mpsc;

use super::error::AppError;
use super::request::{ActRequest, ActionQuery, LogsQuery, SteerBody};
use super::view::{
    Accepted, ActionSummary, ActionView, FeedItem, LogView, Page, PlanView, ProjectView, SpaceCard, SpaceView,
};
use crate::domain::action::ActionId;
use crate::domain::actor::Caller;
use crate::domain::timestamp::Timestamp;

/// Everything the use cases need, by reference; cheap to clone (`Arc` inside).
#[derive(Clone)]
pub struct App {}

/// A new session: what the cookie holds, once.
pub struct NewSession {
    pub token: String,
    pub csrf: String,
    pub user: String,
    pub expires_at: Timestamp,
}
/// Who a session cookie belongs to.
pub struct SessionCaller {
    pub caller: Caller,
    pub user: String,
    pub csrf: String,
}
/// What `steer` did: the action itself, or a new one (retry, rollback of a finished one) -> 202.
pub enum Steered {
    Same(Box<ActionView>),
    New(Accepted),
}
/// What is not fit, for `/readyz`: `part` (store, spool, disk ...) and why.
pub struct Unfit {
    pub part: &'static str,
    pub message: String,
}

fn no<T>() -> Result<T, AppError> {
    Err(AppError::Internal("not wired yet".into()))
}

impl App {
    // access.rs
    /// Wrong name or password, or disabled: `Unauthenticated`. Too many failures from this peer or for this name: `Unavailable`.
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<NewSession, AppError> {
        no()
    }
    /// A one-time login (the demo prints one): works once.
    pub async fn sign_in_once(&self, code: &str) -> Result<NewSession, AppError> {
        no()
    }
    pub async fn session(&self, token: &str) -> Result<Option<SessionCaller>, AppError> {
        no()
    }
    pub async fn sign_out(&self, token: &str) -> Result<(), AppError> {
        no()
    }
    /// A service token from `Authorization: Bearer`.
    pub async fn bearer(&self, token: &str) -> Result<Option<Caller>, AppError> {
        no()
    }

    // see.rs
    pub async fn spaces(&self, caller: &Caller) -> Result<Vec<SpaceCard>, AppError> {
        no()
    }
    pub async fn space(&self, caller: &Caller, space: &str) -> Result<SpaceView, AppError> {
        no()
    }
    pub async fn project(
        &self,
        caller: &Caller,
        space: &str,
        project: &str,
    ) -> Result<ProjectView, AppError> {
        no()
    }

    // act.rs
    pub async fn plan(&self, caller: &Caller, request: &ActRequest) -> Result<PlanView, AppError> {
        no()
    }
    /// With `dry_run` the edge calls `plan` instead.
    pub async fn act(&self, caller: &Caller, request: &ActRequest) -> Result<Accepted, AppError> {
        no()
    }

    // watch.rs
    pub async fn actions(
        &self,
        caller: &Caller,
        query: &ActionQuery,
    ) -> Result<Page<ActionSummary>, AppError> {
        no()
    }
    pub async fn action(&self, caller: &Caller, id: ActionId) -> Result<ActionView, AppError> {
        no()
    }
    pub async fn logs(
        &self,
        caller: &Caller,
        id: ActionId,
        query: &LogsQuery,
    ) -> Result<Page<LogView>, AppError> {
        no()
    }
    /// History after `after`, then live; the channel closes after the action's end. Each item with its seq.
    pub async fn follow(
        &self,
        caller: &Caller,
        id: ActionId,
        after: Option<u64>,
    ) -> Result<mpsc::Receiver<(u64, FeedItem)>, AppError> {
        no()
    }

    // steer.rs; word: pause resume promote force abort rollback retry approve reject
    pub async fn steer(
        &self,
        caller: &Caller,
        id: ActionId,
        word: &str,
        body: &SteerBody,
    ) -> Result<Steered, AppError> {
        no()
    }

    // health.rs
    pub async fn unfit(&self) -> Vec<Unfit> {
        Vec::new()
    }
    /// Prometheus text of the use cases' own figures; the edge adds its own (edgewise_http_request_seconds).
    pub async fn metrics(&self) -> String {
        String::new()
    }
}
