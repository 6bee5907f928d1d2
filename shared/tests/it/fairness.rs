//! The commitment, the seed, and the published vectors (R-FAIR).

use crate::common::{
    any_order_no, any_terms, cut,
    details::example,
    fixed, reference, test,
    vectors::{self, made_anew, published, written},
};
use hongbao_shared::{
    Fen, Kind, Splitter, Terms,
    fairness::{ClientSeed, Commitment, Seed, ServerSeed},
    split::best_luck,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// To write the files anew: `HONGBAO_WRITE_VECTORS=1 cargo test -p hongbao-shared vectors_file`.
/// A change there breaks every verifier in the world: it needs a new algorithm name.
#[test]
fn vectors_file_is_up_to_date() {
    let vectors = made_anew();
    let (text, packet) = (written(&vectors), example(&vectors));
    #[cfg(not(target_arch = "wasm32"))]
    if std::env::var_os("HONGBAO_WRITE_VECTORS").is_some() {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");
        std::fs::write(format!("{docs}/fairness-vectors.json"), &text).unwrap();
        std::fs::write(format!("{docs}/fairness-example.json"), &packet).unwrap();
        return;
    }
    assert_eq!(text, vectors::FILE, "docs/fairness-vectors.json is not what the code gives");
    let file = include_str!("../../../docs/fairness-example.json");
    assert_eq!(packet, file, "docs/fairness-example.json is not what the code gives");
}

#[test]
fn published_vectors_hold() {
    for vector in published() {
        let (terms, seed) = (vector.terms(), vector.split_seed());
        assert_eq!(vector.server_seed.commitment(), vector.commitment, "{}", vector.name);
        assert_eq!(seed.to_hex(), vector.seed, "{}", vector.name);
        let amounts: Vec<_> = Splitter::new(&terms, &seed).collect();
        assert_eq!(amounts, vector.amounts, "{}", vector.name);
        let opened = &amounts[..vector.claimed as usize];
        assert_eq!(best_luck(&terms, opened), vector.best_luck, "{}", vector.name);
    }
}

/// The vectors show what their names promise; a set that stops covering a case is caught here.
#[test]
fn published_vectors_cover_every_kind_of_case() {
    let all = published();
    let some = |what: &dyn Fn(&vectors::Vector) -> bool| assert!(all.iter().any(what));
    for kind in [Kind::Equal, Kind::Lucky, Kind::Exclusive] {
        some(&|v| v.kind == kind && v.client_seed.bytes().is_empty());
        some(&|v| v.kind == kind && !v.client_seed.bytes().is_empty());
    }
    some(&|v| v.client_seed.bytes().len() == 32);
    some(&|v| v.order_no.to_string().starts_with('S'));
    some(&|v| v.order_no.to_string().starts_with('N'));
    some(&|v| v.order_no.is_local());
    some(&|v| v.claimed > 0 && v.claimed < v.shares);
    some(&|v| v.claimed == 0);
    some(&|v| v.total_fen == Fen::MAX);
    some(&|v| v.shares >= 300);
    let lucky = |v: &vectors::Vector| v.kind == Kind::Lucky && v.shares > 1;
    some(&|v| lucky(v) && v.amounts.iter().all(|amount| *amount == Fen::ONE));
    some(&|v| lucky(v) && v.amounts.iter().all(|amount| *amount == v.max_share_fen));
    some(&|v| lucky(v) && v.terms().first_share_range().0 > Fen::ONE);
    some(&|v| {
        let best = v.best_luck.map(|at| v.amounts[at]);
        v.amounts.iter().filter(|amount| Some(**amount) == best).count() > 1
    });
    some(&|v| {
        let seed = v.split_seed();
        let (total, max) = (v.total_fen.get(), v.max_share_fen.get());
        lucky(v) && reference::split(seed.bytes(), total, v.shares.into(), max).1 > 0
    });
}

proptest! {
    #![proptest_config(fixed(200))]

    /// R-FAIR-1 and R-FAIR-3, byte by byte.
    #[test]
    fn layouts_are_those_of_the_requirement(
        server in any::<[u8; 32]>(), client in prop::collection::vec(any::<u8>(), 0..=32),
        order_no in any_order_no(), terms in any_terms(),
    ) {
        let server_seed = ServerSeed::from_bytes(server);
        let commitment: [u8; 32] = Sha256::digest([b"hongbao/v1/commit".as_slice(), &server].concat()).into();
        prop_assert_eq!(server_seed.commitment(), Commitment::from_bytes(commitment));

        let kind = match terms.kind() { Kind::Equal => 0, Kind::Lucky => 1, Kind::Exclusive => 2 };
        let mut bytes = b"hongbao/v1/split".to_vec();
        bytes.extend(server);
        bytes.push(client.len() as u8);
        bytes.extend(&client);
        bytes.extend(order_no.to_string().bytes());
        bytes.push(0);
        bytes.extend(terms.total().get().to_be_bytes());
        bytes.extend(terms.shares().to_be_bytes());
        bytes.extend(terms.max_share().get().to_be_bytes());
        bytes.push(kind);
        prop_assert_eq!(bytes.len(), 16 + 32 + 1 + client.len() + 15 + 1 + 8 + 4 + 8 + 1);
        let expected: [u8; 32] = Sha256::digest(&bytes).into();
        let client = ClientSeed::new(client).unwrap();
        let seed = server_seed.split_seed(&client, order_no, &terms);
        prop_assert_eq!(seed.bytes(), &expected);
    }

    /// R-FAIR-3: every input moves the seed, so nothing can be changed afterwards.
    #[test]
    fn every_input_is_bound(
        server in any::<[u8; 32]>(), client in prop::collection::vec(any::<u8>(), 0..=31),
        order_no in any_order_no(), other in any_order_no(), bit in 0_usize..256,
    ) {
        let terms = |kind, total, shares, max| {
            Terms::new(kind, Fen::new(total).unwrap(), shares, Fen::new(max).unwrap()).unwrap()
        };
        let base_terms = terms(Kind::Lucky, 1000, 10, 500);
        let base_client = ClientSeed::new(client.clone()).unwrap();
        let base_server = ServerSeed::from_bytes(server);
        let base = base_server.split_seed(&base_client, order_no, &base_terms);

        let mut flipped = server;
        flipped[bit / 8] ^= 1 << (bit % 8);
        let flipped = ServerSeed::from_bytes(flipped);
        prop_assert_ne!(flipped.commitment(), base_server.commitment());
        prop_assert_ne!(flipped.split_seed(&base_client, order_no, &base_terms), base);
        let longer = ClientSeed::new([client, vec![0]].concat()).unwrap();
        prop_assert_ne!(base_server.split_seed(&longer, order_no, &base_terms), base);
        if other != order_no {
            prop_assert_ne!(base_server.split_seed(&base_client, other, &base_terms), base);
        }
        for changed in [
            terms(Kind::Equal, 1000, 10, 500), terms(Kind::Lucky, 1001, 10, 500),
            terms(Kind::Lucky, 1000, 11, 500), terms(Kind::Lucky, 1000, 10, 501),
        ] {
            prop_assert_ne!(base_server.split_seed(&base_client, order_no, &changed), base);
        }
    }

    /// R-FAIR-3: sample 0 is the packet's own split; no other tells anything about it.
    #[test]
    fn samples_are_seeds_of_their_own(seed in any::<[u8; 32]>(), k in 1_u64.., other in any::<u64>()) {
        let first = Seed::from_bytes(seed);
        prop_assert_eq!(first.sample(0), first);
        let bytes = [b"hongbao/v1/sample".as_slice(), &seed, &k.to_be_bytes()].concat();
        let expected: [u8; 32] = Sha256::digest(&bytes).into();
        prop_assert_eq!(first.sample(k), Seed::from_bytes(expected));
        prop_assert!(other == k || first.sample(other) != first.sample(k));
    }

    /// Hex there and back, and only in lower case and full length.
    #[test]
    fn hex_is_canonical(bytes in any::<[u8; 32]>(), len in 0_usize..=32) {
        let seed = ServerSeed::from_bytes(bytes);
        let text = seed.to_hex();
        prop_assert_eq!(ServerSeed::from_hex(&text), Ok(seed));
        prop_assert!(ServerSeed::from_hex(&text[..62]).is_err());
        prop_assert!(ServerSeed::from_hex(&text[..63]).is_err());
        let longer = format!("{text}00");
        prop_assert!(ServerSeed::from_hex(&longer).is_err());
        let upper = text.to_uppercase();
        prop_assert!(upper == text || ServerSeed::from_hex(&upper).is_err());
        let client = ClientSeed::new(bytes[..len].to_vec()).unwrap();
        prop_assert_eq!(ClientSeed::from_hex(&client.to_hex()), Ok(client));
    }
}

/// R-FAIR-2.
#[test]
fn client_seeds_hold_up_to_32_bytes_of_lower_case_hex() {
    assert_eq!(ClientSeed::from_hex("").unwrap(), ClientSeed::default());
    assert!(ClientSeed::new(vec![0; 32]).is_some() && ClientSeed::new(vec![0; 33]).is_none());
    assert!(ClientSeed::from_hex(&"00".repeat(32)).is_ok());
    for bad in ["0", "AB", "zz", " 00", "0x00", "００", &"00".repeat(33), &"0".repeat(63)] {
        assert!(ClientSeed::from_hex(bad).is_err(), "{bad:?}");
        assert!(serde_json::from_value::<ClientSeed>(bad.into()).is_err(), "{bad:?}");
    }
    assert_eq!(
        serde_json::to_string(&ClientSeed::new(vec![0xab, 0]).unwrap()).unwrap(),
        "\"ab00\""
    );
}

/// R-FAIR-5: what must stay secret while a packet is open has no place in a log.
#[test]
fn debug_hides_secrets() {
    let server = ServerSeed::from_bytes([0xab; 32]);
    let seed = Seed::from_bytes([0xab; 32]);
    let terms = Terms::new(Kind::Lucky, Fen::new(100).unwrap(), 2, Fen::MAX).unwrap();
    let splitter = Splitter::new(&terms, &seed);
    for shown in [format!("{server:?}"), format!("{seed:?}"), format!("{splitter:?}")] {
        // 0xab, 171: neither as hex nor as a decimal byte or word.
        let word = u32::from_le_bytes([0xab; 4]).to_string();
        assert!(!shown.contains("abab") && !shown.contains("171"), "{shown}");
        assert!(!shown.contains(&word), "{shown}");
    }
    // A commitment is public.
    assert!(format!("{:?}", server.commitment()).contains(&server.commitment().to_hex()));
}

/// Two packets with the same terms and server seed differ by their numbers alone.
#[test]
fn order_numbers_separate_packets() {
    let vectors = published();
    let vector = vectors.iter().find(|v| v.shares >= 100).unwrap();
    let other = vectors.iter().find(|v| v.order_no != vector.order_no).unwrap();
    let seed = vector.server_seed.split_seed(&vector.client_seed, other.order_no, &vector.terms());
    assert_ne!(cut(&vector.terms(), &seed), cut(&vector.terms(), &vector.split_seed()));
}
