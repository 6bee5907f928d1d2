use super::{Bulletin, News};
use hongbao_domain::cache::SharedTier;
use hongbao_shared::{GroupId, MessageId, Site};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// News that wait to be sent; beyond this others are told that they missed something.
const WAITING_MAX: usize = 10_000;
/// News in one message.
const BULLETIN_MAX: usize = 256;
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Takes news to other nodes; as long as nobody has asked for them, to nobody.
#[derive(Debug, Default)]
pub struct Herald {
    out: OnceLock<mpsc::Sender<News>>,
    overflown: AtomicBool,
}

impl Herald {
    /// Tells other nodes, without waiting.
    pub fn tell(&self, news: News) {
        let Some(out) = self.out.get() else { return };
        if out.try_send(news).is_err() {
            self.overflown.store(true, Ordering::SeqCst);
        }
    }
}

/// Sends what a [`Herald`] is told.
#[derive(Debug)]
pub struct Publisher {
    herald: Arc<Herald>,
    shared: Arc<dyn SharedTier>,
    node: u64,
    news: mpsc::Receiver<News>,
    /// Sites that missed something.
    behind: BTreeSet<Site>,
}

impl Publisher {
    /// Sends through `shared` from now on what `herald` is told; `node` is another number on
    /// every node. `None` if something else does so already.
    pub fn new(herald: &Arc<Herald>, shared: Arc<dyn SharedTier>, node: u64) -> Option<Self> {
        let (out, news) = mpsc::channel(WAITING_MAX);
        herald.out.set(out).ok()?;
        Some(Self { herald: Arc::clone(herald), shared, node, news, behind: BTreeSet::new() })
    }

    /// Sends until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut news = Vec::with_capacity(BULLETIN_MAX);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = self.news.recv_many(&mut news, BULLETIN_MAX) => {}
                () = tokio::time::sleep(RETRY_PAUSE), if !self.behind.is_empty() => {}
            }
            if self.herald.overflown.swap(false, Ordering::SeqCst) {
                self.behind.extend(Site::ALL);
            }
            self.send(condensed(std::mem::take(&mut news))).await;
        }
    }

    /// Every site hears of it, since every node listens to one. Whoever could not be told
    /// hears later that there was something.
    async fn send(&mut self, news: Vec<News>) {
        for site in Site::ALL {
            let mut news = news.clone();
            if self.behind.contains(&site) {
                news.push(News::Everything);
            }
            if news.is_empty() {
                continue;
            }
            let bulletin = serde_json::to_string(&Bulletin { node: self.node, news })
                .expect("plain enums have a JSON form");
            match self.shared.publish(site, &bulletin).await {
                Ok(()) => self.behind.remove(&site),
                Err(error) => {
                    tracing::debug!(%error, "other nodes do not hear of what happens");
                    self.behind.insert(site)
                }
            };
        }
    }
}

/// Of each log only the newest entry.
fn condensed(news: Vec<News>) -> Vec<News> {
    let mut grown: BTreeMap<GroupId, MessageId> = BTreeMap::new();
    let mut others = Vec::new();
    for one in news {
        match one {
            News::Grown(group, newest) => {
                let known = grown.entry(group).or_insert(newest);
                *known = newest.max(*known);
            }
            other => others.push(other),
        }
    }
    // What others forget comes first, so that whoever is woken reads what is true.
    others.extend(grown.into_iter().map(|(group, newest)| News::Grown(group, newest)));
    others
}
