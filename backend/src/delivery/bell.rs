use crate::store::outbox::Destination;
use tokio::sync::watch;

/// Tells the workers of one database that a commit has left them something. A ring
/// is never missed, and many rings before a look are one.
#[derive(Debug)]
pub struct Bell {
    rings: Vec<(Destination, watch::Sender<u64>)>,
}

impl Default for Bell {
    fn default() -> Self {
        Self { rings: Destination::ALL.into_iter().map(|to| (to, watch::Sender::new(0))).collect() }
    }
}

impl Bell {
    /// Something waits for `destination`.
    pub fn ring(&self, destination: Destination) {
        if let Some((_, ring)) = self.rings.iter().find(|(to, _)| *to == destination) {
            ring.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Hears the rings for `destination` from now on.
    pub(super) fn listen(&self, destination: Destination) -> watch::Receiver<u64> {
        let ring = self.rings.iter().find(|(to, _)| *to == destination);
        ring.expect("there is a ring for every destination").1.subscribe()
    }
}
