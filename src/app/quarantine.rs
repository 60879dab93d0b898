//! Versions that were rolled back: nobody deploys them again before somebody has said why it may be.

use std::collections::BTreeMap;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::request::LiftBody;
use crate::app::view::{BadVersionView, Page};
use crate::domain::actor::{Caller, Permission};
use crate::domain::name::{Name, TargetName};
use crate::domain::plan::Plan;
use crate::domain::project::Project;
use crate::domain::quarantine::{Lifted, QuarantineError, Refusal};
use crate::store::{LiftError, Store, StoreError};

impl App {
    /// The versions of a project that are or were in quarantine, newest first.
    pub async fn quarantine(
        &self,
        caller: &Caller,
        space: &str,
        project: &str,
    ) -> Result<Page<BadVersionView>, AppError> {
        let (space, project) = self.visible_project(caller, space, project).await?;
        Ok(Page {
            items: self.bad_versions(&space, &project.name).await?,
            next: None,
        })
    }

    /// Lets a version be deployed again; the project's records then.
    pub async fn lift(
        &self,
        caller: &Caller,
        space: &str,
        project: &str,
        body: &LiftBody,
    ) -> Result<Page<BadVersionView>, AppError> {
        let (space, project) = self.visible_project(caller, space, project).await?;
        if !caller.may(Permission::Lift, space.as_str()) {
            return Err(AppError::Forbidden(format!(
                "your role in {space} does not allow lifting a quarantine: that takes who may deploy"
            )));
        }
        if body.reason.len() > 2000 {
            return Err(AppError::field("reason", "at most 2000 bytes"));
        }
        if body.version.is_empty() {
            return Err(AppError::field("version", "name the version to be lifted"));
        }
        let environment = match &body.environment {
            None => project.environment.clone(),
            Some(text) => {
                Name::parse(text).map_err(|error| AppError::field("environment", error.to_string()))?
            }
        };
        let lifted = Lifted {
            at: self.outside.clock.now(),
            by: caller.actor.to_string(),
            reason: body.reason.trim().to_owned(),
        };
        let answer = self
            .store
            .lift_quarantine(&space, &project.name, &environment, &body.version, &lifted)
            .await;
        match answer {
            Ok(()) => {
                tracing::info!(%space, project = %project.name, %environment, version = body.version, by = lifted.by,
                    reason = lifted.reason, "a version was taken out of quarantine");
                self.quarantine(caller, space.as_str(), project.name.as_str())
                    .await
            }
            Err(LiftError::Refused(refused @ QuarantineError::NoReason)) => {
                Err(AppError::field("reason", refused.to_string()))
            }
            Err(LiftError::Refused(refused)) => Err(AppError::Conflict(refused.to_string())),
            Err(LiftError::Store(error)) => Err(error.into()),
        }
    }

    /// Refuses a plan that brings a version which is in quarantine.
    pub(crate) async fn check_quarantine(&self, plan: &Plan) -> Result<(), AppError> {
        match self.refusal(plan).await? {
            Some(refusal) => Err(AppError::Quarantined(Box::new(refusal))),
            None => Ok(()),
        }
    }

    /// Why a plan may not run, where it may not.
    pub(crate) async fn refusal(&self, plan: &Plan) -> Result<Option<Refusal>, AppError> {
        Ok(refusal(&self.store, plan).await?)
    }

    pub(crate) async fn bad_versions(
        &self,
        space: &Name,
        project: &Name,
    ) -> Result<Vec<BadVersionView>, AppError> {
        let all = self.store.quarantines(space, project).await?;
        let mut views: Vec<BadVersionView> = all
            .into_iter()
            .flat_map(|one| {
                let environment = one.environment;
                let records = one.versions.into_iter();
                records.map(move |bad| BadVersionView::of(&environment, bad))
            })
            .collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.since));
        Ok(views)
    }

    /// A project, without looking into its script: a quarantine is lifted also where that is broken.
    async fn visible_project(
        &self,
        caller: &Caller,
        space: &str,
        project: &str,
    ) -> Result<(Name, Project), AppError> {
        let unknown = || AppError::NotFound(format!("project {space}/{project}"));
        if !caller.may(Permission::See, space) {
            return Err(unknown());
        }
        let space = Name::parse(space).map_err(|_| unknown())?;
        let name = Name::parse(project).map_err(|_| unknown())?;
        let project = self.store.project(&space, &name).await?.ok_or_else(unknown)?;
        Ok((space, project))
    }
}

/// Why a plan may not run, where it brings a version that is in quarantine.
pub(crate) async fn refusal(store: &Store, plan: &Plan) -> Result<Option<Refusal>, StoreError> {
    let quarantine = store
        .quarantine(&plan.space, &plan.project, &plan.environment)
        .await?;
    if quarantine.all_bad().next().is_none() {
        return Ok(None);
    }
    let inventory = store.inventory(&plan.space, &plan.project).await?;
    let last_good: BTreeMap<TargetName, String> = inventory
        .into_iter()
        .filter_map(|entry| Some((entry.target, entry.installed.way_back()?.to_owned())))
        .collect();
    match quarantine.check_plan(plan, &last_good) {
        Err(QuarantineError::Bad(refusal)) => Ok(Some(*refusal)),
        _ => Ok(None),
    }
}
