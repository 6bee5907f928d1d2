//! The fairness proof (R-FAIR), written a second time after docs/FAIRNESS.md: from here
//! nothing is called that the server is made of.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What a packet is cut from.
#[derive(Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) order_no: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) total: u64,
    pub(crate) shares: u64,
    pub(crate) max_share: u64,
}

/// SHA-256 over the server's seed, as hex.
pub(crate) fn commitment(server_seed: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"hongbao/v1/commit");
    hash.update(server_seed);
    hex(&hash.finalize())
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Every share in the order of opening.
pub(crate) fn split(terms: &Terms<'_>, server_seed: &[u8], client_seed: &[u8]) -> Vec<u64> {
    if terms.kind != "lucky" {
        let shares = usize::try_from(terms.shares).unwrap_or_default();
        return vec![terms.total / terms.shares; shares];
    }
    let mut stream = Stream::new(seed(terms, server_seed, client_seed));
    let mut rest = terms.total;
    let mut amounts = Vec::new();
    for left in (2..=terms.shares).rev() {
        let (others, max) = (left - 1, terms.max_share);
        let low = if rest - 1 <= max * others { 1 } else { rest - max * others };
        let high = if rest >= max + others { max } else { rest - others };
        let share = stream.below(high.min(2 * rest / left)).max(low);
        amounts.push(share);
        rest -= share;
    }
    amounts.push(rest);
    amounts
}

fn seed(terms: &Terms<'_>, server_seed: &[u8], client_seed: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"hongbao/v1/split");
    hash.update(server_seed);
    hash.update([u8::try_from(client_seed.len()).unwrap_or(u8::MAX)]);
    hash.update(client_seed);
    hash.update(terms.order_no.as_bytes());
    hash.update([0]);
    hash.update(terms.total.to_be_bytes());
    hash.update(u32::try_from(terms.shares).unwrap_or(u32::MAX).to_be_bytes());
    hash.update(terms.max_share.to_be_bytes());
    hash.update([match terms.kind {
        "equal" => 0,
        "lucky" => 1,
        _ => 2,
    }]);
    hash.finalize().into()
}

/// `ChaCha20`, 20 rounds, counter and stream id from 0, read as 64-bit numbers.
struct Stream {
    key: [u32; 8],
    counter: u64,
    numbers: Vec<u64>,
}

impl Stream {
    fn new(seed: [u8; 32]) -> Self {
        let mut key = [0; 8];
        for (word, bytes) in key.iter_mut().zip(seed.chunks_exact(4)) {
            *word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        Self { key, counter: 0, numbers: Vec::new() }
    }

    fn next(&mut self) -> u64 {
        if self.numbers.is_empty() {
            let words = self.block();
            let pairs = words.chunks_exact(2);
            self.numbers =
                pairs.rev().map(|pair| u64::from(pair[1]) << 32 | u64::from(pair[0])).collect();
        }
        self.numbers.pop().unwrap_or_default()
    }

    fn below(&mut self, high: u64) -> u64 {
        // 2^64 mod high, without 2^64.
        let spare = (u64::MAX % high + 1) % high;
        loop {
            let drawn = self.next();
            if drawn <= u64::MAX - spare {
                return drawn % high;
            }
        }
    }

    fn block(&mut self) -> [u32; 16] {
        let mut start = [0; 16];
        start[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
        start[4..12].copy_from_slice(&self.key);
        start[12] = u32::try_from(self.counter & 0xffff_ffff).unwrap_or_default();
        start[13] = u32::try_from(self.counter >> 32).unwrap_or_default();
        self.counter += 1;
        let mut state = start;
        for _ in 0..10 {
            for at in 0..4 {
                quarter(&mut state, [at, at + 4, at + 8, at + 12]);
            }
            for at in 0..4 {
                let turned = |by: usize| (at + by) % 4;
                quarter(&mut state, [at, 4 + turned(1), 8 + turned(2), 12 + turned(3)]);
            }
        }
        for (word, first) in state.iter_mut().zip(start) {
            *word = word.wrapping_add(first);
        }
        state
    }
}

fn quarter(state: &mut [u32; 16], [a, b, c, d]: [usize; 4]) {
    for (x, y, z, by) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        state[x] = state[x].wrapping_add(state[y]);
        state[z] = (state[z] ^ state[x]).rotate_left(by);
    }
}

/// Hex as bytes; nothing if it is not lower-case hex.
pub(crate) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex
        .chars()
        .map(|digit| digit.to_digit(16).filter(|_| !digit.is_ascii_uppercase()))
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()).collect()
}

