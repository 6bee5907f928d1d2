//! Grab (抢): can this packet be opened by you? Caches answer (R-OPEN-1).

use super::{Packets, Receiving};
use crate::control::Deed;
use hongbao_domain::{Refusal, store::orders::StoredState};
use hongbao_shared::{
    ErrorCode, GroupId, OrderNo, UserId,
    api::packets::{GrabState, Grabbed},
};

impl Packets {
    /// Answers from committed facts. Whoever is not in the group hears the same as
    /// if there were no such packet. `rate_limited` and `packet_busy` (R-CTRL-1) and
    /// `receive_cap_reached` (R-API-4) say when to come back.
    pub async fn grab(&self, user: UserId, order_no: OrderNo) -> Result<Grabbed, Refusal> {
        self.grab_within(self.receiving.as_ref(), user, order_no).await
    }

    /// The same for a demo member: what one may receive in a day (R-API-4) is not theirs.
    pub(crate) async fn grab_as_demo(
        &self,
        user: UserId,
        order_no: OrderNo,
    ) -> Result<Grabbed, Refusal> {
        self.grab_within(None, user, order_no).await
    }

    async fn grab_within(
        &self,
        receiving: Option<&Receiving>,
        user: UserId,
        order_no: OrderNo,
    ) -> Result<Grabbed, Refusal> {
        if !self.control.packets_on() {
            return Err(ErrorCode::PacketsOff.into());
        }
        self.pace.check(Deed::Grab, user)?;
        let glimpse = self.finder.glimpse(order_no, user).await?;
        let packet = &glimpse.packet;
        self.require_member(packet.group_id, user).await?;
        let now = self.clock.now();
        let answer = |state| Grabbed { state, ticket: None, amount_fen: None };
        if let Some(mine) = glimpse.mine {
            self.outstanding.opened(order_no, [user]);
            return Ok(Grabbed { amount_fen: Some(mine.amount_fen), ..answer(GrabState::Opened) });
        }
        Ok(match packet.progress.state {
            StoredState::GivenUp => return Err(ErrorCode::PacketNotFound.into()),
            StoredState::Finished => answer(GrabState::Finished),
            StoredState::Expired => answer(GrabState::Expired),
            StoredState::Open if now >= packet.expires_at => answer(GrabState::Expired),
            StoredState::Open if packet.recipient_id.is_some_and(|recipient| recipient != user) => {
                answer(GrabState::NotForYou)
            }
            StoredState::Open => {
                if let Some(receiving) = receiving {
                    receiving.check(user, now).await?;
                }
                let left = packet.shares.saturating_sub(packet.progress.claimed);
                let expires = self.tickets.expiry(now);
                self.outstanding.admit(order_no, user, left, now, expires)?;
                let ticket = Some(self.tickets.issue(order_no, user, now));
                Grabbed { ticket, ..answer(GrabState::CanOpen) }
            }
        })
    }

    /// Refuses whoever is not in the packet's group.
    pub(super) async fn require_member(
        &self,
        group_id: GroupId,
        user: UserId,
    ) -> Result<(), Refusal> {
        if self.groups.is_member(group_id, user).await? {
            Ok(())
        } else {
            Err(ErrorCode::PacketNotFound.into())
        }
    }
}
