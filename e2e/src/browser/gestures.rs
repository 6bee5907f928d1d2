//! Gestures as hands make them: by the browser's own input, wherever they land.

use super::Browser;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::time::Duration;

impl Browser {
    /// Waits until whatever has just appeared takes gestures.
    pub async fn settled(&self) -> Result<()> {
        self.find_css("body:not(:has([data-settling]))").await.map(|_| ())
    }

    /// Taps the place where this test id is, and the same place again after `gap`,
    /// whatever stands there by then.
    pub async fn tap_twice(&self, id: &str, gap: Duration) -> Result<()> {
        self.find(id).await?.scroll_into_view().await?;
        self.settled().await?;
        self.at_rest().await?;
        let script = format!(
            "const box = document.querySelector(\"[data-testid='{id}']\").getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];"
        );
        let (x, y) = serde_json::from_value(self.script(&script).await?).context("a place")?;
        self.tap_at(x, y).await?;
        // Not to wait for anything: this is how quick the hand is.
        tokio::time::sleep(gap).await;
        self.tap_at(x, y).await
    }

    /// Taps a place of the window, in CSS pixels, whatever is there.
    pub async fn tap_at(&self, x: f64, y: f64) -> Result<()> {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.driver.cdp().send_raw("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Moves the mouse to a place of the window and presses it there.
    pub async fn click_at(&self, x: f64, y: f64) -> Result<()> {
        let there = json!({"type": "mouseMoved", "x": x, "y": y});
        self.driver.cdp().send_raw("Input.dispatchMouseEvent", there).await?;
        self.tap_at(x, y).await
    }

    /// Types where the focus is, as an input method does: all at once.
    pub async fn insert(&self, text: &str) -> Result<()> {
        let text = json!({"text": text});
        self.driver.cdp().send_raw("Input.insertText", text).await?;
        Ok(())
    }

    /// Types where the focus is what an input method is still making something of.
    pub async fn compose(&self, text: &str) -> Result<()> {
        let end = text.chars().count();
        let text = json!({"text": text, "selectionStart": end, "selectionEnd": end});
        self.driver.cdp().send_raw("Input.imeSetComposition", text).await?;
        Ok(())
    }

    /// Holds Enter where the focus is, until the keyboard has repeated it so often.
    pub async fn hold_enter(&self, repeats: usize) -> Result<()> {
        let enter = |kind: &str, repeats: bool| {
            json!({
                "type": kind, "key": "Enter", "code": "Enter", "text": "\r",
                "windowsVirtualKeyCode": 13, "autoRepeat": repeats,
            })
        };
        self.settled().await?;
        let cdp = self.driver.cdp();
        for time in 0..=repeats {
            cdp.send_raw("Input.dispatchKeyEvent", enter("keyDown", time > 0)).await?;
        }
        cdp.send_raw("Input.dispatchKeyEvent", enter("keyUp", false)).await?;
        Ok(())
    }
}
