//! What does without something on this node, and since when: one board for all of it, which
//! keeps the metric, writes a log line per change, and is shown to administrators (R-CTRL-4).

use crate::runtime::Clock;
use hongbao_shared::{Shard, Site, Timestamp, api::control::Degradation};
use parking_lot::RwLock;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// How long something must not have happened for it to be over. Far longer than from one
/// packet to the next of a node that is used, so that there is a line when it begins and one
/// when it ends, and none between.
const QUIET_FOR: Duration = Duration::from_secs(30);

macro_rules! rungs {
    ($($(#[doc = $doc:literal])+ $rung:ident = $name:literal, $ends:expr, $meaning:literal;)+) => {
        /// A way to be degraded: the rungs of the ladder (R-CTRL-2), in no order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rung {
            $($(#[doc = $doc])+ $rung,)+
        }

        impl Rung {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$rung),+];

            /// Its name in metrics, logs and REST.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$rung => $name),+ }
            }

            /// What it means, and what stands in.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$rung => $meaning),+ }
            }

            /// How it ends.
            pub const fn ends(self) -> End {
                match self { $(Self::$rung => $ends),+ }
            }
        }
    };
}

/// How something that is degraded ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Whoever asks again and again finds that it is over.
    Found,
    /// It has not happened for half a minute.
    Quiet,
    /// An administrator turns the switch.
    Switched,
    /// With the process.
    Restarted,
}

rungs! {
    /// R-SITE-3.
    SiteDown = "site_down", End::Found,
        "No shard of the site answers; new packets go to the other site.";
    /// R-SITE-3.
    ShardDown = "shard_down", End::Found,
        "The shard does not answer; its packets wait, new ones go to others.";
    /// R-STORE-3.
    DatabaseDown = "database_down", End::Found,
        "The database does not answer; whoever needs it hears so at once.";
    /// R-STORE-4, R-CTRL-5.
    StorageRefusesWrites = "storage_refuses_writes", End::Found,
        "The database answers and takes no writes (is its disk full, or read only?); what needs them is refused, the node is not ready, new packets go to other shards.";
    /// R-STORE-4.
    DiskLow = "disk_low", End::Found,
        "The disk of the data folder is nearly full: people can send, post, join and top up no more; what is paid goes on.";
    /// R-STORE-7.
    KeysMissing = "keys_missing", End::Found,
        "Keys that the data needs are gone from their folder and only in the node's memory, until it ends: put them back. If it is the one that seals, nothing is sent and the node is not ready.";
    /// R-CTRL-2.
    SharedCacheDown = "shared_cache_down", End::Found,
        "The site's shared cache does not answer; numbers, new pre-orders and grabs do without it; what was ordered before waits to be paid.";
    /// R-ORDER-2.
    LocalNumbers = "local_numbers", End::Quiet,
        "Order numbers come from the local generator.";
    /// R-SEND-4.
    PreOrdersInDatabase = "preorders_in_database", End::Quiet,
        "Pre-orders are kept in the ledger's database.";
    /// R-CTRL-2.
    GrabsWithoutCache = "grabs_without_cache", End::Quiet,
        "Grabs are answered by the node's memory, then by the databases.";
    /// R-CTRL-2.
    LookupsLimited = "lookups_limited", End::Quiet,
        "Look-ups of packets wait long for their turn at a shard, or are refused.";
    /// R-CACHE-3.
    DefaultProfiles = "default_profiles", End::Quiet,
        "People whom the node does not remember are shown without their names.";
    /// R-CTRL-1.
    SendsLimited = "sends_limited", End::Quiet,
        "The node takes fewer packets than are sent.";
    /// R-CTRL-1, R-OPEN-4.
    OpensLimited = "opens_limited", End::Quiet,
        "The shard's lane is full; opens are refused.";
    /// R-CTRL-6.
    DoorsFull = "doors_full", End::Quiet,
        "Connections or streams are refused: there are as many as there may be, in all or of one address.";
    /// R-API-5.
    WebhooksPaused = "webhooks_paused", End::Found,
        "Webhooks of programs take no new events: too much waits for them, or nothing arrived for days. Nothing else waits for it; the program resumes them.";
    /// R-CTRL-5.
    ClocksDisagree = "clocks_disagree", End::Found,
        "The node's clock and the database's disagree; this node ends no packet of the shard.";
    /// R-CTRL-5.
    ClockWentBack = "clock_went_back", End::Found,
        "The clock shows an earlier day than the shard was written on: it was ahead then, or is behind now. Nothing is blocked; packets that seemed to be over then have been paid back.";
    /// R-STORE-5.
    DaysNotEmptied = "days_not_emptied", End::Found,
        "A day of the shard cannot be moved to cold storage, and its tables are needed again within 20 days.";
    /// R-STORE-5.
    DaysDiffer = "days_differ", End::Found,
        "What a day's tables hold and what cold storage holds of it differ, or cannot be read; nothing of that day is deleted.";
    /// R-CTRL-5.
    NodeEnding = "node_ending", End::Restarted,
        "A task of the node has panicked, or its data folder is gone: it takes nothing new, finishes what it has begun and ends, so that its supervisor starts it again.";
    /// R-MONEY-2.
    CreditDeferred = "credit_deferred", End::Switched,
        "Shares reach the wallets in batches, later.";
    /// R-LIST-2.
    TwoScreenLists = "two_screen_lists", End::Switched,
        "Lists end after two screens.";
    /// R-CTRL-3.
    PacketsOff = "packets_off", End::Switched,
        "Packets can be neither sent nor opened.";
}

