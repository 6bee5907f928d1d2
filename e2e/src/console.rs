//! What a browser's console may say: nothing, but for refusals that the test provokes.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use thirtyfour::BrowserLogEntry;

/// What is said, and called for, to hear whether everything before has been heard: words and calls
/// come from two processes of the browser, in no order with each other.
pub(crate) const LAST_WORD: &str = "that was all";
pub(crate) const LAST_CALL: &str = "/api/v1/that-was-all";

/// Browsers report every answer of 400 and above, whatever the page makes of it.
#[derive(Debug)]
struct Refusal {
    path: String,
    status: u16,
}

impl Refusal {
    fn is(&self, entry: &BrowserLogEntry) -> bool {
        entry.source.as_deref() == Some("network")
            && entry.message.contains(&self.path)
            && entry.message.contains(&format!("status of {}", self.status))
    }
}

/// What was said, and the refusals that the test provokes.
#[derive(Debug, Default)]
pub(crate) struct Console {
    heard: Mutex<Vec<BrowserLogEntry>>,
    expected: Mutex<Vec<Refusal>>,
    network_may_be_lost: AtomicBool,
    any_refusal: AtomicBool,
}

impl Console {
    pub(crate) fn expect(&self, path: &str, status: u16) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.push(Refusal { path: path.to_owned(), status });
    }

    /// The browser has said this.
    pub(crate) fn hear(&self, entry: BrowserLogEntry) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// Takes the last word, and the last call if it was answered, out again, once they are there.
    pub(crate) fn has_heard_all(&self, is_answered: bool) -> bool {
        let is_word = |entry: &BrowserLogEntry| entry.message.ends_with(LAST_WORD);
        let is_call = |entry: &BrowserLogEntry| entry.message.contains(LAST_CALL);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let all = heard.iter().any(is_word) && (!is_answered || heard.iter().any(is_call));
        if all {
            heard.retain(|entry| !is_word(entry) && !is_call(entry));
        }
        all
    }

    /// From now on, calls may find nobody.
    pub(crate) fn expect_lost_network(&self) {
        self.network_may_be_lost.store(true, Ordering::Relaxed);
    }

    /// From now on, any call may be refused for what it asks; none may fail for the server's fault.
    pub(crate) fn expect_any_refusal(&self) {
        self.any_refusal.store(true, Ordering::Relaxed);
    }

    fn is_any_refusal(&self, entry: &BrowserLogEntry) -> bool {
        entry.source.as_deref() == Some("network")
            && entry.message.contains("/api/v1/")
            && entry.message.contains("status of 4")
            && self.any_refusal.load(Ordering::Relaxed)
    }

    fn is_lost_network(&self, entry: &BrowserLogEntry) -> bool {
        let tells = match entry.source.as_deref() {
            Some("network") => {
                entry.message.contains("net::ERR_") || entry.message.contains("NS_ERROR_")
            }
            // Whoever fetches a part of the app says why it did not come.
            Some("console-api") => {
                entry.message.contains("Failed to fetch") || entry.message.contains("NetworkError")
            }
            // Firefox says it of streams.
            Some("javascript") => {
                entry.message.contains("can’t establish a connection to the server")
                    || entry.message.contains("was interrupted while the page was loading")
            }
            _ => false,
        };
        tells && self.network_may_be_lost.load(Ordering::Relaxed)
    }

    /// Whoever fetches a part of the app says once more that it was refused.
    fn is_refused_part(entry: &BrowserLogEntry, expected: &[Refusal]) -> bool {
        entry.source.as_deref() == Some("console-api")
            && entry.message.contains("HTTP status code is not ok")
            && expected.iter().any(|refusal| refusal.path.contains(".wasm"))
    }

    /// The lines that nothing explains.
    pub(crate) fn surprises(&self) -> Vec<String> {
        let expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard
            .iter()
            .filter(|entry| !expected.iter().any(|refusal| refusal.is(entry)))
            .filter(|entry| !self.is_any_refusal(entry) && !self.is_lost_network(entry))
            .filter(|entry| !is_cut_off(entry) && !Self::is_refused_part(entry, &expected))
            .map(|entry| {
                let source = entry.source.as_deref().unwrap_or("?");
                format!("{} {source}: {}", entry.level, entry.message)
            })
            .collect()
    }
}

