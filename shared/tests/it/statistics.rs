//! Sampled splits against their exact distribution (R-SPLIT-3). Every seed is fixed, so these
//! pass or fail for good; the bounds are four to five standard errors.

use crate::common::{
    cut,
    exact::{self, Share},
    lucky, numbered_seed, test,
};

/// Total, shares and most per share: plain packets, tight ones, and some where the most per
/// share binds.
const PACKETS: &[(u64, u32, u64)] = &[
    (200, 2, 20_000),
    (1000, 2, 20_000),
    (1000, 3, 20_000),
    (500, 4, 20_000),
    (600, 5, 20_000),
    (300, 6, 20_000),
    (14, 5, 20_000),
    (200, 4, 60),
    (250, 5, 90),
    (301, 2, 200),
];

const SAMPLES: u64 = if cfg!(target_arch = "wasm32") { 8_000 } else { 20_000 };

/// How often each amount came up, by position.
fn sample(total: u64, shares: u32, max: u64) -> Vec<Vec<u64>> {
    let terms = lucky(total, shares, max);
    let mut counts = vec![vec![0; usize::try_from(total).unwrap() + 1]; shares as usize];
    for number in 0..SAMPLES {
        for (k, amount) in cut(&terms, &numbered_seed(&terms, number)).into_iter().enumerate() {
            counts[k][usize::try_from(amount).unwrap()] += 1;
        }
    }
    counts
}

/// Chi-square of the counts against the distribution, as standard deviations of a normal
/// variable (Wilson and Hilferty). Neighbouring amounts are pooled until 10 are expected.
fn chi_square_z(counts: &[u64], share: &Share) -> f64 {
    let samples = SAMPLES as f64;
    let (mut bins, mut expected, mut seen) = (Vec::new(), 0.0, 0.0);
    for (p, count) in share.p.iter().zip(counts) {
        expected += p * samples;
        seen += *count as f64;
        if expected >= 10.0 {
            bins.push((expected, seen));
            (expected, seen) = (0.0, 0.0);
        }
    }
    match bins.last_mut() {
        Some(last) => *last = (last.0 + expected, last.1 + seen),
        None => bins.push((expected, seen)),
    }
    let statistic: f64 = bins.iter().map(|(e, s)| (s - e).powi(2) / e).sum();
    let freedom = (bins.len() - 1) as f64;
    if freedom < 1.0 {
        return 0.0;
    }
    let spread = 2.0 / (9.0 * freedom);
    ((statistic / freedom).cbrt() - (1.0 - spread)) / spread.sqrt()
}

#[test]
fn sampled_shares_follow_the_exact_distribution() {
    for &(total, shares, max) in PACKETS {
        let counts = sample(total, shares, max);
        for (k, share) in exact::shares(total, shares.into(), max).iter().enumerate() {
            let what = format!("share {k} of {total}/{shares} ≤ {max}");
            follows(&counts[k], share, &what);
            has_moments(&counts[k], share, &what);
        }
    }
}

fn follows(counts: &[u64], share: &Share, what: &str) {
    for (amount, (p, count)) in share.p.iter().zip(counts).enumerate() {
        assert!(*p > 0.0 || *count == 0, "{what}: {amount} cannot be");
    }
    let z = chi_square_z(counts, share);
    assert!(z.abs() < 4.5, "{what}: chi-square at {z:.1} σ");
}

fn has_moments(counts: &[u64], share: &Share, what: &str) {
    let (n, mean, variance) = (SAMPLES as f64, share.mean(), share.variance());
    let sampled = |power: i32| -> f64 {
        let of = |(x, c): (usize, &u64)| *c as f64 * (x as f64 - mean).powi(power);
        counts.iter().enumerate().map(of).sum::<f64>() / n
    };
    if variance < 1e-9 {
        assert!(sampled(2) < 1e-9, "{what}: always the same");
        return;
    }
    let off = sampled(1) / (variance / n).sqrt();
    assert!(off.abs() < 4.0, "{what}: mean at {off:.1} σ");
    let off = (sampled(2) - variance) / ((share.fourth() - variance.powi(2)) / n).sqrt();
    assert!(off.abs() < 4.0, "{what}: variance at {off:.1} σ");
}

