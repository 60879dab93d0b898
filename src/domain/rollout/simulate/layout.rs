//! From a simulation's file to the plan that the engine runs.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::domain::name::{Name, TargetName};
use crate::domain::plan::{
    Plan, PlanHash, PlanTarget, Rollback, RollbackTarget, Step, Work, coming_in, going_out, leaving,
    putting_back,
};
use crate::domain::rollout::strategy::{TargetFacts, lay_out};
use crate::domain::target::{Pool, Target};

use super::hosts::Host;
use super::monitor::with_a_metric;
use super::scenario::{Scenario, SimulationError};
use super::steps::ScenarioStep;

pub(super) fn plan(scenario: &Scenario) -> Result<Arc<Plan>, SimulationError> {
    let hosts = &scenario.hosts;
    let pools = pools(scenario)?;
    let facts: Vec<TargetFacts> = hosts
        .iter()
        .map(|host| facts(host, scenario.to.as_ref()))
        .collect();
    let laid = lay_out(&with_a_metric(&scenario.config), &facts, &pools)?;

    let steps: Vec<Step> = scenario.steps.iter().map(step).collect();
    let by_name: BTreeMap<&TargetName, &Host> = hosts.iter().map(|host| (&host.name, host)).collect();
    let leaving: HashSet<TargetName> = leaving(&laid.stages).cloned().collect();
    let mut targets = Vec::with_capacity(hosts.len());
    for stage in &laid.stages {
        for (place, name) in stage.targets.iter().enumerate() {
            let host = by_name[name];
            targets.push(PlanTarget {
                target: target(host),
                stage: stage.label.clone(),
                batch: place as u32 / stage.max_parallel.max(1) + 1,
                version: if stage.only_out {
                    host.version.clone()
                } else {
                    scenario.to.clone().or_else(|| host.version.clone())
                },
                version_before: host.version.clone(),
                steps: if stage.only_out {
                    going_out(&steps)
                } else {
                    steps.clone()
                },
            });
        }
    }
    // A restart (nothing to install) goes back by being run again; a first version has nothing to go back to.
    let rollback = Rollback {
        targets: targets
            .iter()
            .filter(|target| target.version_before.is_some() || leaving.contains(&target.target.name))
            .map(|target| RollbackTarget {
                name: target.target.name.clone(),
                version: target.version_before.clone(),
                steps: putting_back(if leaving.contains(&target.target.name) {
                    coming_in(&steps)
                } else {
                    steps.iter().filter(|step| !step.once).cloned().collect()
                }),
            })
            .collect(),
    };
    let word =
        |text: &str| Name::parse(text).map_err(|error| SimulationError::new("file", error.to_string()));
    let plan = Plan {
        plan_hash: PlanHash::over("deploy", &laid.stages, &laid.limits, &pools, &[], &rollback),
        space: word("simulation")?,
        project: word("simulation")?,
        environment: word("simulation")?,
        action: "deploy".to_owned(),
        script: "simulation".to_owned(),
        script_digest: String::new(),
        version: scenario.to.clone(),
        stages: laid.stages,
        limits: laid.limits,
        pools,
        targets,
        rollback,
    };
    scenario.analysis.check_names(&plan)?;
    Ok(Arc::new(plan))
}

fn pools(scenario: &Scenario) -> Result<Vec<Pool>, SimulationError> {
    let mut members: BTreeMap<&str, Vec<&Host>> = BTreeMap::new();
    for name in scenario.pools.keys() {
        members.insert(name, Vec::new());
    }
    for host in &scenario.hosts {
        for pool in &host.pools {
            members.entry(pool).or_default().push(host);
        }
    }
    members
        .into_iter()
        .map(|(name, hosts)| {
            let others = scenario.pools.get(name).map_or(0, |pool| pool.others);
            let others = (1..=others).map(|number| other(name, number));
            let mut members: Vec<TargetName> = hosts.iter().map(|host| host.name.clone()).collect();
            members.extend(others.collect::<Result<Vec<_>, _>>()?);
            Ok(Pool {
                name: name.to_owned(),
                zone: hosts.first().map_or(String::new(), |host| host.zone.clone()),
                minimum: scenario.minimum(name, members.len())?,
                members,
            })
        })
        .collect()
}

/// A member that the rollout does not touch.
fn other(pool: &str, number: u32) -> Result<TargetName, SimulationError> {
    TargetName::parse(&format!("other-{number}.{pool}"))
        .map_err(|error| SimulationError::new(&format!("pools.{pool}"), error.to_string()))
}

fn facts(host: &Host, to: Option<&String>) -> TargetFacts {
    TargetFacts {
        name: host.name.clone(),
        zone: host.zone.clone(),
        pools: host.pools.clone(),
        labels: host.labels.clone(),
        in_service: host.in_service,
        new_version: to.is_some() && to != host.version.as_ref(),
        group: host.group.clone(),
        ring: host.ring.clone(),
    }
}

fn target(host: &Host) -> Target {
    Target {
        name: host.name.clone(),
        address: host.address.clone(),
        port: host.port,
        user: host.user.clone(),
        zone: host.zone.clone(),
        pools: host.pools.clone(),
        labels: host.labels.clone(),
        vars: host.vars.clone(),
    }
}

/// The step's name says what it is: `pool_out`, `pool_in`, `drain`, a check; anything else is a command.
fn step(step: &ScenarioStep) -> Step {
    let work = match step.name.as_str() {
        "pool_out" => Work::PoolOut,
        "pool_in" => Work::PoolIn,
        "drain" => Work::Drain { seconds: 0 },
        name if name.contains("check") => Work::TcpCheck {
            address: String::new(),
            port: 80,
            interval_seconds: 1,
            successes: 1,
        },
        _ => Work::run(),
    };
    Step {
        timeout_seconds: step.timeout_seconds,
        retries: step.retries,
        retry_delay_seconds: step.retry_delay_seconds,
        retry_backoff: step.retry_backoff,
        idempotent: step.idempotent,
        always: step.always,
        once: step.once,
        ..Step::of(&step.name, work)
    }
}
