//! Choices that look like chance and are the same in every demo.

/// A stream of numbers out of one seed.
///
/// SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014), with the constants of
/// its variant 13 of Murmur3's finisher.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// A stream of its own for this name.
    pub fn of(name: &str) -> Dice {
        // FNV-1a (64 bits), so that streams of similar names differ.
        let start = 0xcbf2_9ce4_8422_2325_u64;
        Dice(name.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)))
    }

    /// The next number, 0 to `bound - 1`; 0 where there is nothing to choose.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        if bound == 0 { 0 } else { mixed % bound }
    }

    /// One of the places of `weights`, each as likely as its weight; nothing where all are 0.
    pub fn weighted(&mut self, weights: &[u64]) -> Option<usize> {
        let mut left = self.below(weights.iter().sum());
        weights.iter().position(|weight| {
            let found = left < *weight;
            left = left.saturating_sub(*weight);
            found
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_gives_the_same_choices_and_weights_count() {
        let draw = |name: &str| {
            let mut dice = Dice::of(name);
            (0..20).map(|_| dice.below(6)).collect::<Vec<_>>()
        };
        assert_eq!(draw("a"), draw("a"));
        assert_ne!(draw("a"), draw("b"));
        let mut dice = Dice::of("weights");
        let mut counts = [0_u32; 4];
        for _ in 0..4_000 {
            counts[dice.weighted(&[1, 0, 2, 1]).unwrap()] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((1_800..2_200).contains(&counts[2]), "{counts:?}");
        assert_eq!((dice.weighted(&[]), dice.weighted(&[0, 0]), dice.below(0)), (None, None, 0));
    }
}
