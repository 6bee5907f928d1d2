use hongbao_domain::store::orders::{ClaimRow, PacketRow, Progress, StoredState};
use hongbao_shared::UserId;
use parking_lot::RwLock;
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// How long an open packet may answer from a node's memory after it was last known to be
/// complete, where other nodes can change it too.
const CURRENT_FOR: Duration = Duration::from_millis(200);

/// A packet in this node's memory: its key fields, and everything that has been
/// committed about it. The lane writes it after a commit; everyone else reads.
#[derive(Debug)]
pub struct PacketEntry {
    facts: PacketRow,
    live: RwLock<Live>,
}

/// The part of a packet that changes. Only committed facts stand here.
#[derive(Debug)]
pub struct Live {
    progress: Progress,
    claims: Vec<ClaimRow>,
    /// Where each user's claim stands in `claims`; looked up, never iterated.
    by_user: HashMap<UserId, usize>,
    best_luck: Option<u32>,
    /// When this was last known to be all that had been committed.
    confirmed: Instant,
}

impl PacketEntry {
    /// A packet with its claims, which must be complete and in order.
    pub fn new(packet: PacketRow, claims: &[ClaimRow]) -> Self {
        let room = packet.room();
        let mut live = Live {
            progress: Progress::NONE,
            claims: Vec::with_capacity(room),
            by_user: HashMap::with_capacity(room),
            best_luck: None,
            confirmed: Instant::now(),
        };
        live.advance(&packet, packet.progress, claims);
        Self { facts: packet, live: RwLock::new(live) }
    }

    /// What never changes. Its `progress` is that of the moment of loading: use
    /// [`PacketEntry::live`].
    pub fn facts(&self) -> &PacketRow {
        &self.facts
    }

    /// Reads what has been committed so far.
    pub fn live<T>(&self, read: impl FnOnce(&Live) -> T) -> T {
        read(&self.live.read())
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        self.live.read().progress
    }

    /// Takes over a commit: `claims` are those that followed.
    pub fn advance(&self, progress: Progress, claims: &[ClaimRow]) {
        self.live.write().advance(&self.facts, progress, claims);
    }

    /// Notes that nothing newer has been committed, as far as the shared tier knows.
    pub fn confirm(&self) {
        self.live.write().confirmed = Instant::now();
    }

    /// Can it answer in a fleet, where other nodes may have committed something else
    /// meanwhile (R-CACHE-1)? An end is final; and where this node's lane serves the packet,
    /// every commit shows that nothing is missing.
    pub fn is_current(&self) -> bool {
        let live = self.live.read();
        !live.progress.state.is_open() || live.confirmed.elapsed() < CURRENT_FOR
    }

    /// A copy that knows what has been committed since: `claims` follow those that are here.
    /// This entry stays as it is, since its lane counts shares by it.
    #[must_use]
    pub fn caught_up(&self, progress: Progress, claims: &[ClaimRow]) -> Self {
        // Its lane may have gone further meanwhile than what was read.
        let claimed = usize::try_from(progress.claimed).unwrap_or(usize::MAX);
        let mut all = self.live(|live| live.claims.get(..claimed).unwrap_or(&live.claims).to_vec());
        all.extend_from_slice(claims);
        Self::new(PacketRow { progress, ..self.facts.clone() }, &all)
    }
}

impl Live {
    /// How far it has come.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// All claims in the order of opening.
    pub fn claims(&self) -> &[ClaimRow] {
        &self.claims
    }

    /// This user's share.
    pub fn claim_of(&self, user: UserId) -> Option<ClaimRow> {
        self.by_user.get(&user).and_then(|at| self.claims.get(*at)).copied()
    }

    /// Which share is the best luck, once all are taken (R-SPLIT-5).
    pub fn best_luck(&self) -> Option<u32> {
        self.best_luck
    }

    fn advance(&mut self, facts: &PacketRow, progress: Progress, claims: &[ClaimRow]) {
        // An older state never replaces a newer (R-CACHE-2).
        if progress.version() < self.progress.version() {
            return;
        }
        for claim in claims {
            if usize::try_from(claim.seq) == Ok(self.claims.len()) {
                self.by_user.insert(claim.user_id, self.claims.len());
                self.claims.push(*claim);
            }
        }
        debug_assert_eq!(u32::try_from(self.claims.len()), Ok(progress.claimed));
        self.progress = progress;
        self.confirmed = Instant::now();
        if progress.state == StoredState::Finished && self.best_luck.is_none() {
            self.best_luck = facts.best_luck(&self.claims).ok().flatten().map(|claim| claim.seq);
        }
    }
}
