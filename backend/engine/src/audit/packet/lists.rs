//! A packet against the lists "sent" and "received" (R-LIST-1). They are written later, so
//! what they lack is wrong only at rest; what they hold must be true at any time.

use super::{Check, Law};
use hongbao_domain::store::{
    lists::{Listed, ReceivedRow, SentRow},
    orders::{ClaimRow, PacketRow, StoredState},
};
use hongbao_shared::UserId;
use std::collections::BTreeMap;

impl Check<'_> {
    pub(super) fn lists(&mut self) {
        let Some(listed) = &self.evidence.listed else { return };
        let is_tombstone = |packet: &&PacketRow| packet.progress.state == StoredState::GivenUp;
        let packet = self.evidence.packet.as_ref().filter(|packet| !is_tombstone(packet));
        self.sent(listed, packet);
        self.received(listed, packet);
        self.best_luck(listed, packet);
    }

    fn sent(&mut self, listed: &Listed, packet: Option<&PacketRow>) {
        match listed.sent {
            Some(line) => {
                let is_true = packet.is_some_and(|packet| line.is_of(packet));
                self.require(is_true, Law::SentLineIsTrue, || {
                    let should = packet.map(SentRow::of);
                    format!("{line:?} is listed, and should be {should:?}")
                });
            }
            None if self.at_rest => self.require(packet.is_none(), Law::EverythingIsListed, || {
                "is not among what was sent".to_owned()
            }),
            None => {}
        }
    }

    fn received(&mut self, listed: &Listed, packet: Option<&PacketRow>) {
        let mut lines: BTreeMap<u32, &ReceivedRow> = BTreeMap::new();
        for line in &listed.received {
            if lines.insert(line.seq, line).is_some() {
                self.require(false, Law::ReceivedLineIsTrue, || {
                    format!("claim {} is listed twice", line.seq)
                });
            }
        }
        let claims = packet.map(|packet| (packet, &self.evidence.claims));
        for (packet, claim) in
            claims.into_iter().flat_map(|(packet, claims)| claims.iter().map(move |c| (packet, c)))
        {
            let should = received_line(packet, claim);
            match lines.remove(&claim.seq) {
                Some(line) => self.require(should == *line, Law::ReceivedLineIsTrue, || {
                    format!("{line:?} is listed, and should be {should:?}")
                }),
                None if self.at_rest => self.require(false, Law::EverythingIsListed, || {
                    format!("claim {} of {} is not listed", claim.seq, claim.user_id)
                }),
                None => {}
            }
        }
        for line in lines.into_values() {
            self.require(false, Law::ReceivedLineIsTrue, || format!("{line:?} has no claim"));
        }
    }

    fn best_luck(&mut self, listed: &Listed, packet: Option<&PacketRow>) {
        let should = packet.and_then(|packet| self.luckiest(packet));
        match listed.best_luck {
            Some(user) => {
                self.require(should == Some(user), Law::BestLuckIsTrue, || {
                    let truth = should.map_or_else(|| "nobody".to_owned(), |who| who.to_string());
                    format!("{user} is listed, and it was {truth}")
                });
            }
            None if self.at_rest => self.require(should.is_none(), Law::EverythingIsListed, || {
                "its best luck is not listed".to_owned()
            }),
            None => {}
        }
    }

    /// Who had the best luck of a finished packet, where there is such a thing.
    fn luckiest(&self, packet: &PacketRow) -> Option<UserId> {
        if packet.progress.state != StoredState::Finished {
            return None;
        }
        Some(packet.best_luck(&self.evidence.claims).ok()??.user_id)
    }
}

fn received_line(packet: &PacketRow, claim: &ClaimRow) -> ReceivedRow {
    ReceivedRow {
        order_no: packet.order_no,
        user_id: claim.user_id,
        seq: claim.seq,
        sender_id: packet.sender_id,
        group_id: packet.group_id,
        kind: packet.kind,
        amount_fen: claim.amount_fen,
        at: claim.opened_at,
    }
}
