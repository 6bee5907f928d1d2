//! The exact distribution of every share, by dynamic programming over what is left.

use super::reference::marks;

/// The distribution of one share: `p[amount]`.
pub(crate) struct Share {
    pub(crate) p: Vec<f64>,
}

impl Share {
    fn moment(&self, about: f64, power: i32) -> f64 {
        self.p.iter().enumerate().map(|(x, p)| p * (x as f64 - about).powi(power)).sum()
    }
    pub(crate) fn mean(&self) -> f64 {
        self.moment(0.0, 1)
    }
    pub(crate) fn variance(&self) -> f64 {
        self.moment(self.mean(), 2)
    }
    pub(crate) fn fourth(&self) -> f64 {
        self.moment(self.mean(), 4)
    }
    /// The amounts that can occur, smallest and largest.
    pub(crate) fn support(&self) -> (u64, u64) {
        let first = self.p.iter().position(|p| *p > 0.0).unwrap();
        let last = self.p.iter().rposition(|p| *p > 0.0).unwrap();
        (first as u64, last as u64)
    }
}

/// The distribution of each of the shares, in the order of opening.
///
/// What a share can be depends on what is left alone, so one pass carries the distribution of
/// `rest` from share to share; every draw below the high mark has the same weight.
pub(crate) fn shares(total: u64, shares: u64, max: u64) -> Vec<Share> {
    let size = usize::try_from(total).unwrap() + 1;
    let mut of_rest = vec![0.0; size];
    of_rest[size - 1] = 1.0;
    let mut all = Vec::new();
    for left in (2..=shares).rev() {
        let (mut share, mut next) = (vec![0.0; size], vec![0.0; size]);
        for (rest, weight) in of_rest.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            let (low, high) = marks(rest as u64, left, max);
            let each = weight / high as f64;
            for draw in 0..high {
                let amount = draw.max(low) as usize;
                share[amount] += each;
                next[rest - amount] += each;
            }
        }
        all.push(Share { p: share });
        of_rest = next;
    }
    all.push(Share { p: of_rest });
    all
}

/// The variance of each share, as a multiple of the squared mean, of the idealised split that
/// draws real numbers between 0 and twice the mean of what is left.
///
/// With n shares left and m the mean of what is left, a share has mean m and mean square 4m²/3,
/// and the next m has the mean square m²·(1 + 1/(3(n−1)²)).
pub(crate) fn ideal_variances(shares: u32) -> Vec<f64> {
    let mut mean_square = 1.0;
    let mut all = Vec::new();
    for left in (2..=shares).rev() {
        all.push(mean_square * 4.0 / 3.0 - 1.0);
        mean_square *= 1.0 + 1.0 / (3.0 * f64::from(left - 1).powi(2));
    }
    all.push(mean_square - 1.0);
    all
}
