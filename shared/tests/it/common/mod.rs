//! What several topics need: fixed seeds, strategies, the reference split, the vectors.

pub(crate) mod details;
pub(crate) mod exact;
pub(crate) mod reference;
pub(crate) mod vectors;

use hongbao_shared::{
    Day, Fen, Kind, OrderNo, Shard, Site, Splitter, Terms,
    fairness::{ClientSeed, Seed, ServerSeed},
    order_no::SEQUENCE_END,
};
use proptest::{prelude::*, test_runner::RngSeed};

// `#[test]` in every file is this one: the built-in attribute natively, wasm-bindgen's in WASM.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use core::prelude::v1::test;
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm_bindgen_test::wasm_bindgen_test as test;

/// The eve of the lunar new year 2016, when the system that this one follows had its test.
const PROPERTY_SEED: u64 = 20_160_207;

/// Properties with a fixed seed, so that a failure anywhere is a failure everywhere.
pub(crate) fn fixed(cases: u32) -> ProptestConfig {
    let given = ProptestConfig::default();
    let rng_seed = match given.rng_seed {
        RngSeed::Random => RngSeed::Fixed(PROPERTY_SEED),
        from_environment @ RngSeed::Fixed(_) => from_environment,
    };
    // Unoptimised WASM is slow, and the cases have run natively.
    let cases = if cfg!(target_arch = "wasm32") { cases.div_ceil(4) } else { cases };
    let cases =
        cases.max(if std::env::var_os("PROPTEST_CASES").is_some() { given.cases } else { 0 });
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..given }
}

pub(crate) fn fen(fen: u64) -> Fen {
    Fen::new(fen).unwrap()
}

pub(crate) fn lucky(total: u64, shares: u32, max: u64) -> Terms {
    Terms::new(Kind::Lucky, fen(total), shares, fen(max)).unwrap()
}

pub(crate) fn cut(terms: &Terms, seed: &Seed) -> Vec<u64> {
    Splitter::new(terms, seed).map(Fen::get).collect()
}

/// The `number`th of a fixed series of split seeds, made by the real procedure.
pub(crate) fn numbered_seed(terms: &Terms, number: u64) -> Seed {
    let mut bytes = [0x5a; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    let order_no = OrderNo::from_bits(0).unwrap();
    ServerSeed::from_bytes(bytes).split_seed(&ClientSeed::default(), order_no, terms)
}

pub(crate) fn any_seed() -> impl Strategy<Value = Seed> {
    any::<[u8; 32]>().prop_map(Seed::from_bytes)
}

/// Feasible lucky terms, with both edges of feasibility more often than chance would give.
pub(crate) fn any_lucky() -> impl Strategy<Value = Terms> {
    let max = prop_oneof![1_u64..=4, 1_u64..=300, 1_u64..=20_000, 1..=Fen::MAX.get()];
    (prop_oneof![1_u32..=4, 1_u32..=150], max).prop_flat_map(|(shares, max)| {
        let least = u64::from(shares);
        let most = max.saturating_mul(least).min(Fen::MAX.get());
        let near_least = most.min(least.saturating_add(least));
        let near_most = least.max(most.saturating_sub(max));
        prop_oneof![
            1 => Just(least),
            1 => Just(most),
            2 => least..=near_least,
            2 => near_most..=most,
            6 => least..=most,
        ]
        .prop_map(move |total| lucky(total, shares, max))
    })
}

/// Feasible terms of every kind.
pub(crate) fn any_terms() -> impl Strategy<Value = Terms> {
    let equal = (1_u32..=150, 1_u64..=20_000).prop_map(|(shares, each)| {
        Terms::new(Kind::Equal, fen(each * u64::from(shares)), shares, fen(20_000)).unwrap()
    });
    let exclusive = (1_u64..=20_000)
        .prop_map(|total| Terms::new(Kind::Exclusive, fen(total), 1, fen(20_000)).unwrap());
    prop_oneof![6 => any_lucky(), 2 => equal, 1 => exclusive]
}

pub(crate) fn any_order_no() -> impl Strategy<Value = OrderNo> {
    let sequence = prop_oneof![Just(0), Just(SEQUENCE_END - 1), 0_u64..1000, 0..SEQUENCE_END];
    (any::<bool>(), 0_u16..1024, 0_u8..31, any::<bool>(), sequence).prop_map(
        |(north, shard, day, local, sequence)| {
            let site = if north { Site::N } else { Site::S };
            let (shard, day) = (Shard::new(shard).unwrap(), Day::new(day).unwrap());
            OrderNo::new(site, shard, day, local, sequence).unwrap()
        },
    )
}
