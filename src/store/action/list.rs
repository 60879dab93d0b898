//! Reading actions: one, a page, those under way.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, OptionalExtension, QueryDsl,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;

use super::row::ActionRow;
use super::{AT_ONCE, ActionRecord, FrozenAction, live_words};
use crate::domain::action::{ActionId, ActionStatus};
use crate::domain::name::Name;
use crate::domain::timestamp::Timestamp;
use crate::store::column::Row;
use crate::store::schema::{actions, plans};
use crate::store::{Store, StoreError, reading};

/// Which actions to list. An unset field does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionFilter {
    /// Of this space.
    pub space: Option<Name>,
    /// Of these spaces alone: those the caller may see.
    pub allowed: Option<Vec<Name>>,
    /// Of the project of this name.
    pub project: Option<Name>,
    /// In any of these statuses; empty does not restrict.
    pub status: Vec<ActionStatus>,
    /// Asked for by, or on behalf of, this user.
    pub user: Option<String>,
    /// Accepted at or after this moment.
    pub since: Option<Timestamp>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A page of actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionPage {
    /// Newest first.
    pub items: Vec<ActionRecord>,
    /// For the filter's `cursor`, to get the next page; none where this is the last.
    pub next: Option<String>,
}

/// How many actions of a project are under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveCount {
    /// The space.
    pub space: Name,
    /// The project.
    pub project: Name,
    /// How many of its actions are not at their end.
    pub count: u64,
}

/// How many actions of one name in one project are in one status.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatusCount {
    /// The space.
    pub space: String,
    /// The project.
    pub project: String,
    /// The action's name.
    pub action: String,
    /// The word of the status.
    pub status: String,
    /// How many.
    pub count: u64,
}

impl Store {
    /// An action with all that is frozen with it.
    pub async fn action(&self, id: ActionId) -> Result<Option<FrozenAction>, StoreError> {
        let id = id.to_string();
        let found: Option<(ActionRow, (String, String))> = reading!(self, conn => {
            actions::table
                .inner_join(plans::table)
                .filter(actions::id.eq(&id))
                .select((ActionRow::as_select(), (plans::plan, plans::config)))
                .first(conn)
                .await
                .optional()?
        });
        let Some((action, (plan, config))) = found else {
            return Ok(None);
        };
        let row = Row {
            table: "plans",
            key: &id,
        };
        Ok(Some(FrozenAction {
            record: action.read()?,
            plan: row.json(&plan)?,
            config: row.json(&config)?,
        }))
    }

    /// An action without its plan and configuration.
    pub async fn action_record(&self, id: ActionId) -> Result<Option<ActionRecord>, StoreError> {
        let id = id.to_string();
        let found: Option<ActionRow> = reading!(self, conn => {
            actions::table.find(&id).select(ActionRow::as_select()).first(conn).await.optional()?
        });
        found.map(ActionRow::read).transpose()
    }

    /// A page of at most `limit` actions, newest first.
    pub async fn list_actions(&self, filter: &ActionFilter, limit: u32) -> Result<ActionPage, StoreError> {
        let limit = limit.max(1);
        let mut rows: Vec<ActionRow> = reading!(self, conn => {
            let mut query = actions::table.select(ActionRow::as_select()).into_boxed();
            if let Some(space) = &filter.space {
                query = query.filter(actions::space.eq(space.as_str()));
            }
            if let Some(allowed) = &filter.allowed {
                query = query.filter(actions::space.eq_any(allowed.iter().map(Name::as_str)));
            }
            if let Some(project) = &filter.project {
                query = query.filter(actions::project.eq(project.as_str()));
            }
            if !filter.status.is_empty() {
                query = query.filter(actions::status.eq_any(filter.status.iter().map(|s| s.as_str())));
            }
            if let Some(user) = &filter.user {
                query = query.filter(actions::on_behalf.eq(user).or(actions::actor_name.nullable().eq(user)));
            }
            if let Some(since) = filter.since {
                query = query.filter(actions::created_at.ge(since.as_millis()));
            }
            if let Some(cursor) = &filter.cursor {
                query = query.filter(actions::id.lt(cursor));
            }
            // The ids are UUIDs of version 7: their order is that of time.
            query.order(actions::id.desc()).limit(i64::from(limit) + 1).load(conn).await?
        });
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = if more {
            rows.last().map(|row| row.id.clone())
        } else {
            None
        };
        let items = rows.into_iter().map(ActionRow::read).collect::<Result<_, _>>()?;
        Ok(ActionPage { items, next })
    }

