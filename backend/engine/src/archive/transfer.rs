//! One day on its way to cold storage.

use hongbao_domain::{
    crash::{self, Step},
    planted::Bug,
    runtime::Clock,
    store::{
        StoreError,
        cold::{ColdPlace, ColdStore},
        orders::{Copied, DaySum, Emptied, Hold, OrderStore},
    },
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a node may be silent before another one goes on with its day: longer than any page
/// takes. Two at once copy the same, which does no harm.
const HELD: Duration = Duration::from_mins(1);
/// Packets that are copied in one transaction, which is one statement: cold storage may be
/// far away.
const PACKETS_MAX: u32 = 1_000;
/// Claims that are copied in one transaction.
const CLAIMS_MAX: u32 = 5_000;

/// What became of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is in cold storage alone.
    Emptied,
    /// Not now; why.
    Waits(&'static str),
}

/// A day of a shard, between its hot tables and the cold database of its site.
pub(super) struct Transfer<'m> {
    pub(super) hot: &'m dyn OrderStore,
    pub(super) cold: &'m dyn ColdStore,
    pub(super) place: ColdPlace,
    /// The calendar day: days since 1970-01-01.
    pub(super) epoch_day: i64,
    pub(super) node: i64,
    pub(super) clock: &'m dyn Clock,
    /// Packets that were copied.
    pub(super) packets: u64,
    /// How far it has come, as is noted beside the day.
    pub(super) copied: Copied,
}

impl Transfer<'_> {
    /// Seals, copies what is not copied yet, compares, empties.
    pub(super) async fn run(&mut self, stop: &CancellationToken) -> Result<Outcome, StoreError> {
        let Self { hot, epoch_day, place: ColdPlace { day, .. }, .. } = *self;
        crash::before(Step::Seal);
        hot.hot().seal(day, epoch_day).await?;
        crash::after(Step::Seal);
        // From here on nothing lands there; what has ended does not change.
        let Some(copied) = hot.hot().begin_move(day, epoch_day, self.hold()).await? else {
            return Ok(Outcome::Waits("another node is at it"));
        };
        self.copied = if Bug::MoverStartsOver.is_planted() { Copied::default() } else { copied };
        let outcome = self.go_on(stop).await;
        if !matches!(outcome, Ok(Outcome::Emptied)) {
            self.let_go().await;
        }
        outcome
    }

    /// Leaves the day to whoever comes next, without a minute's wait. If that cannot be noted,
    /// the wait does.
    async fn let_go(&self) {
        let ColdPlace { day, .. } = self.place;
        let now = self.clock.now();
        let over = Hold { node: self.node, now, until: now };
        if let Err(error) = self.hot.hot().note_copied(day, self.epoch_day, over, self.copied).await
        {
            tracing::debug!(%error, "a day that does not go on is held for now");
        }
    }

    async fn go_on(&mut self, stop: &CancellationToken) -> Result<Outcome, StoreError> {
        let Self { hot, epoch_day, place: ColdPlace { day, .. }, .. } = *self;
        if let Some(waits) = self.copy(stop).await? {
            return Ok(waits);
        }
        self.compare().await?;
        crash::before(Step::Empty);
        let emptied = hot.hot().empty(day, epoch_day).await?;
        if emptied == Emptied::Yes {
            crash::after(Step::Empty);
        }
        Ok(match emptied {
            Emptied::Yes => Outcome::Emptied,
            Emptied::NotSealed => Outcome::Waits("its tables hold another day by now"),
            Emptied::OpenPacket => OPEN,
            Emptied::Undelivered => Outcome::Waits("something in it is still to be told"),
        })
    }

    fn hold(&self) -> Hold {
        let now = self.clock.now();
        Hold { node: self.node, now, until: now.plus(HELD) }
    }

    /// Copies page by page, and notes after each how far it has come; `None` when all is there.
    async fn copy(&mut self, stop: &CancellationToken) -> Result<Option<Outcome>, StoreError> {
        let Self { hot, cold, place: ColdPlace { day, .. }, mut copied, .. } = *self;
        loop {
            let packets = hot.packets_page(day, copied.packet, PACKETS_MAX).await?;
            let Some(last) = packets.last() else { break };
            copied.packet = Some(last.order_no);
            if packets.iter().any(|packet| packet.progress.state.is_open()) {
                return Ok(Some(OPEN));
            }
            self.packets += u64::try_from(packets.len()).unwrap_or(0);
            crash::before(Step::KeepPackets);
            cold.keep(packets, Vec::new()).await?;
            crash::after(Step::KeepPackets);
            if !self.goes_on(copied, stop).await? {
                return Ok(Some(INTERRUPTED));
            }
        }
        while !Bug::ClaimsNotCopied.is_planted() {
            let claims = hot.claims_page(day, copied.claim, CLAIMS_MAX).await?;
            let Some((order_no, claim)) = claims.last() else { break };
            copied.claim = Some((*order_no, claim.seq));
            crash::before(Step::KeepClaims);
            cold.keep(Vec::new(), claims).await?;
            crash::after(Step::KeepClaims);
            if !self.goes_on(copied, stop).await? {
                return Ok(Some(INTERRUPTED));
            }
        }
        Ok(None)
    }

    /// Notes a page; is it still this node's turn?
    async fn goes_on(
        &mut self,
        copied: Copied,
        stop: &CancellationToken,
    ) -> Result<bool, StoreError> {
        let ColdPlace { day, .. } = self.place;
        let noted = self.hot.hot().note_copied(day, self.epoch_day, self.hold(), copied).await?;
        self.copied = copied;
        Ok(noted && !stop.is_cancelled())
    }

    /// What is deleted has been compared with what was copied. Where it differs, nothing is
    /// deleted, and the next round copies all of it again: that brings what cold storage has
    /// lost, and is refused by what it has otherwise.
    async fn compare(&mut self) -> Result<(), StoreError> {
        let ColdPlace { day, .. } = self.place;
        let hot = self.hot.hot().day_sum(day).await?;
        // Another node was quicker, or nothing is there.
        if hot == DaySum::default()
            || Bug::ClaimsNotCopied.is_planted()
            || Bug::NothingCompared.is_planted()
        {
            return Ok(());
        }
        let cold = self.cold.day_sum(self.place, self.epoch_day).await?;
        if hot == cold {
            return Ok(());
        }
        metrics::counter!("hongbao_days_differ_total").increment(1);
        let (place, epoch_day) = (self.place, self.epoch_day);
        tracing::error!(%place, epoch_day, ?hot, ?cold, "cold storage does not hold what is to be deleted");
        // Noted when the day is let go.
        self.copied = Copied::default();
        Err(StoreError::Corrupt(format!("hot tables hold {hot:?}, cold storage {cold:?}")))
    }
}

const OPEN: Outcome = Outcome::Waits("a packet in it is open");
const INTERRUPTED: Outcome = Outcome::Waits("the node ends, or another one went on with it");
