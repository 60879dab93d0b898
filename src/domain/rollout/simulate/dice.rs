//! Chance that depends on the seed and on what it is asked for, not on the order of asking.
//!
//! `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).

/// Dice of one seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice {
    seed: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A number for this question, the same each time.
    fn draw(self, question: &[u64]) -> u64 {
        question
            .iter()
            .fold(mix(self.seed), |state, part| mix(state ^ mix(*part)))
    }

    /// A number from `low` to `high`, both included.
    pub fn between(self, low: u64, high: u64, question: &[u64]) -> u64 {
        match high.saturating_sub(low).checked_add(1) {
            Some(span) => low + self.draw(question) % span,
            None => self.draw(question),
        }
    }

    /// Yes for this share of all questions.
    pub fn chance(self, share: f64, question: &[u64]) -> bool {
        // 53 bits fill the mantissa of an `f64` exactly: 0 <= unit < 1.
        let unit = (self.draw(question) >> 11) as f64 / (1_u64 << 53) as f64;
        unit < share
    }
}

fn mix(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_same_question_has_the_same_answer_and_shares_are_kept() {
        let dice = Dice::new(7);
        assert_eq!(dice.between(5, 20, &[1, 2]), dice.between(5, 20, &[1, 2]));
        assert!((0..1000).all(|number| (5..=20).contains(&dice.between(5, 20, &[number]))));
        let hit = (0..10_000).filter(|&number| dice.chance(0.3, &[number])).count();
        assert!((2800..3200).contains(&hit), "{hit}");
        assert!((0..100).all(|number| dice.chance(1.0, &[number]) && !dice.chance(0.0, &[number])));
    }
}
