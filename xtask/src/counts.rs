//! Adds up what several test tools report, so that `cargo xtask test` ends with one line for all.

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Counts {
    /// Reads a summary line of libtest or wasm-bindgen-test (`test result: ok. 3 passed; 0 failed; …`)
    /// or of Node (`# pass 3`, `# fail 0`). Any other line changes nothing.
    pub(crate) fn read_line(&mut self, line: &str) {
        let line = line.trim();
        if let Some((_, summary)) =
            line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        {
            for part in summary.split(';') {
                match part.trim().split_once(' ') {
                    Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                    Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                    _ => {}
                }
            }
        } else if let Some(number) = line.strip_prefix("# pass ") {
            self.passed += number.parse().unwrap_or(0);
        } else if let Some(number) = line.strip_prefix("# fail ") {
            self.failed += number.parse().unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn adds_up_the_summaries_of_all_tools() {
        let mut counts = Counts::default();
        for line in [
            "running 5 tests",
            "test split::tests::sum ... ok",
            "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.1s",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 filtered out; finished in 0.05s",
            "# tests 9",
            "# pass 8",
            "# fail 1",
        ] {
            counts.read_line(line);
        }
        assert_eq!(counts, Counts { passed: 14, failed: 4 });
    }
}
