//! How many tickets of a packet are outstanding (R-CTRL-1): no more than a small multiple of
//! the shares that are left, so that a crowd which cannot win does not queue at the lane.

use hongbao_shared::{ErrorCode, OrderNo, Timestamp, UserId};
use moka::{policy::EvictionPolicy, sync::Cache};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use hongbao_domain::Refusal;

/// As many tickets there may be while anything is left: of a packet with few shares many
/// look at the envelope and only some tap.
const TICKETS_MIN: u32 = 20;
/// How many tickets a node counts; beyond that it forgets those of the packet that was
/// grabbed the longest ago. Some 100 bytes each.
const COUNTED_MAX: u32 = 1 << 20;
/// What a packet weighs beside its tickets, in tickets.
const PACKET_WEIGHT: u32 = 4;
/// Others open within moments.
const RETRY_WHEN_BUSY: Duration = Duration::from_secs(1);

/// The tickets that this node has given and that may still open; a clone counts the same. Other
/// nodes count their own.
#[derive(Clone, Debug)]
pub struct Outstanding {
    per_share: u32,
    packets: Cache<OrderNo, Arc<Mutex<Holders>>>,
}

/// Who holds a ticket of one packet.
#[derive(Debug, Default)]
struct Holders {
    until: BTreeMap<UserId, Timestamp>,
    /// The same, the next to expire first.
    by_expiry: BTreeSet<(Timestamp, UserId)>,
    /// How many there can be at most, from what was left when somebody first grabbed.
    max: u32,
}

impl Outstanding {
    /// So many tickets for each share that is left; 0 for no limit. `group_members_max` is
    /// how many people can hold one at all.
    pub fn new(per_share: u32, group_members_max: u32) -> Self {
        let weigh = move |_: &OrderNo, holders: &Arc<Mutex<Holders>>| {
            let most = holders.lock().max.min(group_members_max);
            most.saturating_add(PACKET_WEIGHT).min(COUNTED_MAX)
        };
        let packets = Cache::builder()
            .max_capacity(COUNTED_MAX.into())
            // Whoever is new gets in: by frequency, a packet of now would lose to those of
            // yesterday.
            .eviction_policy(EvictionPolicy::lru())
            .weigher(weigh)
            .build();
        Self { per_share, packets }
    }

    /// Counts a ticket that is good until `expires`, in the place of one that `user` holds
    /// already. `packet_busy` where there are as many as there may be with `left` shares.
    pub(super) fn admit(
        &self,
        order_no: OrderNo,
        user: UserId,
        left: u32,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<(), Refusal> {
        if self.per_share == 0 {
            return Ok(());
        }
        let max = left.saturating_mul(self.per_share).max(TICKETS_MIN);
        let holders = self.packets.get_with(order_no, || Holders::shared(max));
        if holders.lock().admit(user, max, now, expires) {
            return Ok(());
        }
        metrics::counter!("hongbao_grabs_refused_total", "limit" => "packet").increment(1);
        Err(Refusal::new(ErrorCode::PacketBusy).retry_after(RETRY_WHEN_BUSY))
    }

    /// These have opened: their tickets are not outstanding any more.
    pub(super) fn opened(&self, order_no: OrderNo, users: impl IntoIterator<Item = UserId>) {
        if self.per_share == 0 {
            return;
        }
        if let Some(holders) = self.packets.get(&order_no) {
            let mut holders = holders.lock();
            users.into_iter().for_each(|user| holders.remove(user));
        }
    }
}

impl Holders {
    fn shared(max: u32) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { max, ..Self::default() }))
    }

    fn admit(&mut self, user: UserId, max: u32, now: Timestamp, expires: Timestamp) -> bool {
        while let Some((until, holder)) = self.by_expiry.first().copied()
            && until <= now
        {
            self.remove(holder);
        }
        let held = u32::try_from(self.until.len()).unwrap_or(u32::MAX);
        if held >= max && !self.until.contains_key(&user) {
            return false;
        }
        self.remove(user);
        self.until.insert(user, expires);
        self.by_expiry.insert((expires, user));
        true
    }

    fn remove(&mut self, user: UserId) {
        if let Some(until) = self.until.remove(&user) {
            self.by_expiry.remove(&(until, user));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_shared::{Day, Shard, Site};

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);
    const LATER: Timestamp = Timestamp::from_millis(1_060_000);

    fn order_no() -> OrderNo {
        OrderNo::new(Site::S, Shard::new(0).unwrap(), Day::new(1).unwrap(), false, 7).unwrap()
    }

    fn user(number: u64) -> UserId {
        UserId::from_random(number << 1)
    }

    fn fill(tickets: &Outstanding, left: u32, count: u64) {
        for number in 0..count {
            tickets.admit(order_no(), user(number), left, NOW, LATER).unwrap();
        }
    }

    fn refused(tickets: &Outstanding, number: u64, left: u32, now: Timestamp) -> bool {
        match tickets.admit(order_no(), user(number), left, now, LATER) {
            Ok(()) => false,
            Err(refusal) => {
                assert_eq!(refusal.code, ErrorCode::PacketBusy);
                assert_eq!(refusal.retry_after, Some(RETRY_WHEN_BUSY));
                true
            }
        }
    }

    /// R-CTRL-1: the multiple, and the floor beneath it.
    #[test]
    fn there_are_as_many_as_a_multiple_of_what_is_left() {
        let tickets = Outstanding::new(10, 500);
        fill(&tickets, 3, 30);
        assert!(refused(&tickets, 30, 3, NOW));
        assert!(
            !refused(&tickets, 29, 1, NOW),
            "their own stands for itself, however few are left"
        );
        assert!(!refused(&tickets, 30, 4, NOW), "what is left decides, not what was");
        tickets.opened(order_no(), (0..11).map(user));
        assert!(refused(&tickets, 31, 1, NOW), "20 are the fewest");
        tickets.opened(order_no(), [user(11)]);
        assert!(!refused(&tickets, 31, 1, NOW));
    }

    /// R-CTRL-1: they expire, to the millisecond, each when it is its turn.
    #[test]
    fn what_has_expired_is_not_outstanding() {
        let tickets = Outstanding::new(1, 500);
        fill(&tickets, 1, 19);
        let sooner = NOW.plus_seconds(1);
        tickets.admit(order_no(), user(19), 1, NOW, sooner).unwrap();
        assert!(refused(&tickets, 20, 1, Timestamp::from_millis(sooner.millis() - 1)));
        assert!(!refused(&tickets, 20, 1, sooner));
        assert!(refused(&tickets, 21, 1, sooner));
        fill(&tickets, 1, 19);
        assert!(refused(&tickets, 19, 1, sooner), "theirs is gone");
    }

    /// R-CTRL-1: 0 switches it off.
    #[test]
    fn without_a_limit_nothing_is_counted() {
        let tickets = Outstanding::new(0, 500);
        fill(&tickets, 1, 1_000);
        assert_eq!(tickets.packets.iter().count(), 0);
    }
}
