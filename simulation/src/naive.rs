//! What follows from a packet's seed, who had the best luck, and under which keys money
//! moves: each written a second time from the requirements alone, as plainly as it can be.
//! Judges that called the functions they judge would find them right whatever they did.

use data_encoding::HEXLOWER;
use hongbao_domain::store::ledger::{Account, Transfer, TransferKind};
use hongbao_shared::{Kind, OrderNo, Timestamp, UserId};
use sha2::{Digest, Sha256};

const HOUR_MS: i64 = 60 * 60 * 1_000;
/// Clocks of machines are wrong by an hour at most, and lose a few seconds more.
const OFF_MS: i64 = HOUR_MS + HOUR_MS / 60;

/// What binds whoever has told it to this seed, as hex (R-FAIR-1).
pub(crate) fn commitment(server_seed: &[u8; 32]) -> String {
    HEXLOWER.encode(&Sha256::digest([b"hongbao/v1/commit", &server_seed[..]].concat()))
}

/// What decides a packet's shares (R-FAIR-3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut<'a> {
    pub(crate) server_seed: &'a [u8; 32],
    pub(crate) client_seed: &'a [u8],
    pub(crate) order_no: OrderNo,
    pub(crate) total: u64,
    pub(crate) shares: u32,
    pub(crate) max_share: u64,
    pub(crate) kind: Kind,
}

impl Cut<'_> {
    /// Every share of the packet, the first one first (R-SPLIT-2 to 4).
    pub(crate) fn shares(&self) -> Vec<u64> {
        if self.kind != Kind::Lucky {
            let each = self.total / u64::from(self.shares);
            return vec![each; usize::try_from(self.shares).unwrap_or(0)];
        }
        let mut draws = Draws::new(&self.seed());
        let mut rest = u128::from(self.total);
        let max = u128::from(self.max_share);
        let mut shares = Vec::new();
        for n in (1..=u128::from(self.shares)).rev() {
            let share = if n == 1 {
                rest
            } else {
                let low = if rest - 1 <= max * (n - 1) { 1 } else { rest - max * (n - 1) };
                let high = if rest - max.min(rest) >= n - 1 { max } else { rest - (n - 1) };
                let high = high.min(2 * rest / n);
                draws.below(high).max(low)
            };
            rest -= share;
            shares.push(u64::try_from(share).unwrap_or(u64::MAX));
        }
        shares
    }

    fn seed(&self) -> [u8; 32] {
        let kind = match self.kind {
            Kind::Equal => 0,
            Kind::Lucky => 1,
            Kind::Exclusive => 2,
        };
        let mut text = b"hongbao/v1/split".to_vec();
        text.extend(self.server_seed);
        text.push(u8::try_from(self.client_seed.len()).unwrap_or(u8::MAX));
        text.extend(self.client_seed);
        text.extend(self.order_no.to_string().bytes());
        text.push(0);
        text.extend(self.total.to_be_bytes());
        text.extend(self.shares.to_be_bytes());
        text.extend(self.max_share.to_be_bytes());
        text.push(kind);
        Sha256::digest(text).into()
    }
}

/// `ChaCha20` as RFC 8439 draws it, with a block counter of 64 bits and no nonce (R-FAIR-4).
struct Draws {
    key: [u32; 8],
    block: u64,
    words: Vec<u32>,
}

