//! The chosen targets, their pools, and who is in service now.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::App;
use crate::app::error::{AppError, FieldError};
use crate::app::request::ActBody;
use crate::domain::config::MergedConfig;
use crate::domain::name::TargetName;
use crate::domain::rollout::strategy::Places;
use crate::domain::target::{Pool, SelectionError, Target, Topology, UnknownName};

use super::invalid_config;

/// Where a project lives, as far as the configuration and the balancer say.
pub(crate) struct Whereabouts {
    /// Zones, servers and pools.
    pub(crate) topology: Topology,
    /// The pools with what must stay in service.
    pub(crate) pools: Vec<Pool>,
    /// Who is in service now.
    pub(crate) in_service: BTreeSet<TargetName>,
}

/// What a request is about.
pub(super) struct Chosen {
    pub(super) targets: Vec<Target>,
    /// The pools they are in.
    pub(super) pools: Vec<Pool>,
    /// Who of the pools is in service now.
    pub(super) in_service: BTreeSet<TargetName>,
    /// Where the whole project lives.
    pub(super) places: Places,
}

impl App {
    /// The chosen targets, the pools they are in, and who of the pools is in service now.
    pub(super) async fn targets(&self, config: &MergedConfig, body: &ActBody) -> Result<Chosen, AppError> {
        let Whereabouts {
            topology,
            pools,
            mut in_service,
        } = self.topology(config).await?;
        let all = topology.targets(&|name| self.outside.hosts.address_of(name));
        let chosen = if body.all || all.is_empty() {
            all.iter().map(|target| target.name.clone()).collect()
        } else if body.selection().is_empty() {
            named(&topology, &body.servers)?
        } else {
            selected(body, &all)?
        };
        if chosen.is_empty() {
            return Err(AppError::field(
                "servers",
                "the project has no servers yet: see its `server_info`",
            ));
        }
        let places = places(&topology, &all);
        let targets: Vec<Target> = all
            .into_iter()
            .filter(|target| chosen.contains(&target.name))
            .collect();
        for target in &targets {
            if target.pools.is_empty() {
                in_service.insert(target.name.clone());
            }
        }
        let touched: BTreeSet<&String> = targets.iter().flat_map(|target| &target.pools).collect();
        let pools = pools
            .into_iter()
            .filter(|pool| touched.contains(&pool.name))
            .collect();
        Ok(Chosen {
            targets,
            pools,
            in_service,
            places,
        })
    }

    /// The topology with the members of every pool, asked of the balancer where the configuration does not
    /// say them; and who of all of them is in service now.
    pub(crate) async fn topology(&self, config: &MergedConfig) -> Result<Whereabouts, AppError> {
        let topology = Topology::parse(config).map_err(invalid_config)?;
        let mut in_service = BTreeSet::new();
        let mut asked: BTreeMap<(String, String), Vec<TargetName>> = BTreeMap::new();
        for entry in &topology.pools {
            let (zone, pool) = (entry.zone.clone(), entry.name.clone());
            let members = self
                .outside
                .balancer
                .members(&entry.place())
                .await
                .map_err(|error| AppError::Unavailable(format!("pool {pool} in {zone}: {error}")))?;
            if let Some(members) = members {
                in_service.extend(members.iter().filter(|m| m.in_service).map(|m| m.name.clone()));
                asked.insert((zone, pool), members.into_iter().map(|m| m.name).collect());
            }
        }
        let topology = topology.with_members(&asked).map_err(invalid_config)?;
        let pools = topology.pools(&|zone, pool| asked.get(&(zone.to_owned(), pool.to_owned())).cloned());
        for pool in &pools {
            // A balancer that cannot be asked: its configured members count as in service.
            if !asked.contains_key(&(pool.zone.clone(), pool.name.clone())) {
                in_service.extend(pool.members.iter().cloned());
            }
        }
        Ok(Whereabouts {
            topology,
            pools,
            in_service,
        })
    }
}

fn places(topology: &Topology, all: &[Target]) -> Places {
    let of_servers = topology.servers.iter().map(|server| &server.zone);
    let of_pools = topology.pools.iter().map(|pool| &pool.zone);
    let labels = |label: &str| {
        all.iter()
            .filter_map(|target| target.labels.get(label))
            .cloned()
            .collect()
    };
    Places {
        zones: of_servers.chain(of_pools).cloned().collect(),
        pools: topology
            .pools
            .iter()
            .map(|pool| (pool.zone.clone(), pool.name.clone()))
            .collect(),
        targets: all.iter().map(|target| target.name.to_string()).collect(),
        groups: labels("group"),
        rings: labels("ring"),
    }
}

/// The servers of these names.
fn named(topology: &Topology, names: &[String]) -> Result<BTreeSet<TargetName>, AppError> {
    let found = topology.select(names.iter().map(String::as_str));
    let found = found.map_err(|unknown| {
        let field = |name: UnknownName| FieldError {
            field: "servers".to_owned(),
            message: name.to_string(),
        };
        AppError::Invalid(unknown.into_iter().map(field).collect())
    })?;
    Ok(found.into_iter().collect())
}

/// The servers that are what the request asks for.
fn selected(body: &ActBody, all: &[Target]) -> Result<BTreeSet<TargetName>, AppError> {
    let found = body.selection().choose(all).map_err(|errors| {
        let field = |error: SelectionError| FieldError {
            field: error.field.to_owned(),
            message: error.message,
        };
        AppError::Invalid(errors.into_iter().map(field).collect())
    })?;
    Ok(found.into_iter().map(|target| target.name.clone()).collect())
}
