use hongbao_shared::{OrderNo, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The most packets that a scene keeps in mind; the oldest go first.
const WATCHED_MAX: usize = 32;

/// The packets that demo members know of.
#[derive(Debug, Default)]
pub(super) struct Watched {
    packets: BTreeMap<OrderNo, Packet>,
    order: Vec<OrderNo>,
}

/// A packet as demo members see it.
#[derive(Debug)]
pub(super) struct Packet {
    /// Which of them sent it, if one did.
    pub(super) sent_by: Option<usize>,
    /// How many of them have said thank you.
    pub(super) thanked: u32,
    shares: u32,
    claimed: u32,
    opened: BTreeSet<usize>,
    over: bool,
    /// Until when its last share is left to people.
    held_until: Timestamp,
}

/// May a demo member tap a packet?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tracked {
    /// Yes.
    Open,
    /// Not yet: the last share is left to people for a while.
    Held,
    /// It is over, or not known.
    Over,
}

impl Watched {
    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Is one of them still to be had?
    pub(super) fn some_open(&self) -> bool {
        self.packets.values().any(|packet| !packet.over)
    }

    /// Begins to watch a packet; false if it is watched already.
    pub(super) fn watch(
        &mut self,
        order_no: OrderNo,
        sent_by: Option<usize>,
        shares: u32,
        held_until: Timestamp,
    ) -> bool {
        if self.packets.contains_key(&order_no) {
            return false;
        }
        if self.order.len() >= WATCHED_MAX {
            self.packets.remove(&self.order.remove(0));
        }
        self.order.push(order_no);
        let packet = Packet {
            sent_by,
            thanked: 0,
            shares,
            claimed: 0,
            opened: BTreeSet::new(),
            over: false,
            held_until,
        };
        self.packets.insert(order_no, packet);
        true
    }

    pub(super) fn change(&mut self, order_no: OrderNo, claimed: Option<u32>, over: bool) {
        if let Some(packet) = self.packets.get_mut(&order_no) {
            packet.claimed = packet.claimed.max(claimed.unwrap_or(0));
            packet.over |= over;
        }
    }

    pub(super) fn opened(&mut self, order_no: OrderNo, member: usize) -> Option<&mut Packet> {
        let packet = self.packets.get_mut(&order_no)?;
        packet.opened.insert(member);
        let opened = u32::try_from(packet.opened.len()).unwrap_or(u32::MAX);
        packet.claimed = packet.claimed.max(opened);
        Some(packet)
    }

    pub(super) fn may_open(&self, order_no: OrderNo, now: Timestamp) -> Tracked {
        let Some(packet) = self.packets.get(&order_no) else { return Tracked::Over };
        if packet.over {
            return Tracked::Over;
        }
        let opened = u32::try_from(packet.opened.len()).unwrap_or(u32::MAX);
        let by_people = packet.claimed.saturating_sub(opened);
        let last = packet.claimed.saturating_add(1) >= packet.shares;
        if last && by_people == 0 && now < packet.held_until {
            Tracked::Held
        } else {
            Tracked::Open
        }
    }
}