impl Draws {
    fn new(seed: &[u8; 32]) -> Self {
        let mut key = [0; 8];
        for (word, bytes) in key.iter_mut().zip(seed.chunks(4)) {
            *word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        Self { key, block: 0, words: Vec::new() }
    }

    /// Uniform below `high`: what would favour the small is drawn again (R-SPLIT-3).
    fn below(&mut self, high: u128) -> u128 {
        let all = u128::from(u64::MAX) + 1;
        loop {
            let low_word = u128::from(self.word());
            let drawn = u128::from(self.word()) << 32 | low_word;
            if drawn < all - all % high {
                return drawn % high;
            }
        }
    }

    fn word(&mut self) -> u32 {
        if self.words.is_empty() {
            self.words = self.next_block();
        }
        self.words.remove(0)
    }

    fn next_block(&mut self) -> Vec<u32> {
        let counter = self.block.to_le_bytes();
        let half = |bytes: &[u8]| bytes.iter().rev().fold(0, |w, b| w << 8 | u32::from(*b));
        let mut start = vec![0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
        start.extend(self.key);
        start.extend([half(&counter[..4]), half(&counter[4..]), 0, 0]);
        self.block += 1;
        let mut x = start.clone();
        for _ in 0..10 {
            for column in 0..4 {
                quarter(&mut x, [column, column + 4, column + 8, column + 12]);
            }
            for n in 0..4 {
                quarter(&mut x, [n, (n + 1) % 4 + 4, (n + 2) % 4 + 8, (n + 3) % 4 + 12]);
            }
        }
        x.iter().zip(&start).map(|(word, start)| word.wrapping_add(*start)).collect()
    }
}

fn quarter(words: &mut [u32], [a, b, c, d]: [usize; 4]) {
    for (to, from, mixed, by) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        words[to] = words[to].wrapping_add(words[from]);
        words[mixed] = (words[mixed] ^ words[to]).rotate_left(by);
    }
}

/// Which share was the best luck of a finished packet: the largest, the earliest on a tie,
/// of a lucky packet of two or more (R-SPLIT-5).
pub(crate) fn best_luck(kind: Kind, amounts: &[u64]) -> Option<usize> {
    if kind != Kind::Lucky || amounts.len() < 2 {
        return None;
    }
    let mut best = 0;
    for (seq, amount) in amounts.iter().enumerate() {
        if *amount > amounts[best] {
            best = seq;
        }
    }
    Some(best)
}

/// What the house takes for a packet: of each ten thousand fen so many, and for what is left of
/// ten thousand as many as it takes that the house has not too little (R-API-4).
pub(crate) fn fee(total: u64, of_ten_thousand: u32) -> u64 {
    let due = total * u64::from(of_ten_thousand);
    let whole = due / 10_000;
    if whole * 10_000 < due { whole + 1 } else { whole }
}

/// Under which key a share is credited (R-MONEY-1).
pub(crate) fn credit_key(order_no: OrderNo, seq: u32) -> String {
    format!("credit:{order_no}:{seq}")
}

/// What is wrong with a transfer's key, if anything (R-MONEY-1): it must be the one that
/// makes this movement repeatable and no other.
pub(crate) fn misfit(transfer: &Transfer) -> Option<String> {
    let key = &transfer.key;
    let wanted = match (transfer.kind, transfer.debit, transfer.credit, transfer.order_no) {
        (TransferKind::TopUp, Account::Issuer, Account::Wallet(user), None) => {
            let brings = brings(user, key, transfer.at);
            return (!brings).then(|| format!("{key} brings {user} money at {}", transfer.at));
        }
        (TransferKind::Pay, Account::Wallet(_), Account::Escrow(to), Some(order_no))
            if to == order_no =>
        {
            format!("pay:{order_no}")
        }
        (TransferKind::Credit, Account::Escrow(from), Account::Wallet(_), Some(order_no))
            if from == order_no =>
        {
            let seq = key.rsplit(':').next().and_then(|seq| seq.parse::<u32>().ok());
            seq.map_or_else(String::new, |seq| credit_key(order_no, seq))
        }
        (TransferKind::Refund, Account::Escrow(from), Account::Wallet(_), Some(order_no))
            if from == order_no =>
        {
            format!("refund:{order_no}")
        }
        (TransferKind::Fee, Account::Wallet(_), Account::Fees, Some(order_no)) => {
            format!("fee:{order_no}")
        }
        (TransferKind::FeeRefund, Account::Fees, Account::Wallet(_), Some(order_no)) => {
            format!("feeback:{order_no}")
        }
        _ => String::new(),
    };
    (*key != wanted).then(|| format!("{key} moves {transfer:?}"))
}

/// Days since 1970 in China, whose clocks are ahead of UTC by eight hours all year, at a moment in
/// milliseconds.
pub(crate) fn day_in_china(ms: i64) -> i64 {
    (ms + 8 * HOUR_MS).div_euclid(24 * HOUR_MS)
}

/// Is this a key under which the issuer gives somebody money at that moment: under a word of
/// their own, a grantor's word for them, once in all, or once a day of China's (R-API-4)?
fn brings(user: UserId, key: &str, at: Timestamp) -> bool {
    let parts: Vec<_> = key.splitn(4, ':').collect();
    let whose = user.to_string();
    match parts[..] {
        ["welcome", to] => to == whose,
        ["allowance", to, day] => {
            // A node whose clock is wrong may give it to them an hour early, or late.
            let days = [-OFF_MS, OFF_MS].map(|off_ms| day_in_china(at.millis() + off_ms));
            to == whose && days.iter().any(|one| one.to_string() == day)
        }
        ["grant", to, by, word] => {
            let by = by.strip_prefix("admin-").or_else(|| by.strip_prefix("service-"));
            to == whose && !word.is_empty() && by.is_some_and(|id| id.parse::<UserId>().is_ok())
        }
        ["topup", to, ..] => to == whose && key.len() > "topup::".len() + to.len(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_shared::{
        Fen, Splitter, Terms,
        fairness::{ClientSeed, ServerSeed},
        split,
    };

    /// The first words of the key stream of a key of zeros, as RFC 8439 prints them
    /// (appendix A.1, test vectors 1 and 2).
    #[test]
    fn draws_are_those_of_the_standard() {
        let mut draws = Draws::new(&[0; 32]);
        let words: Vec<_> = (0..18).map(|_| draws.word()).collect();
        assert_eq!(words[..3], [0xade0_b876, 0x903d_f1a0, 0xe56a_5d40]);
        assert_eq!(words[16..], [0xbee7_079f, 0x7a38_5155]);
    }

    /// The two formulations agree where they must, ties included (R-SPLIT-2, R-SPLIT-5).
    #[test]
    fn both_formulations_agree() {
        let mut dice = crate::Dice::new(7, "naive");
        for number in 0..500 {
            let shares = u32::try_from(dice.range(2, 40)).unwrap();
            let max = dice.range(1, 400);
            let total = dice.range(u64::from(shares), u64::from(shares) * max);
            let (mut server_seed, mut client_seed) = ([0; 32], vec![0; dice.index(33)]);
            dice.fill(&mut server_seed);
            dice.fill(&mut client_seed);
            let order_no = OrderNo::from_bits(number).unwrap();
            let kind = Kind::Lucky;
            let fen = |fen| Fen::new(fen).unwrap();
            let terms = Terms::new(kind, fen(total), shares, fen(max)).unwrap();
            let client = ClientSeed::new(client_seed.clone()).unwrap();
            let seed = ServerSeed::from_bytes(server_seed).split_seed(&client, order_no, &terms);
            let amounts: Vec<_> = Splitter::new(&terms, &seed).collect();
            let bound = ServerSeed::from_bytes(server_seed).commitment();
            assert_eq!(commitment(&server_seed), bound.to_hex());
            let cut = Cut {
                server_seed: &server_seed,
                client_seed: &client_seed,
                order_no,
                total,
                shares,
                max_share: max,
                kind,
            };
            let naive = cut.shares();
            assert_eq!(naive, amounts.iter().map(|fen| fen.get()).collect::<Vec<_>>());
            assert_eq!(best_luck(kind, &naive), split::best_luck(&terms, &amounts));
        }
    }
}