/// Where something is degraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Everywhere on this node.
    Node,
    /// At a site.
    Site(Site),
    /// In a shard.
    Shard(Site, Shard),
    /// In a database that there is once.
    Database(&'static str),
    /// In the cold storage of a site.
    Cold(Site),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node => Ok(()),
            Self::Site(site) => write!(f, "{site}"),
            Self::Shard(site, shard) => write!(f, "{site}{shard}"),
            Self::Database(name) => f.write_str(name),
            Self::Cold(site) => write!(f, "cold {site}"),
        }
    }
}

/// All that is degraded now. As many entries at most as there are rungs and places.
#[derive(Debug)]
pub struct Board {
    clock: Arc<dyn Clock>,
    entries: RwLock<BTreeMap<(Rung, Place), Entry>>,
}

#[derive(Debug)]
struct Entry {
    since: Timestamp,
    /// In milliseconds of the clock; moved by whoever meets it, without a lock.
    last_ms: AtomicI64,
}

impl Board {
    /// Nothing is degraded.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, entries: RwLock::default() }
    }

    /// It is so from now on, or still; `why` is for the log.
    pub fn enter(&self, rung: Rung, place: Place, why: impl fmt::Display) {
        let now = self.clock.now();
        if let Some(entry) = self.entries.read().get(&(rung, place)) {
            entry.last_ms.store(now.millis(), Ordering::Relaxed);
            return;
        }
        let mut entries = self.entries.write();
        let mut news = false;
        let entry = entries.entry((rung, place)).or_insert_with(|| {
            news = true;
            Entry { since: now, last_ms: AtomicI64::new(0) }
        });
        entry.last_ms.store(now.millis(), Ordering::Relaxed);
        if news {
            let (name, place_text) = (rung.name(), place.to_string());
            tracing::warn!(name, place = place_text, %why, "degraded: {}", rung.meaning());
            show(rung, place, true);
        }
    }

    /// It is over, if it was so.
    pub fn leave(&self, rung: Rung, place: Place) {
        if self.entries.read().contains_key(&(rung, place))
            && self.entries.write().remove(&(rung, place)).is_some()
        {
            tell_end(rung, place);
        }
    }

    /// It is so, or it is not.
    pub fn set(&self, rung: Rung, place: Place, is_so: bool, why: impl fmt::Display) {
        if is_so {
            self.enter(rung, place, why);
        } else {
            self.leave(rung, place);
        }
    }

    /// Is it so, as far as this node has been told?
    pub fn is_so(&self, rung: Rung, place: Place) -> bool {
        self.entries.read().contains_key(&(rung, place))
    }

    /// Ends what has been quiet for long enough.
    pub fn sweep(&self) {
        let now = self.clock.now();
        let quiet_ms = i64::try_from(QUIET_FOR.as_millis()).unwrap_or(i64::MAX);
        let is_over = |rung: Rung, entry: &Entry| {
            let last = Timestamp::from_millis(entry.last_ms.load(Ordering::Relaxed));
            // Either way: a clock that was set back must not keep it for as long.
            rung.ends() == End::Quiet && now.millis_since(last).saturating_abs() >= quiet_ms
        };
        if !self.entries.read().iter().any(|((rung, _), entry)| is_over(*rung, entry)) {
            return;
        }
        self.entries.write().retain(|(rung, place), entry| {
            let stays = !is_over(*rung, entry);
            if !stays {
                tell_end(*rung, *place);
            }
            stays
        });
    }

    /// What is degraded now.
    pub fn list(&self) -> Vec<Degradation> {
        self.sweep();
        let entries = self.entries.read();
        let one = |((rung, place), entry): (&(Rung, Place), &Entry)| Degradation {
            name: rung.name().to_owned(),
            place: place.to_string(),
            since: entry.since,
        };
        entries.iter().map(one).collect()
    }
}