/// ¥200 over two shares has the means 100.00 and 100.00, not the 85.90 and 114.10 of a published
/// simulation.
#[test]
fn two_hundred_yuan_over_two_shares_is_even() {
    let terms = lucky(20_000, 2, 20_000);
    let samples: u32 = if cfg!(target_arch = "wasm32") { 20_000 } else { 60_000 };
    let first: u64 =
        (0..samples.into()).map(|number| cut(&terms, &numbered_seed(&terms, number))[0]).sum();
    let mean = first as f64 / f64::from(samples);
    // A uniform draw from [0, 20000) has this standard deviation.
    let error = (20_000_f64.powi(2) / 12.0 / f64::from(samples)).sqrt();
    assert!((mean - 10_000.0).abs() < 3.0 * error, "first share: {mean:.0}");
    let second = 20_000.0 - mean;
    assert!((second - 10_000.0).abs() < 3.0 * error, "second share: {second:.0}");
    assert!((mean - 8_590.0).abs() > 25.0 * error, "that is the biased mean");
}

/// Where those 85.90 come from, exactly: a bare modulo of a generator with 15 bits.
#[test]
fn the_published_bias_is_a_bare_modulo_of_fifteen_bits() {
    let sum: u64 = (0..32_768_u64).map(|drawn| drawn % 19_999).sum();
    assert_eq!(format!("{:.2}", sum as f64 / 32_768.0 / 100.0), "85.90");
}

/// The exact mean of a share lies within half a fen of total / shares at the first place, for as
/// long as the most per share is out of reach; the shares' means add up to the total.
#[test]
fn means_are_equal_but_for_rounding() {
    for (total, shares) in [(200, 2), (1000, 3), (600, 5), (997, 7), (2000, 10)] {
        let all = exact::shares(total, shares, 20_000);
        let even = total as f64 / shares as f64;
        let sum: f64 = all.iter().map(Share::mean).sum();
        assert!((sum - total as f64).abs() < 1e-6);
        for (k, share) in all.iter().enumerate() {
            assert!((share.p.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            // A draw below ⌊2m⌋ falls short of m by ½ to 1 fen; the later places, and most of
            // all the last, get what the earlier ones left.
            let off = share.mean() - even;
            assert!((-1.0..2.5).contains(&off), "share {k} of {total}/{shares} is off by {off:.2}");
        }
    }
}

/// The exact variance follows the recursion that `docs/FAIRNESS.md` shows: it grows with the
/// place, and the last two are alike.
#[test]
fn variance_follows_the_recursion() {
    for (total, shares) in [(2000_u64, 2_u32), (2000, 3), (2000, 5), (3000, 10)] {
        let even = total as f64 / f64::from(shares);
        let all = exact::shares(total, shares.into(), 20_000);
        let ideal = exact::ideal_variances(shares);
        for (k, (share, ideal)) in all.iter().zip(&ideal).enumerate() {
            let ratio = share.variance() / (ideal * even.powi(2));
            assert!((ratio - 1.0).abs() < 0.02, "share {k} of {total}/{shares}: ratio {ratio:.4}");
        }
        assert!(ideal.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12));
        let last = ideal.len() - 1;
        assert!((ideal[last] - ideal[last - 1]).abs() < 1e-12);
    }
}

/// Said as plainly in `docs/FAIRNESS.md`: where the most per share binds, places are not alike.
#[test]
fn a_binding_limit_favours_the_later_places() {
    let means: Vec<_> = exact::shares(30_000, 2, 20_000).iter().map(Share::mean).collect();
    assert!((means[0] - 12_500.0).abs() < 1.0 && (means[1] - 17_500.0).abs() < 1.0);
}

/// The tables of `docs/FAIRNESS.md` are these; a failure shows what should stand there.
#[test]
fn documented_tables_are_exact() {
    let document = include_str!("../../../docs/FAIRNESS.md");
    for (total, shares, max) in [(2000_u64, 5_u32, 20_000), (100, 10, 20_000), (1000, 5, 400)] {
        let even = total as f64 / f64::from(shares);
        let ideal = exact::ideal_variances(shares);
        let mut table = String::new();
        for (at, share) in exact::shares(total, shares.into(), max).iter().enumerate() {
            let (mean, deviation) = (share.mean(), share.variance().sqrt());
            let (ideal, most) = (even * ideal[at].sqrt(), share.support().1);
            let place = at + 1;
            let row = format!("| {place} | {mean:.2} | {deviation:.2} | {ideal:.2} | {most} |\n");
            table.push_str(&row);
        }
        assert!(document.contains(&table), "{total} over {shares}, at most {max}:\n{table}");
    }
}
