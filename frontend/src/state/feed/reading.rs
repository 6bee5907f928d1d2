//! Up to where the reader has read.

use leptos::prelude::{GetUntracked as _, Set as _, WithUntracked as _};

use super::Feed;
use crate::{api, browser, state::groups, tasks, who};

/// What was read is told at most this often.
const READ_MS: u32 = 800;

impl Feed {
    /// Tells what the last moment before leaving has shown.
    pub(super) fn say_goodbye(self) {
        groups::set_reading(None);
        let newest = self.log.try_with_untracked(|log| log.newest().map(|newest| newest.id));
        let told = self.told.try_get_untracked().flatten();
        let at_end = self.at_end.try_get_untracked().unwrap_or(false);
        if let Some(Some(newest)) = newest
            && at_end
            && Some(newest) > told
            && browser::is_visible()
            && who::id().is_some()
        {
            let group = self.group;
            tasks::detach(async move {
                // If it does not arrive, the next visit tells it.
                api::mark_read(group, newest).await.ok();
            });
        }
    }

    /// Tells the server up to where the reader has read, if that is news: the end of
    /// the log is on the screen, and the page is looked at.
    pub(super) fn mark_read(self) {
        let reading = self.at_end.get_untracked() && browser::is_visible();
        groups::set_reading(reading.then_some(self.group));
        let newest = self.log.with_untracked(|log| log.newest().map(|newest| newest.id));
        if !reading || newest <= self.told.get_untracked() || self.telling.get_untracked() {
            return;
        }
        self.telling.set(true);
        self.scope.spawn(async move {
            if let Some(newest) = newest
                && api::mark_read(self.group, newest).await.is_ok()
            {
                self.told.set(Some(newest));
            }
            tasks::sleep_ms(READ_MS).await;
            self.telling.set(false);
            // What was read meanwhile is told by the next tick.
        });
    }
}
