//! How many connections and streams there are, in all and of one address (R-CTRL-6): beyond that
//! the newest is refused at once, so that those who hold many keep nobody else out.

use super::throttle::network;
use hongbao_domain::board::{Board, Place, Rung};
use parking_lot::Mutex;
use std::{collections::BTreeMap, fmt, net::IpAddr, sync::Arc};

/// Counts what is open at a time; a clone counts the same.
#[derive(Clone, Debug)]
pub(super) struct Doors(Arc<Counted>);

#[derive(Debug)]
struct Counted {
    /// In messages, and what the metrics are labelled with.
    what: &'static str,
    in_all: usize,
    per_address: usize,
    board: Arc<Board>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    in_all: usize,
    /// Whoever has none is not listed, so there are never more than are open.
    by_address: BTreeMap<IpAddr, usize>,
}

/// Counted for as long as it is kept.
#[derive(Debug)]
pub(super) struct Visit {
    doors: Doors,
    address: Option<IpAddr>,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    InAll,
    OfAddress(IpAddr),
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InAll => f.write_str("there are as many as there may be"),
            Self::OfAddress(address) => {
                write!(f, "{address} has as many as one address may have")
            }
        }
    }
}

impl Doors {
    /// Nothing is open. However many one address may have, half of all is left to others.
    pub(super) fn new(
        what: &'static str,
        in_all: u32,
        per_address: u32,
        board: &Arc<Board>,
    ) -> Self {
        let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let per_address = size(per_address.min(in_all / 2).max(1));
        let board = Arc::clone(board);
        let open = Mutex::default();
        Self(Arc::new(Counted { what, in_all: size(in_all), per_address, board, open }))
    }

    /// One more; `None` as its address counts in all alone.
    pub(super) fn enter(&self, address: Option<IpAddr>) -> Result<Visit, Full> {
        let Counted { what, in_all, per_address, board, open } = &*self.0;
        let address = address.map(network);
        let mut open = open.lock();
        let full = if open.in_all >= *in_all {
            Some(Full::InAll)
        } else {
            let has = address.and_then(|address| open.by_address.get(&address).copied());
            address.filter(|_| has.unwrap_or(0) >= *per_address).map(Full::OfAddress)
        };
        if let Some(full) = full {
            drop(open);
            metrics::counter!("hongbao_http_refused_total", "what" => *what).increment(1);
            board.enter(Rung::DoorsFull, Place::Node, format_args!("{what}: {full}"));
            return Err(full);
        }
        open.in_all += 1;
        if let Some(address) = address {
            *open.by_address.entry(address).or_default() += 1;
        }
        drop(open);
        metrics::gauge!("hongbao_http_open", "what" => *what).increment(1.0);
        Ok(Visit { doors: self.clone(), address })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let Counted { what, open, .. } = &*self.doors.0;
        metrics::gauge!("hongbao_http_open", "what" => *what).decrement(1.0);
        let mut open = open.lock();
        open.in_all = open.in_all.saturating_sub(1);
        if let Some(address) = self.address
            && let Some(count) = open.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_domain::runtime::SystemClock;

    /// R-CTRL-6: one address leaves half to others, whoever leaves makes room, and proxies count
    /// in all alone.
    #[test]
    fn an_address_leaves_room_to_others() {
        let board = Arc::new(Board::new(Arc::new(SystemClock)));
        let doors = Doors::new("connections", 6, 9, &board);
        let (one, other) = ("1.1.1.1".parse().unwrap(), "2001:db8::1".parse().unwrap());
        let neighbour = "2001:db8::2".parse().unwrap();
        let mut held: Vec<_> = (0..3).map(|_| doors.enter(Some(one)).unwrap()).collect();
        assert_eq!(doors.enter(Some(one)).unwrap_err(), Full::OfAddress(one));
        assert!(board.is_so(Rung::DoorsFull, Place::Node));
        held.extend([Some(other), Some(neighbour), None].map(|from| doors.enter(from).unwrap()));
        assert_eq!(doors.enter(None).unwrap_err(), Full::InAll);
        held.clear();
        assert!(doors.enter(Some(one)).is_ok() && doors.0.open.lock().by_address.is_empty());
    }
}
