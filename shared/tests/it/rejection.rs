//! The draw is uniform: rejection sampling, never a bare modulo (R-SPLIT-3, R-FAIR-4).
//!
//! A first share of two is `max(r, 1)` with r drawn below `total − 1`, so the public interface
//! shows the draw itself.

use crate::common::{cut, lucky, numbered_seed, reference, test};
use hongbao_shared::Fen;

/// About 2^64 / 2048.5, below the most that can be held: half a round of 64-bit numbers is left
/// over, so that one draw in 4097 has to be refused.
const HIGH: u64 = 9_005_000_768_225_311;
const SEEDS: u64 = 12_000;

#[test]
fn draws_beyond_the_last_full_round_are_refused() {
    let terms = lucky(HIGH + 1, 2, Fen::MAX.get());
    let last_accepted = u64::MAX - ((1_u128 << 64) % u128::from(HIGH)) as u64;
    let mut refused = 0;
    for number in 0..SEEDS {
        let seed = numbered_seed(&terms, number);
        let mut draws = reference::Draws::new(*seed.bytes());
        let (first, second) = (draws.next(), draws.next());
        let share = cut(&terms, &seed)[0];
        if first <= last_accepted {
            assert_eq!(share, (first % HIGH).max(1));
        } else if second <= last_accepted {
            refused += 1;
            assert_eq!(share, (second % HIGH).max(1));
            assert_ne!(share, (first % HIGH).max(1), "a bare modulo");
        }
    }
    // As many as one in 4097 promises, within four standard deviations.
    let expected = SEEDS as f64 / 4097.0;
    assert!((f64::from(refused) - expected).abs() < 4.0 * expected.sqrt(), "{refused} refused");
    assert!(refused > 0);
}

/// A power of two leaves nothing over: even the very last number counts. Getting that wrong would
/// refuse one draw in 4096 of this range, and of smaller ones too few to ever be seen.
#[test]
fn a_power_of_two_refuses_nothing() {
    let high = 1_u64 << 52;
    let terms = lucky(high + 1, 2, Fen::MAX.get());
    let mut in_the_last_round = 0;
    for number in 0..SEEDS {
        let seed = numbered_seed(&terms, number);
        let first = reference::Draws::new(*seed.bytes()).next();
        assert_eq!(cut(&terms, &seed)[0], (first % high).max(1));
        in_the_last_round += u32::from(first >= u64::MAX - high);
    }
    assert!(in_the_last_round > 0, "no seed that could tell");
}

/// Sixteen equal parts of the range come up equally often, for ranges of every size.
#[test]
fn draws_are_uniform() {
    for high in [16_u64, 48, 160, 19_968, 1_000_000, 1 << 40, HIGH - HIGH % 16] {
        let terms = lucky(high + 1, 2, Fen::MAX.get());
        let mut counts = [0_u32; 16];
        for number in 0..SEEDS {
            let amount = cut(&terms, &numbered_seed(&terms, number))[0];
            // A draw of 0 shows as a share of 1; it belongs to the first part all the same.
            counts[(amount / (high / 16)) as usize] += 1;
        }
        // In the smallest range the parts are single numbers: 0 shows as 1, so the two join.
        let parts: Vec<f64> = if high == 16 {
            let joined = f64::from(counts[0] + counts[1]) / 2.0;
            [joined, joined].into_iter().chain(counts[2..].iter().map(|c| f64::from(*c))).collect()
        } else {
            counts.iter().map(|count| f64::from(*count)).collect()
        };
        let expected = SEEDS as f64 / 16.0;
        let statistic: f64 = parts.iter().map(|n| (n - expected).powi(2) / expected).sum();
        // 15 degrees of freedom: 44.3 is exceeded once in ten thousand.
        assert!(statistic < 44.3, "below {high}: chi-square {statistic:.1}");
    }
}

/// The reference cipher against the test vectors of RFC 8439, appendix A.1.
#[test]
fn the_reference_is_chacha20() {
    let mut draws = reference::Draws::new([0; 32]);
    assert_eq!(draws.next().to_le_bytes(), [0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90]);
    for _ in 1..8 {
        draws.next();
    }
    assert_eq!(draws.next().to_le_bytes(), [0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a]);
}
