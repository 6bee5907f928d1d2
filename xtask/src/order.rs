//! The order in which a module has its functions.
//!
//! Nothing but its compressed size depends on it. A compressor names what it has seen before by how
//! far back that was, so that functions that have much in common cost less beside each other: three
//! hundredths of a module, against the largest first, which is how walrus writes them.
//!
//! Whoever writes a module anew writes its numbers as short as they are. Those of modules that were cut
//! have the room that the linker left for any number: a tenth of them before compression.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, FunctionSection};
use wasmparser::{CodeSectionReader, FunctionSectionReader, Parser, Payload, TypeRef};

/// Functions are alike by the runs of so many bytes that both have.
const RUN_BYTES: usize = 5;
/// A run that more functions have than this says nothing of them.
const SHARED_MAX: usize = 2000;
/// Functions are alike if they have one in so many runs of the longer one in common.
const ALIKE_ONE_IN: usize = 50;

/// Puts the functions of the module in a file beside those that they are like.
pub(crate) fn arrange(path: &Path) -> Result<()> {
    let module = fs::read(path)?;
    let arranged =
        arranged(&module).with_context(|| format!("{} is not understood", path.display()))?;
    Ok(fs::write(path, arranged)?)
}

fn arranged(module: &[u8]) -> Result<Vec<u8>> {
    let mut imported = 0;
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
            _ => {}
        }
    }
    let order = by_likeness(&bodies);
    let mut places = vec![0; order.len()];
    for (place, function) in (imported..).zip(&order) {
        places[*function] = place;
    }
    let mut out = wasm_encoder::Module::new();
    Ordered { imported, order, places }.parse_core_module(&mut out, Parser::new(0), module)?;
    Ok(out.finish())
}

/// The numbers of all functions: after each the one that is most like it, or the shortest that is
/// left where none is.
fn by_likeness(bodies: &[&[u8]]) -> Vec<usize> {
    let runs: Vec<Vec<u64>> = bodies.iter().map(|body| runs(body)).collect();
    let mut having = BTreeMap::<u64, Vec<usize>>::new();
    for (function, runs) in runs.iter().enumerate() {
        for run in runs {
            having.entry(*run).or_default().push(function);
        }
    }
    having.retain(|_, functions| (2..=SHARED_MAX).contains(&functions.len()));
    let mut left: Vec<usize> = (0..bodies.len()).collect();
    left.sort_by_key(|function| std::cmp::Reverse((bodies[*function].len(), *function)));

    let mut is_placed = vec![false; bodies.len()];
    let mut common = vec![0_usize; bodies.len()];
    let mut order = Vec::with_capacity(bodies.len());
    let mut next = None;
    while let Some(function) = next.take().or_else(|| left.pop()) {
        if std::mem::replace(&mut is_placed[function], true) {
            continue;
        }
        order.push(function);
        let mut found = Vec::new();
        for other in runs[function].iter().filter_map(|run| having.get(run)).flatten() {
            if !is_placed[*other] {
                if common[*other] == 0 {
                    found.push(*other);
                }
                common[*other] += 1;
            }
        }
        // So many runs of so many.
        let mut best = (1, ALIKE_ONE_IN);
        for other in found {
            let these = std::mem::take(&mut common[other]);
            let all = runs[function].len().max(runs[other].len());
            if these * best.1 > best.0 * all {
                best = (these, all);
                next = Some(other);
            }
        }
    }
    order
}

/// The runs of bytes in a function, each once.
fn runs(body: &[u8]) -> Vec<u64> {
    let windows = body.windows(RUN_BYTES);
    let mut runs: Vec<u64> =
        windows.map(|run| run.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))).collect();
    runs.sort_unstable();
    runs.dedup();
    runs
}

/// Writes a module anew with its functions in another order.
struct Ordered {
    imported: u32,
    /// The functions as they stand now, in their new order.
    order: Vec<usize>,
    /// Of each function its new number.
    places: Vec<u32>,
}

impl Reencode for Ordered {
    type Error = Infallible;

    fn function_index(&mut self, number: u32) -> Result<u32, Error<Infallible>> {
        let own = number.checked_sub(self.imported).and_then(|own| usize::try_from(own).ok());
        Ok(own.and_then(|own| self.places.get(own)).copied().unwrap_or(number))
    }

    fn parse_function_section(
        &mut self,
        section: &mut FunctionSection,
        types: FunctionSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        let types = types.into_iter().collect::<Result<Vec<_>, _>>()?;
        for function in &self.order {
            section.function(types[*function]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        section: &mut CodeSection,
        bodies: CodeSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        let bodies = bodies.into_iter().collect::<Result<Vec<_>, _>>()?;
        for function in self.order.clone() {
            utils::parse_function_body(self, section, bodies[function].clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{arranged, by_likeness};

    #[test]
    fn what_is_alike_stands_together() {
        let one: Vec<u8> = (0..60).collect();
        let other: Vec<u8> = (100..150).collect();
        let like_one: Vec<u8> = (0..70).collect();
        let like_other: Vec<u8> = (99..155).collect();
        let order = by_likeness(&[&one, &other, &like_one, &like_other, &[1, 2]]);
        // The shortest first, and after each what is like it.
        assert_eq!(order, [4, 1, 3, 0, 2]);
    }

    #[test]
    fn calls_follow_the_function() {
        // Three functions of the type `() -> ()`; the first is long, calls the last and is exported.
        let long = [[0x41, 7, 0x1a].as_slice(); 4].concat();
        let first = [&[0], long.as_slice(), &[0x10, 0x82, 0x80, 0x80, 0x80, 0, 0x0b]].concat();
        let bodies: [&[u8]; 3] = [&first, &[0, 0x01, 0x0b], &[0, 0x0b]];
        let mut code = vec![3];
        for body in bodies {
            code.push(u8::try_from(body.len()).unwrap());
            code.extend(body);
        }
        let length = u8::try_from(code.len()).unwrap();
        let head =
            [b"\0asm\x01\0\0\0".as_slice(), &[1, 4, 1, 0x60, 0, 0, 3, 4, 3, 0, 0, 0]].concat();
        let module = [&head, [7, 5, 1, 1, b'a', 0, 0, 10, length].as_slice(), &code].concat();

        // The last is called by its new number, 0, written in one byte.
        let expected = [[0].as_slice(), &long, &[0x10, 0, 0x0b]].concat();
        let own = u8::try_from(expected.len()).unwrap();
        let before = [7, 5, 1, 1, b'a', 0, 2, 10, own + 9, 3, 2, 0, 0x0b, 3, 0, 0x01, 0x0b, own];
        let expected = [head, before.to_vec(), expected].concat();
        assert_eq!(arranged(&module).unwrap(), expected);
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(arranged(b"\0asm\x01\0\0\0\x0a\x05").is_err());
    }
}
