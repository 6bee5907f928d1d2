//! How a page looks: its language, its theme, and whether it has come to rest.

use super::Browser;
use crate::wait::wait_for;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

impl Browser {
    /// Waits until everything that moves, and is to end, has ended. What is not shown, such as
    /// rows below the screen, moves once it is.
    pub async fn at_rest(&self) -> Result<()> {
        let mut moving = Value::Null;
        let rest = wait_for("the animations to end", async || {
            let script = "return document.getAnimations().filter((animation) =>
                animation.playState === 'running'
                && animation.effect.target.checkVisibility({ contentVisibilityAuto: true })
                && Number.isFinite(animation.effect.getComputedTiming().endTime))
                .map(({ animationName, transitionProperty, effect, currentTime, pending }) =>
                    [animationName ?? transitionProperty, effect.pseudoElement, currentTime,
                        pending, effect.target.className].join(' '));";
            moving = self.script(script).await?;
            Ok((moving == json!([])).then_some(()))
        })
        .await;
        rest.with_context(|| moving.to_string())
    }

    /// The language and the theme of the pages that are loaded from now on.
    pub async fn dress(&self, language: &str, theme: &str) -> Result<()> {
        self.store("hongbao.lang", language).await?;
        self.store("hongbao.theme", theme).await
    }

    /// Shows the page that is open in another theme, and waits until its colours have
    /// come to rest.
    pub async fn set_theme(&self, theme: &str) -> Result<()> {
        self.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await?;
        self.at_rest().await
    }
}
