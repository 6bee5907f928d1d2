//! Tickets: a grab that may open gets the right to open for a minute (R-OPEN-1).

use crate::keys::{Key, Keys};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac};
use hongbao_domain::{
    keys::{KEY_ID_BYTES, KeyId},
    planted::Bug,
};
use hongbao_shared::{ErrorCode, OrderNo, Timestamp, UserId};
use sha2::Sha256;
use std::fmt;

const MAC_BYTES: usize = 16;
const EXPIRY_BYTES: usize = 8;

/// Signs and checks tickets: the key's id, expiry and a MAC over packet, user and expiry.
/// A ticket names its key (R-STORE-7), so that those from before a rotation stay good.
#[derive(Clone)]
pub struct Tickets {
    keys: Keys,
    ttl_s: u32,
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("ttl_s", &self.ttl_s).finish_non_exhaustive()
    }
}

impl Tickets {
    /// Tickets under these keys that are good for `ttl_s` seconds.
    pub fn new(keys: &Keys, ttl_s: u32) -> Self {
        Self { keys: keys.clone(), ttl_s }
    }

    /// The right of `user` to open `order_no` from now on.
    pub fn issue(&self, order_no: OrderNo, user: UserId, now: Timestamp) -> String {
        let ring = self.keys.ring();
        let key = ring.sealing();
        let expires = self.expiry(now);
        let mut ticket = [0; KEY_ID_BYTES + EXPIRY_BYTES + MAC_BYTES];
        let (id, rest) = ticket.split_at_mut(KEY_ID_BYTES);
        let (expiry, mac) = rest.split_at_mut(EXPIRY_BYTES);
        id.copy_from_slice(&key.id.bytes());
        expiry.copy_from_slice(&expires.millis().to_be_bytes());
        let signed = sign(key, order_no, user, expires).finalize().into_bytes();
        mac.copy_from_slice(&signed[..MAC_BYTES]);
        BASE64URL_NOPAD.encode(&ticket)
    }

    /// Until when a ticket is good that is issued at `now`.
    pub fn expiry(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(self.ttl_s.into())
    }

    /// Is this a ticket of ours for this packet and user, and still good?
    pub fn check(
        &self,
        ticket: &str,
        order_no: OrderNo,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), ErrorCode> {
        let mut bytes = [0; KEY_ID_BYTES + EXPIRY_BYTES + MAC_BYTES];
        if ticket.len() != BASE64URL_NOPAD.encode_len(bytes.len()) {
            return Err(ErrorCode::TicketInvalid);
        }
        BASE64URL_NOPAD
            .decode_mut(ticket.as_bytes(), &mut bytes)
            .map_err(|_| ErrorCode::TicketInvalid)?;
        let (id, rest) = bytes.split_first_chunk().ok_or(ErrorCode::TicketInvalid)?;
        let (expiry, mac) = rest.split_first_chunk().ok_or(ErrorCode::TicketInvalid)?;
        let expires = Timestamp::from_millis(i64::from_be_bytes(*expiry));
        let key = self.keys.find(KeyId::from_bytes(*id)).ok_or(ErrorCode::TicketInvalid)?;
        sign(&key, order_no, user, expires)
            .verify_truncated_left(mac)
            .map_err(|_| ErrorCode::TicketInvalid)?;
        if now >= expires { Err(ErrorCode::TicketExpired) } else { Ok(()) }
    }
}

fn sign(key: &Key, order_no: OrderNo, user: UserId, expires: Timestamp) -> Hmac<Sha256> {
    let mut mac = key.tickets.clone();
    if !Bug::TicketForAny.is_planted() {
        mac.update(&order_no.to_bits().to_be_bytes());
    }
    mac.update(&user.get().to_be_bytes());
    mac.update(&expires.millis().to_be_bytes());
    mac
}
