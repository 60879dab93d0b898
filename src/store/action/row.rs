//! The row of an action.

use diesel::{Insertable, Queryable, Selectable};
use serde_json::Value;

use super::{ActionRecord, Correlation};
use crate::domain::action::{ActionId, ActionStatus, WaitingFor};
use crate::store::StoreError;
use crate::store::column::{Row, json_text, millis, plain, time};
use crate::store::schema::actions;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = actions, treat_none_as_default_value = false)]
pub(super) struct ActionRow {
    pub(super) id: String,
    space: String,
    project: String,
    environment: String,
    action: String,
    version: Option<String>,
    actor: String,
    actor_name: String,
    on_behalf: Option<String>,
    reason: Option<String>,
    created_at: i64,
    due_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    status: String,
    waiting_for: Option<String>,
    plan_hash: String,
    retry_of: Option<String>,
    queued_behind: Option<String>,
    correlation_id: Option<String>,
    traceparent: Option<String>,
}

impl ActionRow {
    pub(super) fn of(record: &ActionRecord) -> Result<Self, StoreError> {
        plain("the name of an action", &record.action)?;
        for (what, text) in [
            ("`version`", &record.version),
            ("`user`", &record.on_behalf),
            ("`reason`", &record.reason),
            ("X-Correlation-Id", &record.correlation.correlation_id),
            ("traceparent", &record.correlation.traceparent),
        ] {
            plain(what, text.as_deref().unwrap_or_default())?;
        }
        Ok(Self {
            id: record.id.to_string(),
            space: record.space.to_string(),
            project: record.project.to_string(),
            environment: record.environment.to_string(),
            action: record.action.clone(),
            version: record.version.clone(),
            actor: json_text(&record.actor),
            actor_name: record.actor.to_string(),
            on_behalf: record.on_behalf.clone(),
            reason: record.reason.clone(),
            created_at: record.created_at.as_millis(),
            due_at: record.due_at.as_millis(),
            started_at: millis(record.started_at),
            ended_at: millis(record.ended_at),
            status: record.status.as_str().to_owned(),
            waiting_for: record.waiting_for.as_ref().map(json_text),
            plan_hash: record.plan_hash.as_str().to_owned(),
            retry_of: record.retry_of.map(|id| id.to_string()),
            queued_behind: record.queued_behind.map(|id| id.to_string()),
            correlation_id: record.correlation.correlation_id.clone(),
            traceparent: record.correlation.traceparent.clone(),
        })
    }

    /// Makes it wait for the end of another action.
    pub(super) fn queue_behind(
        &mut self,
        behind: ActionId,
        status: ActionStatus,
        waiting_for: Option<&WaitingFor>,
    ) {
        self.queued_behind = Some(behind.to_string());
        status.as_str().clone_into(&mut self.status);
        self.waiting_for = waiting_for.map(json_text);
    }

    pub(super) fn read(self) -> Result<ActionRecord, StoreError> {
        let row = Row {
            table: "actions",
            key: &self.id,
        };
        let id = |text: Option<&str>| text.map(|text| row.action(text)).transpose();
        Ok(ActionRecord {
            id: row.action(&self.id)?,
            space: row.name(&self.space)?,
            project: row.name(&self.project)?,
            environment: row.name(&self.environment)?,
            actor: row.json(&self.actor)?,
            status: status(row, &self.status)?,
            waiting_for: row.optional_json(self.waiting_for.as_deref())?,
            plan_hash: serde_json::from_value(Value::String(self.plan_hash))
                .map_err(|error| row.corrupt(error.to_string()))?,
            retry_of: id(self.retry_of.as_deref())?,
            queued_behind: id(self.queued_behind.as_deref())?,
            created_at: time(self.created_at),
            due_at: time(self.due_at),
            started_at: self.started_at.map(time),
            ended_at: self.ended_at.map(time),
            action: self.action,
            version: self.version,
            on_behalf: self.on_behalf,
            reason: self.reason,
            correlation: Correlation {
                correlation_id: self.correlation_id,
                traceparent: self.traceparent,
            },
        })
    }
}

pub(super) fn status(row: Row<'_>, word: &str) -> Result<ActionStatus, StoreError> {
    ActionStatus::parse(word).ok_or_else(|| row.corrupt(format!("`{word}` is not a status")))
}
