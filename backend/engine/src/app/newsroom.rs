//! Hears what other nodes tell, and has those know who keep it in memory.

use crate::{
    accounts::Accounts,
    groups::Groups,
    news::{Bulletin, News},
};
use futures::StreamExt;
use hongbao_domain::cache::SharedTier;
use hongbao_shared::Site;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

const RECONNECT_PAUSE: Duration = Duration::from_millis(250);

/// Hears what happens on other nodes.
#[derive(Debug)]
pub(super) struct Newsroom {
    /// What sessions and profiles are kept in memory.
    pub(super) accounts: Arc<Accounts>,
    /// What memberships are, and who listens.
    pub(super) groups: Arc<Groups>,
    /// Where news come from.
    pub(super) shared: Arc<dyn SharedTier>,
    /// The site whose cache this node listens to.
    pub(super) home: Site,
    /// This node's own number.
    pub(super) node: u64,
}

impl Newsroom {
    /// Listens until `stop`, or for ever where no other nodes are. After each gap
    /// everything counts as news.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut connected = None;
        loop {
            match self.shared.subscribe(self.home).await {
                Ok(None) => return,
                Ok(Some(mut bulletins)) => {
                    self.turned(&mut connected, true);
                    self.hear(News::Everything).await;
                    loop {
                        let bulletin = tokio::select! {
                            biased;
                            () = stop.cancelled() => return,
                            bulletin = bulletins.next() => bulletin,
                        };
                        let Some(bulletin) = bulletin else { break };
                        self.read(&bulletin).await;
                    }
                }
                Err(error) => tracing::debug!(%error, "news of other nodes cannot be heard"),
            }
            self.turned(&mut connected, false);
            if stop.run_until_cancelled(tokio::time::sleep(RECONNECT_PAUSE)).await.is_none() {
                return;
            }
        }
    }

    fn turned(&self, connected: &mut Option<bool>, is: bool) {
        if connected.replace(is) == Some(is) {
            return;
        }
        metrics::gauge!("hongbao_news_heard").set(if is { 1.0 } else { 0.0 });
        if is {
            tracing::info!(site = %self.home, "news of other nodes are heard");
        } else {
            tracing::warn!(site = %self.home, "news of other nodes are not heard: they come late");
        }
    }

    async fn read(&self, bulletin: &[u8]) {
        match serde_json::from_slice::<Bulletin>(bulletin) {
            Ok(bulletin) if bulletin.node == self.node => {}
            Ok(bulletin) => {
                for news in bulletin.news {
                    self.hear(news).await;
                }
            }
            // Of another version of this program, which knows more that can happen.
            Err(error) => {
                tracing::debug!(%error, "news that cannot be read");
                self.hear(News::Everything).await;
            }
        }
    }

    async fn hear(&self, news: News) {
        match news {
            News::Grown(group, newest) => self.groups.heard_grown(group, newest).await,
            News::Joined(group, user) => self.groups.heard_joined(group, user),
            News::Left(group, user) => self.groups.has_left(group, user),
            News::Read(group, user) => self.groups.wakes().hint_reader(user, group),
            News::Profile(user) => self.accounts.heard_profile(user),
            News::Session(token_hash) => self.accounts.heard_session(token_hash),
            News::Everything => {
                self.accounts.heard_anything();
                self.groups.heard_anything();
            }
        }
    }
}
