//! A plan, indexed once: everything that does not change while it runs, by number instead of by name.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::name::TargetName;
use crate::domain::plan::{Plan, PlanTarget, RollbackTarget, Step};

use super::event::Way;
use super::numbers::Numbers;
use super::shape::{Kind, Shapes, StepShape};

/// The plan and its indexes. Targets, stages and pools are numbered in the plan's order.
#[derive(Debug)]
pub(super) struct Facts {
    pub plan: Arc<Plan>,
    index: Numbers,
    /// The targets of each stage.
    pub stages: Vec<Vec<u32>>,
    /// What is known of each target, together: an event about one looks at several of these.
    each: Vec<Each>,
    shapes: Shapes,
    /// The pools of each class.
    pub class_pools: Vec<Vec<u32>>,
    /// The classes of each pool.
    pub pool_classes: Vec<Vec<u32>>,
    /// Name and minimum of each pool.
    pub pools: Vec<(String, u32)>,
    /// Whether any way forth has a `once` step.
    pub has_once: bool,
}

/// What is known of a target, by numbers.
#[derive(Debug, Clone, Copy, Default)]
struct Each {
    stage: u32,
    /// The place of its way back in the plan.
    back: Option<u32>,
    /// The shape of its steps.
    forth_shape: u32,
    /// The same of its way back.
    back_shape: u32,
    /// Targets of the same pools have the same.
    class: u32,
}

impl Facts {
    pub fn new(plan: Arc<Plan>) -> Self {
        let names = plan.targets.iter().map(|target| target.target.name.clone());
        let index = Numbers::of(names.collect());
        let mut each = vec![Each::default(); plan.targets.len()];
        let stages: Vec<Vec<u32>> = plan
            .stages
            .iter()
            .enumerate()
            .map(|(number, stage)| {
                let targets: Vec<u32> = stage
                    .targets
                    .iter()
                    .filter_map(|name| index.get(name.as_str()))
                    .collect();
                for &target in &targets {
                    each[target as usize].stage = number as u32;
                }
                targets
            })
            .collect();
        for (place, back) in plan.rollback.targets.iter().enumerate() {
            if let Some(target) = index.get(back.name.as_str()) {
                each[target as usize].back = Some(place as u32);
            }
        }
        let mut shapes = Shapes::default();
        for (target, each) in plan.targets.iter().zip(&mut each) {
            let back = each.back.map(|place| &plan.rollback.targets[place as usize]);
            each.forth_shape = shapes.number(&target.steps);
            each.back_shape = shapes.number(back.map_or(&[], |back| &back.steps));
        }
        let mut facts = Self {
            shapes,
            index,
            stages,
            each,
            class_pools: Vec::new(),
            pool_classes: Vec::new(),
            pools: Vec::new(),
            has_once: plan.targets.iter().any(|t| t.steps.iter().any(|s| s.once)),
            plan,
        };
        facts.number_pools();
        facts
    }

    /// A target's pool is the one of that name that lists it as a member; else the one of that name in
    /// its zone. Two zones may use the same name.
    fn number_pools(&mut self) {
        let plan = Arc::clone(&self.plan);
        let mut by_member: HashMap<(u32, &str), u32> = HashMap::new();
        let mut by_zone: HashMap<(&str, &str), u32> = HashMap::new();
        for (number, pool) in plan.pools.iter().enumerate() {
            let number = number as u32;
            by_zone.entry((&pool.zone, &pool.name)).or_insert(number);
            for member in &pool.members {
                if let Some(target) = self.index.get(member.as_str()) {
                    by_member.entry((target, &pool.name)).or_insert(number);
                }
            }
            self.pools.push((pool.name.clone(), pool.minimum));
        }
        let mut classes: HashMap<Vec<u32>, u32> = HashMap::new();
        for (number, target) in plan.targets.iter().enumerate() {
            let mut pools: Vec<u32> = target
                .target
                .pools
                .iter()
                .map(|name| {
                    let listed = by_member.get(&(number as u32, name.as_str())).copied();
                    listed.unwrap_or_else(|| {
                        *by_zone.entry((&target.target.zone, name)).or_insert_with(|| {
                            // No promise was made for a pool that the plan does not list.
                            self.pools.push((name.clone(), 0));
                            self.pools.len() as u32 - 1
                        })
                    })
                })
                .collect();
            pools.sort_unstable();
            pools.dedup();
            let next = classes.len() as u32;
            let class = *classes.entry(pools.clone()).or_insert(next);
            if class == next {
                self.class_pools.push(pools);
            }
            self.each[number].class = class;
        }
        self.pool_classes = vec![Vec::new(); self.pools.len()];
        for (class, pools) in self.class_pools.iter().enumerate() {
            for &pool in pools {
                self.pool_classes[pool as usize].push(class as u32);
            }
        }
    }

    pub fn target_number(&self, name: &str) -> Option<u32> {
        self.index.get(name)
    }

    /// The same, at once for a copy of a name of the plan.
    pub fn number_of(&self, name: &TargetName) -> Option<u32> {
        self.index.of_name(name)
    }

    pub fn stage_of(&self, target: u32) -> u32 {
        self.each[target as usize].stage
    }

    pub fn class_of(&self, target: u32) -> u32 {
        self.each[target as usize].class
    }

    pub fn target(&self, target: u32) -> &PlanTarget {
        &self.plan.targets[target as usize]
    }

    pub fn name(&self, target: u32) -> &TargetName {
        self.index.name(target)
    }

    pub fn way_back(&self, target: u32) -> Option<&RollbackTarget> {
        self.each[target as usize]
            .back
            .map(|place| &self.plan.rollback.targets[place as usize])
    }

    pub fn steps(&self, target: u32, way: Way) -> &[Step] {
        match way {
            Way::Forth => &self.target(target).steps,
            Way::Back => self.way_back(target).map_or(&[], |back| &back.steps),
        }
    }

    /// What the machine minds of the steps of a target.
    pub fn shape(&self, target: u32, way: Way) -> &[StepShape] {
        self.shapes.get(match way {
            Way::Forth => self.each[target as usize].forth_shape,
            Way::Back => self.each[target as usize].back_shape,
        })
    }

    /// The pools of a target, by number.
    pub fn pools_of(&self, target: u32) -> &[u32] {
        &self.class_pools[self.class_of(target) as usize]
    }

    /// The first check of the way forth at or after `from`: what a look at a finished target repeats.
    pub fn next_check(&self, target: u32, from: u32) -> Option<u32> {
        let steps = self.shape(target, Way::Forth);
        (from as usize..steps.len())
            .find(|&place| steps[place].kind == Kind::Check && !steps[place].once)
            .map(|place| place as u32)
    }
}