    /// Every action that is not at its end, oldest first: what no retention may touch.
    pub async fn live_actions(&self) -> Result<Vec<ActionRecord>, StoreError> {
        let rows: Vec<ActionRow> = reading!(self, conn => {
            actions::table
                .filter(actions::status.eq_any(live_words()))
                .order(actions::id)
                .select(ActionRow::as_select())
                .load(conn)
                .await?
        });
        rows.into_iter().map(ActionRow::read).collect()
    }

    /// The actions that ended at or after `from` and before `to`, oldest first.
    pub async fn ended_between(&self, from: Timestamp, to: Timestamp) -> Result<Vec<ActionId>, StoreError> {
        let rows: Vec<ActionRow> = reading!(self, conn => {
            actions::table
                .filter(actions::ended_at.ge(from.as_millis()))
                .filter(actions::ended_at.lt(to.as_millis()))
                .order(actions::id)
                .select(ActionRow::as_select())
                .load(conn)
                .await?
        });
        rows.into_iter().map(|row| Ok(row.read()?.id)).collect()
    }

    /// How many actions there are of each space, project, name and status.
    pub async fn status_counts(&self) -> Result<Vec<StatusCount>, StoreError> {
        let rows: Vec<(String, String, String, String, i64)> = reading!(self, conn => {
            actions::table
                .group_by((actions::space, actions::project, actions::action, actions::status))
                .select((
                    actions::space,
                    actions::project,
                    actions::action,
                    actions::status,
                    diesel::dsl::count_star(),
                ))
                .load(conn)
                .await?
        });
        let mut counts: Vec<StatusCount> = rows
            .into_iter()
            .map(|(space, project, action, status, count)| StatusCount {
                space,
                project,
                action,
                status,
                count: u64::try_from(count).unwrap_or_default(),
            })
            .collect();
        counts.sort();
        Ok(counts)
    }

    /// How many actions are under way, for each project that has any, by space and project.
    pub async fn live_counts(&self) -> Result<Vec<LiveCount>, StoreError> {
        let mut rows: Vec<(String, String, i64)> = reading!(self, conn => {
            actions::table
                .filter(actions::status.eq_any(live_words()))
                .group_by((actions::space, actions::project))
                .select((actions::space, actions::project, diesel::dsl::count_star()))
                .load(conn)
                .await?
        });
        rows.sort();
        rows.into_iter()
            .map(|(space, project, count)| {
                let row = Row {
                    table: "actions",
                    key: &project,
                };
                Ok(LiveCount {
                    space: row.name(&space)?,
                    project: row.name(&project)?,
                    count: row.count(count)?,
                })
            })
            .collect()
    }

    /// The newest action of each project that has any, by space and project; with `space` only its own.
    pub async fn last_actions(&self, space: Option<&Name>) -> Result<Vec<ActionRecord>, StoreError> {
        let rows: Vec<ActionRow> = reading!(self, conn => {
            let mut query = actions::table
                .group_by((actions::space, actions::project))
                .select(diesel::dsl::max(actions::id))
                .into_boxed();
            if let Some(space) = space {
                query = query.filter(actions::space.eq(space.as_str()));
            }
            let newest: Vec<Option<String>> = query.load(conn).await?;
            let mut rows = Vec::with_capacity(newest.len());
            for some in newest.chunks(AT_ONCE) {
                let found: Vec<ActionRow> = actions::table
                    .filter(actions::id.eq_any(some.iter().flatten()))
                    .select(ActionRow::as_select())
                    .load(conn)
                    .await?;
                rows.extend(found);
            }
            rows
        });
        let mut records: Vec<ActionRecord> =
            rows.into_iter().map(ActionRow::read).collect::<Result<_, _>>()?;
        records.sort_by(|a, b| (&a.space, &a.project).cmp(&(&b.space, &b.project)));
        Ok(records)
    }
}
