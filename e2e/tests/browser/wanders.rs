//! A robot that wanders: it taps and types at random, goes back, loads anew, loses the network
//! and changes the language. The app never panics, its console says nothing, and there is always
//! something to tap (R-WEB-9).
//!
//! Which way it goes follows from its seed, but for what the demo members and the clock do.
//! `ROBOT_SEED` and `ROBOT_S` (seconds) say another seed and another time.

use crate::steps::come_in;
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Browser, Form, Stage, play_with, wait_for};
use std::{
    collections::VecDeque,
    env,
    time::{Duration, Instant},
};

const WANDERS_S: u64 = 120;
/// The same way each time, so that what fails was changed; by hand it takes another.
const SEED: u64 = 20_260_217;
/// Steps that a failure tells of.
const TOLD: usize = 40;
/// Steps without network at the most.
const OFFLINE_MAX: u64 = 8;

/// Everything on top that takes a tap, in the order of the page.
const TAPPABLE: &str = "
    const open = [...document.querySelectorAll('dialog[open]')].pop() ?? document.body;
    const all = [...open.querySelectorAll('a[href], button, label, summary, input, textarea, select')]
        .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
            && one.target !== '_blank' && !one.matches(':disabled, [aria-disabled=true], .skip')
            && one.getBoundingClientRect().width > 0);";

/// What there is to type; some of it fits the field that it comes to.
const WORDS: [&str; 10] = [
    "6.66",
    "1",
    "3",
    "0",
    "88,88",
    "Robot",
    "恭喜发财",
    "lantern-festival",
    "👨‍👩‍👧‍👦 \u{202e}x",
    "9999999999",
];

/// Splitmix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = self.0;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (drawn ^ (drawn >> 31)) % end
    }
}

struct Robot<'a> {
    stage: &'a Stage,
    browser: Browser,
    chance: Chance,
    /// Steps until the network comes back.
    offline: u64,
    steps: u64,
    told: VecDeque<String>,
}

#[test]
#[expect(clippy::print_stdout, reason = "the seed is to be seen")]
fn a_robot_that_wanders_finds_no_dead_end() -> Result<()> {
    let number = |name: &str| env::var(name).ok().and_then(|value| value.parse().ok());
    let seed = number("ROBOT_SEED").unwrap_or(SEED);
    let wanders = Duration::from_secs(number("ROBOT_S").unwrap_or(WANDERS_S));
    let settings = [("HONGBAO_LIMITS_DEMO", "true"), ("HONGBAO_LIMITS_WELCOME_GRANT_FEN", "20000")];
    play_with("wanders", &settings, async |stage: &Stage| {
        let browser = stage.calm_browser(Form::Phone).await?;
        browser.expect_any_refusal();
        let mut robot = Robot {
            stage,
            browser,
            chance: Chance(seed),
            offline: 0,
            steps: 0,
            told: VecDeque::new(),
        };
        let outcome = robot.wander(wanders).await;
        let told: Vec<String> = robot.told.into();
        println!("seed {seed}: {} steps", robot.steps);
        outcome.with_context(|| format!("ROBOT_SEED={seed}, at last:\n{}", told.join("\n")))
    })
}

