//! What a commit rings, so that nobody has to look again and again (R-MONEY-3).

use hongbao_domain::store::outbox::{Destination, Due};
use std::time::Duration;
use tokio::sync::watch;

/// Tells the workers of one database that a commit has left them something. A ring
/// is never missed, and many rings before a look are one.
#[derive(Debug)]
pub struct Bell {
    rings: Vec<(Destination, watch::Sender<Rings>)>,
}

/// How often it has rung.
#[derive(Clone, Copy, Debug, Default)]
struct Rings {
    all: u64,
    /// For what comes before all that waits.
    first: u64,
}

impl Default for Bell {
    fn default() -> Self {
        let ring = |to| (to, watch::Sender::new(Rings::default()));
        Self { rings: Destination::ALL.into_iter().map(ring).collect() }
    }
}

impl Bell {
    /// Something waits for `destination`. What comes later is found when it is due.
    pub fn ring(&self, destination: Destination, due: Due) {
        let ring = self.rings.iter().find(|(to, _)| *to == destination);
        let Some((_, ring)) = ring.filter(|_| !matches!(due, Due::After(_))) else { return };
        ring.send_modify(|rings| {
            rings.all = rings.all.wrapping_add(1);
            rings.first = rings.first.wrapping_add(u64::from(due == Due::First));
        });
    }

    /// Hears the rings for `destination` from now on, as if it had just rung.
    pub(crate) fn listen(&self, destination: Destination) -> Ear {
        let ring = self.rings.iter().find(|(to, _)| *to == destination);
        let mut rings = ring.expect("there is a ring for every destination").1.subscribe();
        let first = rings.borrow().first;
        rings.mark_changed();
        Ear { rings, first }
    }
}

/// Who listens to a bell.
#[derive(Debug)]
pub(crate) struct Ear {
    rings: watch::Receiver<Rings>,
    /// How often it had rung for what comes first.
    first: u64,
}

/// What was heard for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Nothing,
    Rings,
    /// Something that comes first; the while was not over.
    First,
}

impl Ear {
    /// Waits for a ring.
    pub(crate) async fn ring(&mut self) {
        if self.rings.changed().await.is_err() {
            // It rings no more.
            std::future::pending::<()>().await;
        }
    }

    /// Listens for so long, or until something comes first.
    pub(crate) async fn listen_for(&mut self, time: Duration) -> Heard {
        let (all, first) = (self.rings.borrow().all, self.first);
        let comes_first = self.rings.wait_for(|rings| rings.first != first);
        let comes_first = matches!(tokio::time::timeout(time, comes_first).await, Ok(Ok(_)));
        let rings = *self.rings.borrow_and_update();
        self.first = rings.first;
        match comes_first {
            true => Heard::First,
            false if rings.all != all => Heard::Rings,
            false => Heard::Nothing,
        }
    }
}
