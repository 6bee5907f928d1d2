use hongbao_domain::runtime::Entropy;
use std::{sync::Arc, time::Duration};

/// Chance for small things: a bias in the 60th bit decides no money.
#[derive(Debug)]
pub(super) struct Dice(Arc<dyn Entropy>);

impl Dice {
    pub(super) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self(entropy)
    }

    /// A number of `low..=high`.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        let span = u64::try_from(high.saturating_sub(low)).unwrap_or(0).saturating_add(1);
        low.saturating_add(usize::try_from(self.0.bits() % span).unwrap_or(0))
    }

    /// A wait of this range, given in milliseconds.
    pub(super) fn wait(&mut self, (from, to): (u32, u32)) -> Duration {
        let span = u64::from(to.saturating_sub(from)).saturating_add(1);
        Duration::from_millis(u64::from(from).saturating_add(self.0.bits() % span))
    }

    /// Does something happen that happens in so many of a hundred times?
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.0.bits() % 100 < percent
    }

    /// One of these; there must be one.
    pub(super) fn one_of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.between(0, all.len().saturating_sub(1))]
    }

    /// A place, each as often as its weight says.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let total: u64 = weights.clone().map(u64::from).sum();
        let mut rest = self.0.bits() % total.max(1);
        for (place, weight) in weights.enumerate() {
            match rest.checked_sub(u64::from(weight)) {
                Some(less) => rest = less,
                None => return place,
            }
        }
        0
    }
}
