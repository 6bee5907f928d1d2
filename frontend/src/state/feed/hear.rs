//! What the stream of a group tells.

use futures::future::LocalBoxFuture;
use hongbao_shared::{
    ErrorCode,
    api::{
        groups::{Message, MessageBody},
        live,
    },
};
use leptos::prelude::{
    GetUntracked as _, Set as _, Update as _, UpdateUntracked as _, WithUntracked as _,
};
use serde::de::DeserializeOwned;

use super::{Feed, PAUSE_MS, PAUSE_MS_MAX};
use crate::{
    api::{self, Failure},
    browser,
    state::{
        groups,
        log::{ENTRIES_MAX, Log},
        outbox,
        stream::{Listener, News},
    },
    tasks, who,
};

impl Feed {
    fn hear_entry(self, message: Message) {
        let moved = matches!(
            message.body,
            MessageBody::Created
                | MessageBody::Joined
                | MessageBody::Left
                | MessageBody::Removed { .. }
        );
        if let MessageBody::Text { text } = &message.body
            && who::is_me(message.user.id)
        {
            outbox::told(self.group, text);
        }
        let at_end = self.at_end.get_untracked();
        let new = self.log.try_update(|log| {
            if !at_end {
                log.hold();
            }
            log.add(message)
        });
        if new == Some(true) {
            if !at_end {
                self.behind.set(true);
            }
            // The list shows faces and numbers of this group too, and what nobody has looked at.
            if moved || !browser::is_visible() {
                groups::news();
            }
            if moved {
                self.roster.update(|count| *count = count.wrapping_add(1));
            }
            self.draw();
        }
        if at_end && self.log.with_untracked(|log| log.len() > ENTRIES_MAX) {
            self.start_again();
        }
    }

    /// Forgets the log and reads its newest page. Tries until it is there: the stream
    /// does not tell again what was left out.
    fn start_again(self) {
        // Told again meanwhile: then what is on its way may be too old.
        self.restarts.update_untracked(|restarts| *restarts = restarts.saturating_add(1));
        if self.restarts.get_untracked() > 1 {
            return;
        }
        self.scope.spawn(async move {
            self.page_starts();
            let mut pause_ms = PAUSE_MS;
            // What is shown stays until there is something to show in its place.
            let page = loop {
                let wanted = self.restarts.get_untracked();
                match api::messages(self.group, None).await {
                    Ok(_) if self.restarts.get_untracked() != wanted => {}
                    Ok(page) => break Some(page),
                    Err(failure) if failure.is_passing() => {
                        tasks::sleep_ms(pause_ms).await;
                        pause_ms = pause_ms.saturating_mul(2).min(PAUSE_MS_MAX);
                    }
                    // The stream ends for the same reason.
                    Err(_) => break None,
                }
            };
            if let Some(page) = page {
                self.log.update(|log| {
                    log.restart();
                    log.add_newest(page);
                });
            }
            self.page_ended();
            self.restarts.update_untracked(|restarts| *restarts = 0);
            self.roster.update(|count| *count = count.wrapping_add(1));
            self.draw();
        });
    }
}

fn parse<T: DeserializeOwned>(data: &str) -> Option<T> {
    serde_json::from_str(data).ok()
}

impl Listener for Feed {
    fn path(&self) -> String {
        let after = self.log.with_untracked(Log::seen);
        format!("/groups/{}/events?after={after}", self.group)
    }

    fn hear(&self, news: News) -> Result<(), Failure> {
        match news.name.as_str() {
            live::MESSAGE => {
                if let Some(message) = parse(&news.data) {
                    self.hear_entry(message);
                }
            }
            live::PACKET => {
                if let Some(change) = parse(&news.data) {
                    self.change(change);
                }
            }
            live::GROUPS => groups::news(),
            live::RESET => self.start_again(),
            live::GONE => {
                let code = ErrorCode::GroupNotFound;
                return Err(Failure::Refused { code, retry_after_s: None });
            }
            _ => {}
        }
        if let Some(id) = news.id {
            self.log.update_untracked(|log| log.saw(id));
        }
        Ok(())
    }

    fn opened(&self) {
        groups::news();
        outbox::go_on(self.group);
    }

    fn tick(&self) {
        self.mark_read();
    }

    fn check(&self) -> LocalBoxFuture<'static, Result<(), Failure>> {
        // Not only asks: while streams are not to be had, this is how news arrive.
        Box::pin(self.read_newest())
    }
}
