//! Can everybody use a screen? axe-core looks (R-WEB-5).

use crate::{browser::Browser, paths};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

/// Runs axe with all its rules, and makes a line of each element that breaks one.
const SCRIPT: &str = "
    const done = arguments[arguments.length - 1];
    const options = { resultTypes: ['violations'] };
    if (arguments[0]) options.runOnly = { type: 'rule', values: arguments[0] };
    axe.run(document, options).then((results) => {
        done(results.violations.flatMap((rule) => rule.nodes.map((node) =>
            `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary.replace(/\\s+/g, ' ')}`)));
    }, (error) => done([String(error)]));";

/// Nothing on this screen bars anybody: no violation of any rule, once what moves has
/// come to rest.
pub async fn assert_accessible(browser: &Browser, screen: &str) -> Result<()> {
    assert_rules(browser, screen, &[]).await
}

/// [`assert_accessible`] for the rules about colours alone: all that another theme can
/// break.
pub async fn assert_contrast(browser: &Browser, screen: &str) -> Result<()> {
    assert_rules(browser, screen, &["color-contrast", "link-in-text-block"]).await
}

async fn assert_rules(browser: &Browser, screen: &str, rules: &[&str]) -> Result<()> {
    let rules = if rules.is_empty() { json!(null) } else { json!(rules) };
    let path = paths::axe();
    let axe = std::fs::read_to_string(&path)
        .with_context(|| format!("{} is missing: `cargo xtask test` fetches it", path.display()))?;
    browser.at_rest().await?;
    browser.script(&format!("if (!window.axe) {{ {axe} }}")).await.context("loading axe")?;
    let lines = browser.ask(SCRIPT, vec![rules]).await?;
    let lines: Vec<String> = serde_json::from_value(lines)?;
    ensure!(lines.is_empty(), "{screen} bars somebody:\n{}", lines.join("\n"));
    Ok(())
}
