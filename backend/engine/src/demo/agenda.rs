use hongbao_shared::Timestamp;
use std::collections::BTreeMap;

/// The most that waits; what comes beyond that is not planned.
const PLANS_MAX: usize = 256;

/// Plans by their moments; those of the same moment in the order of planning.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    plans: BTreeMap<(Timestamp, u64), T>,
    planned: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { plans: BTreeMap::new(), planned: 0 }
    }
}

impl<T> Agenda<T> {
    pub(super) fn add(&mut self, at: Timestamp, plan: T) {
        if self.plans.len() < PLANS_MAX {
            self.plans.insert((at, self.planned), plan);
            self.planned += 1;
        }
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.plans.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<T> {
        let first = self.plans.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.plans.retain(|_, plan| keep(plan));
    }
}
