//! The numbers of targets by their names: looked up for every event, so what it touches is small and lies together.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use crate::domain::name::TargetName;

/// No target is there.
const FREE: u32 = u32::MAX;
/// 2^64 divided by the golden ratio: multiplied by it, addresses that lie together are spread over the upper bits
/// (Knuth, The Art of Computer Programming, volume 3, section 6.4).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Names in order, and two tables that find them: a hash leads to a place of the table, from which on the number stands. At
/// most half of the places are taken. A map would keep a second copy of each name.
///
/// Most events carry a copy of the very name that an effect carried away. Such a one is known by the address of its
/// text, without a look at it: the text would have to come from far. Only where that fails (an event that was read
/// from the store) the text decides.
#[derive(Debug)]
pub(super) struct Numbers {
    names: Vec<TargetName>,
    by_text: Vec<u32>,
    by_address: Vec<u32>,
    hasher: RandomState,
}

impl Numbers {
    /// Numbers them from 0. A name that comes twice has the later number.
    pub fn of(names: Vec<TargetName>) -> Self {
        let size = (names.len() * 2).next_power_of_two();
        let mut numbers = Self {
            by_text: vec![FREE; size],
            by_address: vec![FREE; size],
            hasher: RandomState::new(),
            names,
        };
        for number in 0..numbers.names.len() as u32 {
            let name = &numbers.names[number as usize];
            let (text, address) = (
                numbers.place_of_text(name.as_str()),
                numbers.place_of_address(name),
            );
            numbers.by_text[text] = number;
            numbers.by_address[address] = number;
        }
        numbers
    }

    pub fn get(&self, name: &str) -> Option<u32> {
        Some(self.by_text[self.place_of_text(name)]).filter(|&number| number != FREE)
    }

    /// The same, at once for a copy of one of the names.
    pub fn of_name(&self, name: &TargetName) -> Option<u32> {
        match self.by_address[self.place_of_address(name)] {
            FREE => self.get(name.as_str()),
            number => Some(number),
        }
    }

    pub fn name(&self, number: u32) -> &TargetName {
        &self.names[number as usize]
    }

    fn place_of_text(&self, name: &str) -> usize {
        let hash = self.hasher.hash_one(name) as usize;
        self.place(&self.by_text, hash, |known| known.as_str() == name)
    }

    fn place_of_address(&self, name: &TargetName) -> usize {
        let address = name.address();
        let hash = (address as u64).wrapping_mul(SPREAD) >> 32;
        self.place(&self.by_address, hash as usize, |known| {
            known.address() == address
        })
    }

    /// The place of this table at which such a name stands, or would.
    fn place(&self, table: &[u32], hash: usize, is_it: impl Fn(&TargetName) -> bool) -> usize {
        let mask = table.len() - 1;
        let mut place = hash & mask;
        loop {
            match table[place] {
                FREE => return place,
                number if is_it(&self.names[number as usize]) => return place,
                _ => place = (place + 1) & mask,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_number_and_others_have_none() {
        for count in [0_u32, 1, 2, 3, 1000] {
            let name = |number: u32| TargetName::parse(&format!("h{number}")).unwrap();
            let names: Vec<TargetName> = (0..count).map(name).collect();
            let numbers = Numbers::of(names.clone());
            for number in 0..count {
                let copy = &names[number as usize];
                let read = name(number);
                assert_ne!(read.address(), copy.address());
                assert_eq!(numbers.get(read.as_str()), Some(number));
                assert_eq!(numbers.of_name(copy), Some(number));
                assert_eq!(
                    numbers.of_name(&read),
                    Some(number),
                    "another text that says the same"
                );
                assert_eq!(numbers.name(number), copy);
            }
            assert_eq!(numbers.get("nobody"), None);
            assert_eq!(numbers.get(""), None);
            assert_eq!(numbers.of_name(&name(count)), None);
        }
    }

    #[test]
    fn a_name_that_comes_twice_has_the_later_number_however_it_is_looked_up() {
        let name = TargetName::parse("h").unwrap();
        let other = TargetName::parse("h").unwrap();
        let numbers = Numbers::of(vec![name.clone(), other.clone()]);
        assert_eq!(numbers.get("h"), Some(1));
        assert_eq!(numbers.of_name(&other), Some(1));
    }
}