/// What is wrong with the details of a packet that is over; nothing if all is right.
pub(crate) fn faults(details: &Value) -> Vec<String> {
    match check(details) {
        Some(faults) => faults,
        None => vec!["the details lack what the proof needs".to_owned()],
    }
}

fn check(details: &Value) -> Option<Vec<String>> {
    let mut faults = Vec::new();
    let mut expect = |right: bool, what: String| {
        if !right {
            faults.push(what);
        }
    };
    let fairness = &details["fairness"];
    let server_seed = bytes(fairness["server_seed"].as_str()?)?;
    let client_seed = bytes(fairness["client_seed"].as_str()?)?;
    let terms = Terms {
        order_no: details["order_no"].as_str()?,
        kind: details["kind"].as_str()?,
        total: details["total_fen"].as_u64()?,
        shares: details["shares"].as_u64()?,
        max_share: fairness["max_share_fen"].as_u64()?,
    };
    let state = details["state"].as_str()?;
    let claims = details["claims"].as_array()?;
    let paid: Vec<u64> =
        claims.iter().map(|claim| claim["amount_fen"].as_u64()).collect::<Option<_>>()?;
    let sum: u64 = paid.iter().sum();

    expect(fairness["algorithm"] == "hongbao/v1", "another algorithm".to_owned());
    let own = commitment(&server_seed);
    expect(fairness["commitment"] == own.as_str(), format!("the seed's commitment is {own}"));
    let amounts = split(&terms, &server_seed, &client_seed);
    expect(amounts.iter().sum::<u64>() == terms.total, "the split misses the total".to_owned());
    expect(amounts.starts_with(&paid), format!("shares {paid:?}, but the seed gives {amounts:?}"));
    let in_order = claims.iter().enumerate().all(|(at, claim)| claim["seq"] == at);
    expect(in_order, "the shares do not count from 0".to_owned());
    expect(details["claimed"] == paid.len(), "claimed is not the number of claims".to_owned());
    expect(details["claimed_fen"] == sum, format!("the claims add up to {sum}"));
    let all = paid.len() as u64 == terms.shares;
    expect(all == (state == "finished"), format!("{} shares, and {state}", paid.len()));
    let left = terms.total.checked_sub(sum);
    expect(left.is_some(), "more money than there was".to_owned());
    let refunded = &details["refunded_fen"];
    expect(refunded.is_null() || refunded.as_u64() == left, format!("refunded {refunded}"));
    let best = (terms.kind == "lucky" && terms.shares > 1 && all)
        .then(|| paid.iter().position(|amount| Some(amount) == paid.iter().max()))
        .flatten();
    let crowned: Vec<usize> = claims
        .iter()
        .enumerate()
        .filter(|(_, claim)| claim["best_luck"] != false)
        .map(|(at, _)| at)
        .collect();
    let due: Vec<usize> = best.into_iter().collect();
    expect(crowned == due, format!("best luck {crowned:?}, should be {due:?}"));
    Some(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors and the example are the documentation's (R-FAIR-6).
    #[test]
    fn this_second_way_agrees_with_the_published_vectors() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../docs/fairness-vectors.json")).unwrap();
        for vector in vectors.as_array().unwrap() {
            let hex = |name: &str| bytes(vector[name].as_str().unwrap()).unwrap();
            let (server, client) = (hex("server_seed"), hex("client_seed"));
            let number = |name: &str| vector[name].as_u64().unwrap();
            let terms = Terms {
                order_no: vector["order_no"].as_str().unwrap(),
                kind: vector["kind"].as_str().unwrap(),
                total: number("total_fen"),
                shares: number("shares"),
                max_share: number("max_share_fen"),
            };
            assert_eq!(vector["commitment"], commitment(&server));
            let amounts = split(&terms, &server, &client);
            assert_eq!(vector["amounts"], serde_json::json!(amounts), "{}", vector["name"]);
        }
    }

    #[test]
    fn a_packet_that_was_touched_is_found() {
        let text = include_str!("../../docs/fairness-example.json");
        let example: Value = serde_json::from_str(text).unwrap();
        assert_eq!(faults(&example), Vec::<String>::new());
        let changes: [(&str, Value); 6] = [
            ("/claims/0/amount_fen", 1427.into()),
            ("/claims/8/best_luck", false.into()),
            ("/claimed", 9.into()),
            ("/state", "expired".into()),
            ("/fairness/client_seed", "00".into()),
            ("/fairness/server_seed", Value::Null),
        ];
        for (place, value) in changes {
            let mut touched = example.clone();
            *touched.pointer_mut(place).unwrap() = value;
            assert_ne!(faults(&touched), Vec::<String>::new(), "{place}");
        }
    }
}
