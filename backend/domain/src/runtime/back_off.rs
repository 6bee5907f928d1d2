use std::time::Duration;

/// How long what failed rests before it is tried again: twice as long each time, up to a bound.
#[derive(Clone, Copy, Debug)]
pub struct BackOff {
    /// After the first failure.
    pub first: Duration,
    /// The longest.
    pub max: Duration,
}

impl BackOff {
    /// After so many failures before the one of now.
    pub fn after(self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
        self.first.saturating_mul(doubled).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_a_bound() {
        let back_off = BackOff { first: Duration::from_secs(1), max: Duration::from_hours(1) };
        let after = [0, 1, 2, 11, 12, 31, 32, u32::MAX].map(|failures| back_off.after(failures));
        assert_eq!(after.map(|rest| rest.as_secs()), [1, 2, 4, 2_048, 3_600, 3_600, 3_600, 3_600]);
    }
}
