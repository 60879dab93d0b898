//! The way back of a finished action to a version by its name.

use crate::app::App;
use crate::app::error::AppError;
use crate::app::request::ActRequest;
use crate::domain::actor::Caller;
use crate::domain::config::{MergedConfig, check};
use crate::domain::name::TargetName;
use crate::domain::plan::Plan;

use super::versions::wanted_version;
use super::{Planned, invalid_config};

impl App {
    /// The way back of these targets to the version that the request names, with the configuration, the targets, the pools
    /// and the limits of the action that ran: only the steps are made anew, by the script as it is now. `touched` is
    /// each target with the version it has, in the order in which they were touched.
    pub(crate) async fn plan_back_to(
        &self,
        caller: &Caller,
        request: &ActRequest,
        ran: (&Plan, &MergedConfig),
        touched: &[(TargetName, Option<String>)],
    ) -> Result<Planned, AppError> {
        let (plan, config) = ran;
        let subject = self.subject(caller, &request.space, &request.project).await?;
        if !subject.facts.actions.contains(&request.action) {
            return Err(AppError::Conflict(format!(
                "{} has no action `{}` any more: deploy the version instead",
                subject.script.name, request.action
            )));
        }
        let config = MergedConfig {
            // The script says anew which keys are secret.
            secrets: Vec::new(),
            ..config.clone()
        };
        let config = check(config, &subject.facts.keys).map_err(invalid_config)?;
        let Some(version) = wanted_version(&request.action, &request.body, &config)? else {
            return Err(AppError::field("version", "name the version to go to"));
        };
        let of_touched = plan
            .targets
            .iter()
            .map(|planned| &planned.target)
            .filter(|target| touched.iter().any(|(name, _)| *name == target.name))
            .cloned()
            .collect();
        let mut targets = self
            .with_versions(&subject, request, of_touched, Some(&version))
            .await?;
        for target in &mut targets {
            // What the script takes for the version the target had is the one it is to have.
            target.installed = Some(version.clone());
        }
        let drawn = self
            .draw(caller, &subject, request, &config, &targets, Some(&version))
            .await?;
        let plan = Plan {
            script: subject.script.name,
            script_digest: drawn.script_digest,
            ..plan.clone()
        }
        .leading_back_by(drawn.draft, &version)
        .way_back(touched);
        let left = touched
            .iter()
            .find(|(name, _)| !plan.targets.iter().any(|planned| planned.target.name == *name));
        if let Some((name, _)) = left {
            return Err(AppError::Conflict(format!(
                "the script has no way back for `{name}`: deploy the version instead"
            )));
        }
        Ok(Planned { plan, config })
    }
}
