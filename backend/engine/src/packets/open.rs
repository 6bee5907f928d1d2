//! Open (拆): take the next share. Durable before it is answered (R-OPEN-2).

use super::Packets;
use hongbao_domain::{Refusal, planted::Bug, store::orders::ClaimRow};
use hongbao_shared::{ErrorCode, OrderNo, UserId, api::packets::Opened};

impl Packets {
    /// Opens a packet with the ticket of a grab. Repeating it gives the same share.
    pub async fn open(
        &self,
        user: UserId,
        order_no: OrderNo,
        ticket: &str,
    ) -> Result<Opened, Refusal> {
        if !Bug::TicketUnseen.is_planted() {
            self.tickets.check(ticket, order_no, user, self.clock.now())?;
        }
        if !self.control.packets_on() {
            return Err(ErrorCode::PacketsOff.into());
        }
        if self.has_left(user, order_no).await {
            return Err(ErrorCode::PacketNotFound.into());
        }
        let claim = self.lanes.open(order_no, user).await?;
        let ClaimRow { seq, amount_fen, opened_at, .. } = claim;
        if let Some(receiving) = &self.receiving {
            receiving.opened(user, order_no, amount_fen, opened_at);
        }
        Ok(Opened { order_no, seq, amount_fen, opened_at })
    }

    /// Is the holder of a ticket not in the packet's group any more (R-OPEN-1)? Where
    /// that is not to be learnt, the ticket speaks for them: opens need no database of
    /// people.
    async fn has_left(&self, user: UserId, order_no: OrderNo) -> bool {
        let group_id = match self.local.get(order_no) {
            Some(entry) => entry.facts().group_id,
            // Boxed: an open that waits for its lane would carry the room for this along.
            None => match Box::pin(self.finder.glimpse(order_no, user)).await {
                Ok(glimpse) => glimpse.packet.group_id,
                // The lane says what is wrong.
                Err(_) => return false,
            },
        };
        matches!(self.groups.is_member(group_id, user).await, Ok(false))
    }
}
