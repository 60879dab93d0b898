//! The numbers of targets by their names: looked up for every event, so what it touches is small and lies together.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use crate::domain::name::TargetName;

/// No target is there.
const FREE: u32 = u32::MAX;

/// Names in order, and a table that finds them: a hash leads to a place of the table, from which on the number stands. At
/// most half of the places are taken. A map would keep a second copy of each name.
#[derive(Debug)]
pub(super) struct Numbers {
    names: Vec<TargetName>,
    places: Vec<u32>,
    hasher: RandomState,
}

impl Numbers {
    /// Numbers them from 0. A name that comes twice has the later number.
    pub fn of(names: Vec<TargetName>) -> Self {
        let size = (names.len() * 2).next_power_of_two();
        let mut numbers = Self {
            places: vec![FREE; size],
            hasher: RandomState::new(),
            names,
        };
        for number in 0..numbers.names.len() as u32 {
            let place = numbers.place(numbers.names[number as usize].as_str());
            numbers.places[place] = number;
        }
        numbers
    }

    /// The place at which this name stands, or would.
    fn place(&self, name: &str) -> usize {
        let mask = self.places.len() - 1;
        let mut place = self.hasher.hash_one(name) as usize & mask;
        loop {
            match self.places[place] {
                FREE => return place,
                number if self.names[number as usize].as_str() == name => return place,
                _ => place = (place + 1) & mask,
            }
        }
    }

    pub fn get(&self, name: &str) -> Option<u32> {
        Some(self.places[self.place(name)]).filter(|&number| number != FREE)
    }

    pub fn name(&self, number: u32) -> &TargetName {
        &self.names[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_number_and_others_have_none() {
        for count in [0_u32, 1, 2, 3, 1000] {
            let name = |number: u32| TargetName::parse(&format!("h{number}")).unwrap();
            let numbers = Numbers::of((0..count).map(name).collect());
            for number in 0..count {
                assert_eq!(numbers.get(name(number).as_str()), Some(number));
                assert_eq!(numbers.name(number), &name(number));
            }
            assert_eq!(numbers.get("nobody"), None);
            assert_eq!(numbers.get(""), None);
        }
    }
}
