//! Tickets: a grab that may open gets the right to open for a minute (R-OPEN-1).

use crate::planted::Bug;
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use hongbao_shared::{ErrorCode, OrderNo, Timestamp, UserId};
use sha2::Sha256;
use std::fmt;

const MAC_BYTES: usize = 16;
const EXPIRY_BYTES: usize = 8;

/// Signs and checks tickets: expiry and a MAC over packet, user and expiry.
#[derive(Clone)]
pub struct Tickets {
    mac: Hmac<Sha256>,
    ttl_s: u32,
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("ttl_s", &self.ttl_s).finish_non_exhaustive()
    }
}

impl Tickets {
    /// Tickets under this key that are good for `ttl_s` seconds.
    pub fn new(key: [u8; 32], ttl_s: u32) -> Self {
        let mac = Hmac::new_from_slice(&key).expect("HMAC takes keys of any length");
        Self { mac, ttl_s }
    }

    /// The right of `user` to open `order_no` from now on.
    pub fn issue(&self, order_no: OrderNo, user: UserId, now: Timestamp) -> String {
        let expires = self.expiry(now);
        let mut ticket = [0; EXPIRY_BYTES + MAC_BYTES];
        let (head, tail) = ticket.split_at_mut(EXPIRY_BYTES);
        head.copy_from_slice(&expires.millis().to_be_bytes());
        tail.copy_from_slice(
            &self.sign(order_no, user, expires).finalize().into_bytes()[..MAC_BYTES],
        );
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
        let mut bytes = [0; EXPIRY_BYTES + MAC_BYTES];
        if ticket.len() != BASE64URL_NOPAD.encode_len(bytes.len()) {
            return Err(ErrorCode::TicketInvalid);
        }
        BASE64URL_NOPAD
            .decode_mut(ticket.as_bytes(), &mut bytes)
            .map_err(|_| ErrorCode::TicketInvalid)?;
        let (head, mac) = bytes.split_first_chunk().ok_or(ErrorCode::TicketInvalid)?;
        let expires = Timestamp::from_millis(i64::from_be_bytes(*head));
        self.sign(order_no, user, expires)
            .verify_truncated_left(mac)
            .map_err(|_| ErrorCode::TicketInvalid)?;
        if now >= expires { Err(ErrorCode::TicketExpired) } else { Ok(()) }
    }

    fn sign(&self, order_no: OrderNo, user: UserId, expires: Timestamp) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        if !Bug::TicketForAny.is_planted() {
            mac.update(&order_no.to_bits().to_be_bytes());
        }
        mac.update(&user.get().to_be_bytes());
        mac.update(&expires.millis().to_be_bytes());
        mac
    }
}