fn tell_end(rung: Rung, place: Place) {
    tracing::info!(name = rung.name(), place = place.to_string(), "no longer degraded");
    show(rung, place, false);
}

fn show(rung: Rung, place: Place, is_so: bool) {
    let labels = [("name", rung.name().to_owned()), ("place", place.to_string())];
    metrics::gauge!("hongbao_degraded", &labels).set(if is_so { 1.0 } else { 0.0 });
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;
    use std::io;
    use tracing::{Dispatch, subscriber::NoSubscriber};

    #[derive(Debug, Default)]
    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed))
        }
    }

    fn board() -> (Arc<Hands>, Board) {
        let hands = Arc::new(Hands::default());
        (Arc::clone(&hands), Board::new(hands))
    }

    fn names(board: &Board) -> Vec<String> {
        board.list().into_iter().map(|one| format!("{}@{}", one.name, one.place)).collect()
    }

    /// Keeps what is logged.
    #[derive(Clone, Debug, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// R-CTRL-4: a line when it begins, and one when it ends, however often it is met.
    #[test]
    fn there_is_one_line_per_change() {
        // While there is one subscriber alone, `tracing` remembers for all threads what the
        // first of them says of an event, and a test beside this one says no.
        let _second = Dispatch::new(NoSubscriber::new());
        let (hands, board) = board();
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
        tracing::subscriber::with_default(lines.finish(), || {
            for _ in 0..3 {
                board.enter(Rung::LocalNumbers, Place::Site(Site::S), "nobody answers");
            }
            hands.0.store(30_000, Ordering::Relaxed);
            board.sweep();
            board.sweep();
        });
        let text = String::from_utf8(log.0.lock().clone()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].contains("WARN") && lines[0].contains("why=nobody answers"), "{text}");
        assert!(lines[1].contains("INFO") && lines[1].contains("local_numbers"), "{text}");
    }

    /// R-CTRL-4: what somebody watches stays until it is found to be over.
    #[test]
    fn what_is_watched_stays_until_it_is_over() {
        let (hands, board) = board();
        hands.0.store(5, Ordering::Relaxed);
        board.enter(Rung::SharedCacheDown, Place::Site(Site::N), "it is gone");
        hands.0.store(10_000_000, Ordering::Relaxed);
        board.enter(Rung::SharedCacheDown, Place::Site(Site::N), "it is still gone");
        assert_eq!(names(&board), ["shared_cache_down@N"]);
        assert_eq!(board.list()[0].since, Timestamp::from_millis(5));
        board.leave(Rung::SharedCacheDown, Place::Site(Site::S));
        assert_eq!(board.list().len(), 1, "another place");
        board.set(Rung::SharedCacheDown, Place::Site(Site::N), false, "");
        assert!(board.list().is_empty());
    }

    /// R-CTRL-4: what only happens is over when it has not happened for half a minute, also
    /// if the clock is set back meanwhile.
    #[test]
    fn what_happens_is_over_after_a_quiet_while() {
        let (hands, board) = board();
        board.enter(Rung::DefaultProfiles, Place::Node, "");
        hands.0.store(29_999, Ordering::Relaxed);
        board.enter(Rung::DefaultProfiles, Place::Node, "");
        hands.0.store(59_998, Ordering::Relaxed);
        assert_eq!(names(&board), ["default_profiles@"]);
        hands.0.store(59_999, Ordering::Relaxed);
        assert!(board.list().is_empty());
        board.enter(Rung::DefaultProfiles, Place::Node, "");
        hands.0.store(0, Ordering::Relaxed);
        assert!(board.list().is_empty());
    }
}
