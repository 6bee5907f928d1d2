//! Whatever ends a history before its end names the seed: without it nobody sees it again.

use anyhow::{Context as _, anyhow};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// What comes of the history of a seed. An error, also in place of a panic of those who set it up
/// or judge it, says which. Nothing of a history that panicked is looked at afterwards.
pub(crate) fn seeded<T>(
    seed: u64,
    history: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    catch_unwind(AssertUnwindSafe(history))
        .unwrap_or_else(|panic| Err(anyhow!("a panic: {}", said(&*panic))))
        .with_context(|| format!("seed {seed} does not come to its end"))
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref().copied()).unwrap_or("it does not say of what")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan::Plan, run::run_whole};

    fn error(change: impl FnOnce(&mut Plan)) -> String {
        let mut plan = Plan::draw(35).unwrap();
        change(&mut plan);
        format!("{:#}", seeded(35, || run_whole(plan, false)).unwrap_err())
    }

    /// A set-up that is refused, and one that panics because there is nobody to make a group.
    #[test]
    fn a_set_up_that_fails_names_its_seed() {
        let refused = error(|plan| plan.config.limits.group_members_max = 1);
        assert!(refused.starts_with("seed 35 does not come to its end: "), "{refused}");
        assert!(!refused.contains("a panic"), "{refused}");
        let panicked = error(|plan| plan.users = 0);
        assert!(panicked.starts_with("seed 35 does not come to its end: a panic: "), "{panicked}");
        assert!(panicked.contains("index out of bounds"), "{panicked}");
    }
}
