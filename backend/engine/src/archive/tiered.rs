//! A shard's two tiers as one store: what is not in the hot tables any more is read from
//! cold storage, as before (R-STORE-2).

use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    cold::{ColdPlace, ColdStore},
    orders::{
        ClaimRow, DaySum, DayTable, HotTables, Landed, Landing, LaneBatch, LaneOutcome, OrderStore,
        PacketRow, StoredState,
    },
    outbox::{HasOutbox, Outbox},
};
use hongbao_shared::{Day, OrderNo, Shard, Site};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

const DAY: Duration = Duration::from_hours(24);

/// A shard over its hot tables and the cold database of its site.
#[derive(Clone, Debug)]
pub struct TieredOrders {
    site: Site,
    shard: Shard,
    hot: Arc<dyn OrderStore>,
    cold: Arc<dyn ColdStore>,
}

impl TieredOrders {
    /// Of the shard `site` `shard`.
    pub fn new(
        site: Site,
        shard: Shard,
        hot: Arc<dyn OrderStore>,
        cold: Arc<dyn ColdStore>,
    ) -> Self {
        Self { site, shard, hot, cold }
    }

    fn place(&self, day: Day) -> ColdPlace {
        ColdPlace { site: self.site, shard: self.shard, day }
    }

    /// What cold storage makes of a landing: that it was in before, or, as long as it does
    /// not say, that it cannot come in.
    async fn landed_before(&self, order_no: OrderNo) -> Option<Landed> {
        match self.cold.packet(order_no).await {
            Ok(row) => row.map(|row| Landed::Already(row.progress.state)),
            Err(error) => {
                tracing::debug!(%error, %order_no, "cold storage does not say whether it landed");
                Some(Landed::DayRefused)
            }
        }
    }

    /// What becomes of a landing that the hot tables refuse. It was in before; or its day is not
    /// over, and was sealed, or its tables filled, by a clock that was ahead (R-CTRL-5): then it
    /// comes in. Whatever fails here takes back nothing that was committed.
    async fn refused(&self, landing: Landing, mut again: LaneBatch) -> Landed {
        let (order_no, epoch_day) = (landing.packet.order_no, landing.epoch_day);
        if let Some(landed) = self.landed_before(order_no).await {
            return landed;
        }
        // No day is moved before one whole day has passed after it.
        if again.at.is_none_or(|now| now > landing.packet.created_at.plus(DAY)) {
            return Landed::DayRefused;
        }
        again.landings.push(landing);
        let landed = async {
            let tables = self.hot.hot().days().await?;
            let is_open = |table: &DayTable| (table.epoch_day, table.sealed) == (epoch_day, false);
            // Read once: of a day that is open again it is known what is gone.
            let gone = if tables.iter().any(is_open) {
                DaySum::default()
            } else {
                self.cold.day_sum(self.place(order_no.day()), epoch_day).await?
            };
            again.reopens.insert(epoch_day, gone);
            Ok::<_, StoreError>(self.hot.commit(again).await?.landings.first().copied())
        };
        match landed.await {
            Ok(landed) => landed.unwrap_or(Landed::DayRefused),
            Err(error) => {
                tracing::debug!(%error, %order_no, "its day is not open again yet");
                Landed::DayRefused
            }
        }
    }
}

#[async_trait]
impl OrderStore for TieredOrders {
    /// A landing that comes again after its day was emptied finds its packet in cold
    /// storage; see [`Self::refused`]. A tombstone looks there first: hot tables do not know any more that the
    /// packet had landed, and its money must not go back. Where cold storage does not answer,
    /// these alone cannot come in now; nothing else of the batch needs it, least of all to
    /// hear that what was committed was not.
    async fn commit(&self, mut batch: LaneBatch) -> Result<LaneOutcome, StoreError> {
        let mut cold = Vec::with_capacity(batch.landings.len());
        for landing in &batch.landings {
            let is_tombstone = landing.packet.progress.state == StoredState::GivenUp;
            let order_no = landing.packet.order_no;
            cold.push(if is_tombstone { self.landed_before(order_no).await } else { None });
        }
        let mut kept = cold.iter().map(Option::is_none);
        batch.landings.retain(|_| kept.next().unwrap_or(true));
        let (at, within, asked) = (batch.at, batch.within.clone(), batch.landings.clone());

        let mut outcome = self.hot.commit(batch).await?;
        let mut hot = outcome.landings.into_iter().zip(asked);
        let mut landings = Vec::with_capacity(cold.len());
        for known in cold {
            landings.push(match known {
                Some(landed) => landed,
                None => match hot.next() {
                    Some((Landed::DayRefused, landing)) => {
                        let again = LaneBatch { at, within: within.clone(), ..Default::default() };
                        self.refused(landing, again).await
                    }
                    Some((landed, _)) => landed,
                    None => return Err(StoreError::Corrupt("a landing without outcome".into())),
                },
            });
        }
        outcome.landings = landings;
        Ok(outcome)
    }

    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError> {
        match self.hot.packet(order_no).await? {
            Some(row) => Ok(Some(row)),
            None => self.cold.packet(order_no).await,
        }
    }

    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        let hot = self.hot.claims(order_no, from_seq, limit).await?;
        if hot.is_empty() { self.cold.claims(order_no, from_seq, limit).await } else { Ok(hot) }
    }

    async fn packets_page(
        &self,
        day: Day,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        // Hot first: what moves between the two reads is then in both, never in none.
        let hot = self.hot.packets_page(day, after, limit).await?;
        let cold = self.cold.packets_page(self.place(day), after, limit).await?;
        Ok(merge(hot, cold, limit, |row| row.order_no))
    }

    async fn claims_page(
        &self,
        day: Day,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError> {
        let hot = self.hot.claims_page(day, after, limit).await?;
        let cold = self.cold.claims_page(self.place(day), after, limit).await?;
        Ok(merge(hot, cold, limit, |(order_no, claim)| (*order_no, claim.seq)))
    }

    fn hot(&self) -> &dyn HotTables {
        self.hot.hot()
    }
}

impl HasOutbox for TieredOrders {
    fn outbox(&self) -> &dyn Outbox {
        &*self.hot
    }
}

/// The first `limit` of two ordered pages; what is in both comes as the first has it. A row
/// that stands twice in one of them stays twice: audits must see it.
fn merge<T, K: Ord>(first: Vec<T>, second: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> Vec<T> {
    if second.is_empty() {
        return first;
    }
    let known: BTreeSet<K> = first.iter().map(&key).collect();
    let mut all = first;
    all.extend(second.into_iter().filter(|row| !known.contains(&key(row))));
    all.sort_by_key(&key);
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    all
}
