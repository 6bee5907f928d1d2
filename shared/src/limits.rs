//! Limits that clients need to know (`GET /limits`), so that forms, previews and
//! the server obey the same numbers.

use crate::money::Fen;
use serde::{Deserialize, Serialize};

/// What a packet, a text or a top-up may be. Amounts in fen, lengths in
/// characters as people count them (extended grapheme clusters, each of at most 16 code
/// points), durations in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limits {
    /// The most that one share may hold (R-SPLIT-1).
    pub max_share_fen: Fen,
    /// The most shares of one packet.
    pub max_shares: u32,
    /// The most that one packet may hold.
    pub max_total_fen: Fen,
    /// The most that one top-up may bring.
    pub max_top_up_fen: Fen,
    /// What the house gives each newcomer (R-WEB-6); nothing with 0.
    pub welcome_grant_fen: Fen,
    /// Longest greeting.
    pub greeting_chars_max: u32,
    /// Longest name of a person.
    pub name_chars_max: u32,
    /// Longest name of a group.
    pub group_name_chars_max: u32,
    /// Longest message.
    pub message_chars_max: u32,
    /// Shortest password.
    pub password_chars_min: u32,
    /// Longest password; bounds what a sign-in costs.
    pub password_chars_max: u32,
    /// Most members of one group.
    pub group_members_max: u32,
    /// Most groups of one person.
    pub groups_per_user_max: u32,
    /// How long a pre-order waits to be paid (R-SEND-1).
    pub preorder_ttl_s: u32,
    /// How long a packet stays open after landing (R-MONEY-4).
    pub packet_lifetime_s: u32,
    /// How long a ticket from a grab allows to open (R-OPEN-1).
    pub ticket_ttl_s: u32,
    /// Are there demo groups (R-WEB-6)?
    pub demo: bool,
    /// What the house takes for a packet on top of its total, in hundredths of a percent of the
    /// total, rounded up to a whole fen; nothing with 0 (R-API-4).
    pub fee_bp: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let fen = |fen| Fen::new(fen).unwrap_or(Fen::MAX);
        Self {
            max_share_fen: fen(20_000),
            max_shares: 100,
            max_total_fen: fen(2_000_000),
            max_top_up_fen: fen(1_000_000),
            welcome_grant_fen: fen(20_000),
            greeting_chars_max: 25,
            name_chars_max: 20,
            group_name_chars_max: 30,
            message_chars_max: 1000,
            password_chars_min: 8,
            password_chars_max: 128,
            group_members_max: 500,
            groups_per_user_max: 200,
            preorder_ttl_s: 15 * 60,
            packet_lifetime_s: 24 * 60 * 60,
            ticket_ttl_s: 60,
            demo: true,
            fee_bp: 0,
        }
    }
}

impl Limits {
    /// What the house takes for a packet of this total (R-API-4).
    pub fn fee(&self, total: Fen) -> Fen {
        let parts = total.get().saturating_mul(self.fee_bp.into());
        Fen::new(parts.div_ceil(BP_OF_ALL)).unwrap_or(Fen::MAX)
    }
}

/// Hundredths of a percent in the whole.
const BP_OF_ALL: u64 = 10_000;

/// Longest key by which a client makes a call repeatable.
pub const KEY_CHARS_MAX: usize = 64;

/// Is this 1 to [`KEY_CHARS_MAX`] printable ASCII characters without spaces?
pub fn is_key(key: &str) -> bool {
    (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-API-4: a part of a fen is a whole one, and nothing is nothing.
    #[test]
    fn a_fee_is_rounded_up_to_a_whole_fen() {
        let fee = |fee_bp, total| {
            let limits = Limits { fee_bp, ..Limits::default() };
            limits.fee(Fen::new(total).unwrap()).get()
        };
        assert_eq!([fee(0, 100), fee(1, 1), fee(100, 100), fee(100, 101)], [0, 1, 1, 2]);
        assert_eq!([fee(25, 2_000_000), fee(1_000, 9)], [5_000, 1]);
        assert_eq!(fee(1_000, Fen::MAX.get()), Fen::MAX.get().div_ceil(10));
    }
}