impl Robot<'_> {
    async fn wander(&mut self, wanders: Duration) -> Result<()> {
        self.browser.goto("/").await?;
        come_in(&self.browser, "Robot").await?;
        self.browser.find("chat").await?;
        let start = Instant::now();
        while start.elapsed() < wanders {
            self.step().await?;
            self.steps += 1;
            self.is_no_dead_end().await?;
        }
        self.network(false).await?;
        self.browser.goto("/").await?;
        self.is_no_dead_end().await
    }

    async fn step(&mut self) -> Result<()> {
        if self.offline > 0 {
            self.offline -= 1;
            if self.offline == 0 {
                self.network(false).await?;
            }
        }
        match self.chance.below(100) {
            0..50 => self.tap().await,
            50..64 => self.types().await,
            64..79 => self.goes("back", "history.back()").await,
            79..85 => self.goes("forward", "history.forward()").await,
            85..89 if self.offline == 0 => {
                // The page goes while it is asked to.
                self.tell("loads anew");
                self.browser.script("setTimeout(() => location.reload(), 0)").await.map(|_| ())
            }
            89..96 => {
                self.offline = 1 + self.chance.below(OFFLINE_MAX);
                self.network(true).await
            }
            96.. => {
                let language = ["zh-CN", "en"][usize::from(self.chance.below(2) == 1)];
                self.tell(&format!("will read {language}"));
                // It may be on the empty page before the first, which keeps nothing.
                let keep = format!(
                    "try {{ localStorage.setItem('hongbao.lang', '{language}') }} catch {{}}"
                );
                self.browser.script(&keep).await.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    async fn network(&mut self, lost: bool) -> Result<()> {
        self.tell(if lost { "has no network" } else { "has a network" });
        self.browser.set_offline(lost).await
    }

    /// Taps anything, wherever it stands.
    async fn tap(&mut self) -> Result<()> {
        let drawn = self.chance.below(1 << 32);
        let script = format!(
            "{TAPPABLE}
            const one = all[{drawn} % all.length];
            if (!one) return null;
            one.scrollIntoView({{ block: 'center', behavior: 'instant' }});
            const box = one.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2,
                one.dataset.testid ?? (one.innerText || one.outerHTML).trim().slice(0, 60)];"
        );
        let found = self.browser.script(&script).await?;
        let Some((x, y, what)) = serde_json::from_value::<Option<(f64, f64, String)>>(found)?
        else {
            return Ok(());
        };
        self.tell(&format!("taps {what}"));
        self.browser.tap_at(x, y).await
    }

    /// Types into any field, and presses Enter there at times.
    async fn types(&mut self) -> Result<()> {
        let drawn = self.chance.below(1 << 32);
        let word = usize::try_from(self.chance.below(u64::try_from(WORDS.len())?))?;
        let script = format!(
            "{TAPPABLE}
            const fields = all.filter((one) => one.matches('input:not([type=radio]), textarea, select'));
            const one = fields[{drawn} % fields.length];
            if (!one) return null;
            if (one.matches('select')) {{
                one.selectedIndex = {drawn} % one.options.length;
                one.dispatchEvent(new Event('change', {{ bubbles: true }}));
            }} else {{
                one.focus();
                one.select();
            }}
            return one.dataset.testid ?? one.tagName;"
        );
        let found = self.browser.script(&script).await?;
        let Some(field) = found.as_str() else { return Ok(()) };
        let word = WORDS[word];
        self.tell(&format!("types {word} into {field}"));
        if field == "send-recipient" {
            return Ok(());
        }
        self.browser.insert(word).await?;
        if self.chance.below(4) == 0 {
            self.tell("presses Enter");
            self.browser.hold_enter(0).await?;
        }
        Ok(())
    }

    async fn goes(&mut self, whither: &str, script: &str) -> Result<()> {
        self.tell(&format!("goes {whither}"));
        self.browser.script(script).await?;
        Ok(())
    }

    /// Whatever has happened, the app lives, and there is something to tap.
    async fn is_no_dead_end(&mut self) -> Result<()> {
        let url = self.stage.url().to_owned();
        let browser = &self.browser;
        let script = format!(
            "{TAPPABLE}
            const broken = document.getElementById('broken');
            return [location.href.startsWith('{url}') && !location.pathname.includes('.'),
                !!broken && !broken.hidden, all.length];"
        );
        let outside = wait_for("something to tap", async || {
            let seen = browser.script(&script).await?;
            let (inside, broken, count): (bool, bool, u64) = serde_json::from_value(seen)?;
            ensure!(!broken, "the app has panicked");
            Ok((!inside || count > 0).then_some(!inside))
        })
        .await;
        let outside = match outside {
            Ok(outside) => outside,
            Err(error) => {
                let page = "return [location.href, document.body.innerText]";
                let page = browser.script(page).await.unwrap_or_default();
                return Err(error.context(page.to_string()));
            }
        };
        if outside {
            // Before the first page of the app.
            self.network(false).await?;
            self.offline = 0;
            self.browser.goto("/").await?;
        }
        Ok(())
    }

    fn tell(&mut self, what: &str) {
        if self.told.len() == TOLD {
            self.told.pop_front();
        }
        self.told.push_back(format!("{}: {what}", self.steps));
    }
}
