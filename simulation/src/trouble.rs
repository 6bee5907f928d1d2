//! What is broken, for which node, and since when: a call that touches nothing broken is not
//! refused (R-CTRL-6).

use hongbao_shared::{ErrorCode, OrderNo, Shard, Site};
use parking_lot::Mutex;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// What was broken may be felt for so long: a batch that waits its turn again, a client of a
/// lane that is about to answer.
const GRACE: Duration = Duration::from_secs(2);

/// A database, as one node reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    Shard(Site, Shard),
    /// One packet in its shard.
    Packet(OrderNo),
    Cold(Site),
    Ledger,
    People,
    Lists,
    /// Which calls do without, unless what they ask for stands nowhere else.
    Cache,
}

/// What a call needs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Needs {
    /// All that there is of a packet.
    Packet(OrderNo),
    /// Likewise, and its pre-order, which stands in the cache until it is paid (R-SEND-1).
    Payment(OrderNo),
    /// Likewise, but for its money, which moves later: whoever grabs or opens waits for no ledger
    /// (R-MONEY-2).
    Share(OrderNo),
    /// Numbers, and who is in a group.
    Number,
    /// A wallet, with what is on its way.
    Wallet,
    /// A list, with the names of people.
    List,
}

impl Needs {
    fn places(self) -> Vec<Place> {
        match self {
            Self::Packet(order_no) => {
                [Self::Share(order_no).places(), vec![Place::Ledger]].concat()
            }
            Self::Payment(order_no) => {
                [Self::Packet(order_no).places(), vec![Place::Cache]].concat()
            }
            Self::Share(order_no) => vec![
                Place::Shard(order_no.site(), order_no.shard()),
                Place::Packet(order_no),
                Place::Cold(order_no.site()),
                Place::People,
            ],
            Self::Number => vec![Place::Ledger, Place::People],
            Self::Wallet => vec![Place::Ledger, Place::Lists],
            Self::List => vec![Place::Lists, Place::People],
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// It is over some time: 503.
    Passing,
    /// No waiting helps, as far as anybody can tell: 500.
    Final,
}

/// The troubles of one process.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    /// Until when a place was in trouble last.
    places: Mutex<BTreeMap<(How, Place), Instant>>,
    /// Until when the whole process was.
    whole: Mutex<Option<Instant>>,
}

impl Troubles {
    /// A place is, or was, broken until then.
    pub(crate) fn note(&self, place: Place, how: How, until: Instant) {
        let mut places = self.places.lock();
        let last = places.entry((how, place)).or_insert(until);
        *last = until.max(*last);
    }

    /// Nothing of this process counts until then.
    pub(crate) fn note_whole(&self, until: Instant) {
        let mut whole = self.whole.lock();
        *whole = (*whole).max(Some(until));
    }

    /// May a call that began then be refused with this code?
    pub(crate) fn excuse(&self, code: ErrorCode, needs: Needs, began: Instant) -> bool {
        let how = match (code, code.status()) {
            // Somebody has turned the switch; and whoever comes when a queue is full is to come
            // again (R-OPEN-4).
            (ErrorCode::PacketsOff | ErrorCode::LaneFull, _) => return true,
            (_, 503) => How::Passing,
            (_, 500) => How::Final,
            _ => return true,
        };
        let lately = |until: &Instant| *until + GRACE >= began;
        if how == How::Passing && self.whole.lock().as_ref().is_some_and(lately) {
            return true;
        }
        let places = self.places.lock();
        let broken = |place| {
            let worst = places.get(&(How::Final, place)).is_some_and(lately);
            worst || how == How::Passing && places.get(&(how, place)).is_some_and(lately)
        };
        needs.places().into_iter().any(broken)
    }
}
