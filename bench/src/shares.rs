//! What was opened, and whether it adds up.

use anyhow::{Result, ensure};
use hongbao_shared::api::packets::Opened;
use std::collections::BTreeMap;

/// On average per share: well below what counts as a large share.
pub const FEN_PER_SHARE: u64 = 100;

/// Shares by the packet that they are of.
pub fn by_packet(opened: Vec<Opened>) -> BTreeMap<i64, Vec<Opened>> {
    let mut packets: BTreeMap<i64, Vec<Opened>> = BTreeMap::new();
    for share in opened {
        packets.entry(share.order_no.to_bits()).or_default().push(share);
    }
    packets
}

/// Checks that every share of one packet went to somebody, and all the money with them.
pub fn check(opened: &[Opened], shares: usize) -> Result<()> {
    let mut seqs: Vec<_> = opened.iter().map(|opened| opened.seq).collect();
    seqs.sort_unstable();
    ensure!(
        seqs.iter().copied().eq(0..u32::try_from(opened.len())?),
        "shares are missing or double"
    );
    ensure!(opened.len() <= shares, "more shares than there are");
    let sum: u64 = opened.iter().map(|opened| opened.amount_fen.get()).sum();
    let total = u64::try_from(shares)?.saturating_mul(FEN_PER_SHARE);
    let emptied = opened.len() == shares;
    ensure!(if emptied { sum == total } else { sum < total }, "{sum} of {total} fen were opened");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_shared::{Fen, OrderNo, Timestamp};

    fn opened(seq: u32, fen: u64) -> Opened {
        Opened {
            order_no: OrderNo::from_bits(0).unwrap(),
            seq,
            amount_fen: Fen::new(fen).unwrap(),
            opened_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn every_share_and_every_fen_is_accounted_for() {
        assert!(check(&[opened(1, 150), opened(0, 50)], 2).is_ok());
        assert!(check(&[opened(0, 50)], 2).is_ok());
        assert!(check(&[opened(0, 50), opened(0, 150)], 2).is_err(), "one share twice");
        assert!(check(&[opened(1, 50)], 2).is_err(), "a share left out");
        assert!(check(&[opened(1, 150), opened(0, 51)], 2).is_err(), "a fen too many");
        assert!(check(&[opened(0, 100), opened(1, 50), opened(2, 50)], 2).is_err());
    }
}
