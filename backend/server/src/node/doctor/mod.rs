//! What is wrong with a node's configuration and with what it stands on, in sentences: looked
//! at from outside of any server, and beside one. Nothing is made or changed.

mod fleet;
mod folder;
mod machine;

use hongbao_config::Config;
use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// As it should be.
    Fine,
    /// It serves, and somebody should know.
    Doubtful,
    /// It does not serve, or not for long.
    Wrong,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What was looked at, in a few words.
    pub about: String,
    /// What was found, and what to do where there is something to do.
    pub sentence: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, about, sentence } = self;
        let mark = match severity {
            Severity::Fine => "ok     ",
            Severity::Doubtful => "warning",
            Severity::Wrong => "WRONG  ",
        };
        write!(f, "{mark}  {about}: {sentence}")
    }
}

/// Everything that was looked at, in that order.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, severity: Severity, about: impl fmt::Display, sentence: impl fmt::Display) {
        let (about, sentence) = (about.to_string(), sentence.to_string());
        self.0.push(Finding { severity, about, sentence });
    }

    fn fine(&mut self, about: impl fmt::Display, sentence: impl fmt::Display) {
        self.add(Severity::Fine, about, sentence);
    }

    fn doubtful(&mut self, about: impl fmt::Display, sentence: impl fmt::Display) {
        self.add(Severity::Doubtful, about, sentence);
    }

    fn wrong(&mut self, about: impl fmt::Display, sentence: impl fmt::Display) {
        self.add(Severity::Wrong, about, sentence);
    }
}

/// Looks at everything that this configuration names.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = Findings::default();
    machine::settings(config, &mut findings);
    machine::open_files(config, &mut findings);
    machine::port(config, &mut findings).await;
    match &config.fleet {
        None => folder::examine(config, &mut findings).await,
        Some(fleet) => fleet::examine(config, fleet, &mut findings).await,
    }
    findings.0
}