/// The browser fetches the app's picture beside the page, and says so when that went too soon or
/// the network did. `installed.rs` looks at every picture.
fn is_cut_off(entry: &BrowserLogEntry) -> bool {
    entry.source.as_deref() == Some("other") && entry.message.contains("icon from the Manifest")
}

#[cfg(test)]
mod tests {
    use super::Console;
    use thirtyfour::BrowserLogEntry;

    fn entry(source: &str, message: &str) -> BrowserLogEntry {
        BrowserLogEntry {
            level: "SEVERE".into(),
            message: message.into(),
            timestamp: 0,
            source: Some(source.into()),
        }
    }

    fn surprises(console: &Console, said: BrowserLogEntry) -> usize {
        console.hear(said);
        let found = console.surprises().len();
        console.heard.lock().unwrap().clear();
        found
    }

    #[test]
    fn only_the_provoked_refusal_is_excused() {
        let console = Console::default();
        console.expect("/api/v1/groups/7", 404);
        let line = "http://x/api/v1/groups/7 - Failed to load: status of 404 (Not Found)";
        assert!(surprises(&console, entry("network", line)) == 0);
        for (source, message) in [
            ("javascript", line),
            ("network", "http://x/api/v1/groups/7 - Failed to load: status of 500 ()"),
            ("network", "http://x/api/v1/me - Failed to load: status of 404 (Not Found)"),
            ("security", "Refused to apply inline style"),
        ] {
            assert_eq!(surprises(&console, entry(source, message)), 1, "{message}");
        }
    }

    #[test]
    fn all_is_heard_once_words_and_calls_are() {
        let console = Console::default();
        console.hear(entry("console-api", "http://x/ that was all"));
        assert!(!console.has_heard_all(true), "calls may be missing");
        console.hear(entry("network", "http://x/api/v1/me - status of 500"));
        console.hear(entry("network", "http://x/api/v1/that-was-all - status of 404"));
        assert!(console.has_heard_all(true));
        assert_eq!(console.surprises().len(), 1, "neither of the last two is one");
        assert!(!console.has_heard_all(true), "of the next time");
        console.hear(entry("console-api", "http://x/ that was all"));
        assert!(console.has_heard_all(false), "without a network no call is answered");
    }

    #[test]
    fn a_part_that_is_gone_may_be_said_twice() {
        let line =
            "TypeError: Failed to execute 'compile' on 'WebAssembly': HTTP status code is not ok";
        let console = Console::default();
        assert_eq!(surprises(&console, entry("console-api", line)), 1);
        console.expect("-gone.wasm", 404);
        assert!(surprises(&console, entry("console-api", line)) == 0);
    }

    #[test]
    fn what_the_server_breaks_is_no_refusal() {
        let line =
            |status: u16| format!("http://x/api/v1/me - Failed to load: status of {status} ()");
        let console = Console::default();
        console.expect_any_refusal();
        assert!(surprises(&console, entry("network", &line(422))) == 0);
        assert_eq!(surprises(&console, entry("network", &line(500))), 1);
        assert_eq!(surprises(&console, entry("javascript", &line(422))), 1);
    }

    #[test]
    fn a_lost_network_is_excused_on_request_alone() {
        let line = "http://x/api/v1/me - Failed to load resource: net::ERR_CONNECTION_REFUSED";
        let console = Console::default();
        assert_eq!(surprises(&console, entry("network", line)), 1);
        console.expect_lost_network();
        assert!(surprises(&console, entry("network", line)) == 0);
        assert_eq!(surprises(&console, entry("javascript", line)), 1);
    }
}
