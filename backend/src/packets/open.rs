//! Open (拆): take the next share. Durable before it is answered (R-OPEN-2).

use super::Packets;
use crate::{Refusal, store::orders::ClaimRow};
use hongbao_shared::{ErrorCode, OrderNo, UserId, api::packets::Opened};

impl Packets {
    /// Opens a packet with the ticket of a grab. Repeating it gives the same share.
    pub async fn open(
        &self,
        user: UserId,
        order_no: OrderNo,
        ticket: &str,
    ) -> Result<Opened, Refusal> {
        self.tickets.check(ticket, order_no, user, self.clock.now())?;
        if !self.control.packets_on() {
            return Err(ErrorCode::PacketsOff.into());
        }
        let claim = self.lanes.open(order_no, user).await?;
        let ClaimRow { seq, amount_fen, opened_at, .. } = claim;
        Ok(Opened { order_no, seq, amount_fen, opened_at })
    }
}
