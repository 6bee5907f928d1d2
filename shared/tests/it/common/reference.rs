//! R-SPLIT-2 and R-FAIR-4 a second time, word by word and with nothing from the library or its
//! cipher crate, to compare the library with.

/// The low-water and the high-water mark, as R-SPLIT-2 words them.
pub(crate) fn marks(rest: u64, left: u64, max: u64) -> (u64, u64) {
    let (rest, left, max) = (i128::from(rest), i128::from(left), i128::from(max));
    let low = if rest - 1 <= max * (left - 1) { 1 } else { rest - max * (left - 1) };
    let high = if rest - max >= left - 1 { max } else { rest - (left - 1) };
    let high = high.min(2 * rest / left);
    (u64::try_from(low).unwrap(), u64::try_from(high).unwrap())
}

/// The shares of a lucky packet, and how many draws were refused on the way.
pub(crate) fn split(key: &[u8; 32], total: u64, shares: u64, max: u64) -> (Vec<u64>, u32) {
    let mut stream = Draws::new(*key);
    let (mut rest, mut refused, mut amounts) = (total, 0, Vec::new());
    for to_come in (1..=shares).rev() {
        let amount = if to_come == 1 {
            rest
        } else {
            let (low, high) = marks(rest, to_come, max);
            let excess = (1_u128 << 64) % u128::from(high);
            let accepted_to = u128::from(u64::MAX) - excess;
            let mut number = stream.next();
            while u128::from(number) > accepted_to {
                refused += 1;
                number = stream.next();
            }
            (number % high).max(low)
        };
        rest -= amount;
        amounts.push(amount);
    }
    (amounts, refused)
}

/// The keystream of `ChaCha20` as 64-bit numbers: block counter from 0, stream 0.
pub(crate) struct Draws {
    key: [u32; 8],
    block: [u32; 16],
    counter: u64,
    used: usize,
}

impl Draws {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        let word = |at: usize| u32::from_le_bytes(key[4 * at..4 * at + 4].try_into().unwrap());
        Self { key: core::array::from_fn(word), block: [0; 16], counter: 0, used: 16 }
    }

    /// Two words, the low one first.
    pub(crate) fn next(&mut self) -> u64 {
        if self.used == 16 {
            self.block = block(&self.key, self.counter);
            self.counter += 1;
            self.used = 0;
        }
        let (low, high) = (self.block[self.used], self.block[self.used + 1]);
        self.used += 2;
        u64::from(high) << 32 | u64::from(low)
    }
}

fn block(key: &[u32; 8], counter: u64) -> [u32; 16] {
    let mut start = [0; 16];
    // "expand 32-byte k"
    start[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
    start[4..12].copy_from_slice(key);
    start[12] = (counter & 0xffff_ffff) as u32;
    start[13] = (counter >> 32) as u32;
    let mut state = start;
    for _ in 0..10 {
        for at in [0, 1, 2, 3] {
            quarter(&mut state, at, 4 + at, 8 + at, 12 + at);
        }
        for at in [0, 1, 2, 3] {
            quarter(&mut state, at, 4 + (at + 1) % 4, 8 + (at + 2) % 4, 12 + (at + 3) % 4);
        }
    }
    core::array::from_fn(|at| state[at].wrapping_add(start[at]))
}

#[expect(clippy::many_single_char_names, reason = "the names of RFC 8439")]
fn quarter(s: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    for (turn_d, turn_b) in [(16, 12), (8, 7)] {
        s[a] = s[a].wrapping_add(s[b]);
        s[d] = (s[d] ^ s[a]).rotate_left(turn_d);
        s[c] = s[c].wrapping_add(s[d]);
        s[b] = (s[b] ^ s[c]).rotate_left(turn_b);
    }
}
