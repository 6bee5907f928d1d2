//! The data of modules that were cut.
//!
//! Each of them has a segment for every piece of data of the whole program, most of them empty: four
//! thousand heads, in every part, which do not compress to nothing. What only tools read, such as
//! the names of functions, goes as well.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

const CUSTOM: u8 = 0;
const DATA: u8 = 11;
const DATA_COUNT: u8 = 12;
/// `i32.const`, and the end of an expression.
const CONST: u8 = 0x41;
const END: u8 = 0x0b;
/// A segment costs its head; so much nothing between two costs less.
const GAP_MAX: usize = 8;

/// What may be written between two segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gaps {
    /// Memory is empty before this module: zeros.
    AreZero,
    /// Another module may have its data there.
    AreNotOurs,
}

/// Makes the module in a file smaller.
pub(crate) fn slim(path: &Path, gaps: Gaps) -> Result<()> {
    let module = fs::read(path)?;
    let slim = slimmer(&module, gaps)
        .with_context(|| format!("{} has data that is not understood", path.display()))?;
    Ok(fs::write(path, slim)?)
}

/// Sections follow the eight bytes of the head: a number, a length, so many bytes.
fn slimmer(module: &[u8], gaps: Gaps) -> Option<Vec<u8>> {
    let (head, mut rest) = module.split_at_checked(8)?;
    let mut slim = head.to_vec();
    while let Some((number, after)) = rest.split_first() {
        let (length, mut body) = unsigned(after)?;
        let content = take(&mut body, length)?;
        rest = body;
        let new;
        let content = match *number {
            // Nothing counts on the number of segments but code that copies them by number, which
            // those that are in place from the beginning are not for.
            CUSTOM | DATA_COUNT => continue,
            DATA => {
                new = data(content, gaps)?;
                &new
            }
            _ => content,
        };
        slim.push(*number);
        put(&mut slim, content.len());
        slim.extend_from_slice(content);
    }
    Some(slim)
}

fn data(content: &[u8], gaps: Gaps) -> Option<Vec<u8>> {
    let (count, mut rest) = unsigned(content)?;
    let mut pieces = Vec::<(u32, Vec<u8>)>::new();
    for _ in 0..count {
        // In place from the beginning, in the only memory, at a place that is known.
        let [0, CONST] = take(&mut rest, 2)? else { return None };
        let (at, after) = signed(rest)?;
        rest = after;
        let [END] = take(&mut rest, 1)? else { return None };
        let (length, after) = unsigned(rest)?;
        rest = after;
        let bytes = take(&mut rest, length)?;
        if !bytes.is_empty() {
            pieces.push((at, bytes.to_vec()));
        }
    }
    pieces.sort();
    let mut merged = Vec::<(u32, Vec<u8>)>::new();
    for (at, bytes) in pieces {
        if let Some((start, before)) = merged.last_mut() {
            let gap = usize::try_from(at - *start).ok()?.checked_sub(before.len())?;
            if gap == 0 || gaps == Gaps::AreZero && gap <= GAP_MAX {
                before.resize(before.len() + gap, 0);
                before.extend(bytes);
                continue;
            }
        }
        merged.push((at, bytes));
    }
    let mut out = Vec::new();
    put(&mut out, merged.len());
    for (at, bytes) in merged {
        out.extend([0, CONST]);
        put_signed(&mut out, at);
        out.push(END);
        put(&mut out, bytes.len());
        out.extend(bytes);
    }
    Some(out)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// A number in LEB128, and what follows it.
fn unsigned(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}

/// An address below two gigabytes, as `i32.const` has it.
fn signed(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (value, rest) = unsigned(bytes)?;
    let last = bytes[bytes.len() - rest.len() - 1];
    // The last byte's sixth bit is the sign.
    let value = u32::try_from(value).ok()?;
    (last & 0x40 == 0).then_some((value, rest))
}

fn put(out: &mut Vec<u8>, mut value: usize) {
    while value > 0x7f {
        out.push(low(value) | 0x80);
        value >>= 7;
    }
    out.push(low(value));
}

fn put_signed(out: &mut Vec<u8>, value: u32) {
    let start = out.len();
    put(out, usize::try_from(value).unwrap_or_default());
    if let Some(last) = out[start..].last_mut()
        && *last & 0x40 != 0
    {
        *last |= 0x80;
        out.push(0);
    }
}

fn low(value: usize) -> u8 {
    u8::try_from(value & 0x7f).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Gaps, slimmer};

    const HEAD: &[u8] = b"\0asm\x01\0\0\0";
    const TYPES: &[u8] = &[1, 1, 7];

    fn module(data: &[u8]) -> Vec<u8> {
        let length = u8::try_from(data.len()).unwrap();
        [HEAD, &[0, 3, 1, b'n', 9], TYPES, &[12, 1, 4], &[11, length], data].concat()
    }

    /// At 1000 (`e8 07`), 1003, 1010 and 63 (`3f`), of which one is empty.
    const PIECES: &[u8] = &[
        4, 0, 0x41, 0xe8, 7, 0x0b, 3, 1, 2, 3, 0, 0x41, 0xeb, 7, 0x0b, 1, 4, //
        0, 0x41, 0x3f, 0x0b, 0, 0, 0x41, 0xf2, 7, 0x0b, 1, 5,
    ];

    #[test]
    fn pieces_beside_each_other_become_one_and_what_is_empty_goes() {
        let expected = [2, 0, 0x41, 0xe8, 7, 0x0b, 4, 1, 2, 3, 4, 0, 0x41, 0xf2, 7, 0x0b, 1, 5];
        let expected = [HEAD, TYPES, &[11, 18], &expected].concat();
        assert_eq!(slimmer(&module(PIECES), Gaps::AreNotOurs).unwrap(), expected);
    }

    #[test]
    fn a_small_gap_is_filled_where_nobody_else_can_have_been() {
        let expected = [1, 0, 0x41, 0xe8, 7, 0x0b, 11, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 5];
        let expected = [HEAD, TYPES, &[11, 18], &expected].concat();
        assert_eq!(slimmer(&module(PIECES), Gaps::AreZero).unwrap(), expected);
    }

    #[test]
    fn an_address_keeps_its_sign() {
        // 64 takes two bytes: as one it would be negative.
        let at_64 = [1, 0, 0x41, 0xc0, 0, 0x0b, 1, 9];
        let expected = [HEAD, TYPES, &[11, 8], &at_64].concat();
        assert_eq!(slimmer(&module(&at_64), Gaps::AreZero).unwrap(), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        // Passive; two pieces in one place; cut off.
        for data in [
            [1, 1, 1, 9].as_slice(),
            &[2, 0, 0x41, 0, 0x0b, 2, 1, 2, 0, 0x41, 1, 0x0b, 1, 3],
            &[1, 0, 0x41, 0, 0x0b, 2, 1],
        ] {
            assert_eq!(slimmer(&module(data), Gaps::AreZero), None, "{data:?}");
        }
    }
}
