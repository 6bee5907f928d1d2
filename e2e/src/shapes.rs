//! Does a screen fit?

use crate::browser::Browser;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// Looks for anything wider than the screen: the page itself, and every visible element
/// that sticks out of the window without one of its ancestors scrolling or clipping it;
/// and for buttons and links that what they say sticks out of.
const SCRIPT: &str = "
    const wide = [];
    const root = document.documentElement;
    if (root.scrollWidth > innerWidth) wide.push(`the page: ${root.scrollWidth} px`);
    const clips = (element) => {
        for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
            const style = getComputedStyle(at);
            if (style.overflowX !== 'visible' && at.getBoundingClientRect().right <= innerWidth + 1) {
                return true;
            }
        }
        return false;
    };
    for (const element of document.querySelectorAll('body *')) {
        if (!element.checkVisibility() || element.closest('.sr-only, .skip')) continue;
        const box = element.getBoundingClientRect();
        if (box.width === 0) continue;
        const name = `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''}`;
        if ((box.right > innerWidth + 1 || box.left < -1) && !clips(element)) {
            wide.push(`${name}: ${Math.round(box.left)}..${Math.round(box.right)}`);
        }
        const inline = getComputedStyle(element).display === 'inline';
        if (element.matches('button, a') && !inline && element.scrollHeight > element.clientHeight + 1) {
            wide.push(`${name} spills: ${element.scrollHeight} > ${element.clientHeight}`);
        }
        const scrolls = ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
        if (scrolls && element.scrollWidth > element.clientWidth + 1) {
            wide.push(`${name} scrolls sideways: ${element.scrollWidth} > ${element.clientWidth}`);
        }
    }
    return wide;";

/// Nothing on this screen is wider than the window (R-WEB-5).
pub async fn assert_fits(browser: &Browser, screen: &str) -> Result<()> {
    let wide: Value = browser.script(SCRIPT).await?;
    ensure!(wide == json!([]), "{screen} is too wide: {wide}");
    Ok(())
}
