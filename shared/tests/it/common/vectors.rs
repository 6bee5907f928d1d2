//! The published test vectors, `docs/fairness-vectors.json`: read back, and made anew.

use super::{fen, reference};
use hongbao_shared::{
    Day, Fen, Kind, OrderNo, Shard, Site, Splitter, Terms,
    fairness::{ClientSeed, Commitment, Seed, ServerSeed},
    order_no::SEQUENCE_END,
    split::best_luck,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The file as it is in the repository.
pub(crate) const FILE: &str = include_str!("../../../../docs/fairness-vectors.json");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    /// What it shows.
    pub(crate) name: String,
    pub(crate) server_seed: ServerSeed,
    pub(crate) client_seed: ClientSeed,
    pub(crate) order_no: OrderNo,
    pub(crate) kind: Kind,
    pub(crate) total_fen: Fen,
    pub(crate) shares: u32,
    pub(crate) max_share_fen: Fen,
    /// How many shares were opened; fewer than `shares` in a packet that expired.
    pub(crate) claimed: u32,
    pub(crate) commitment: Commitment,
    /// The split seed as hex; `Seed` itself has no text form that could reach an answer.
    pub(crate) seed: String,
    /// All shares in the order of opening, opened or not.
    pub(crate) amounts: Vec<Fen>,
    /// The index of the best luck, if there is one.
    pub(crate) best_luck: Option<usize>,
}

impl Vector {
    pub(crate) fn terms(&self) -> Terms {
        Terms::new(self.kind, self.total_fen, self.shares, self.max_share_fen).unwrap()
    }
    pub(crate) fn split_seed(&self) -> Seed {
        self.server_seed.split_seed(&self.client_seed, self.order_no, &self.terms())
    }
}

/// The vectors of the file.
pub(crate) fn published() -> Vec<Vector> {
    serde_json::from_str(FILE).unwrap()
}

/// A row of the table below: name, kind, total, shares, most per share, order number, bytes of
/// client seed, shares left unopened.
type Row = (&'static str, Kind, u64, u32, u64, OrderNo, usize, u32);

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    use Kind::{Equal, Exclusive, Lucky};
    let south = order(Site::S, 0, 0, false, 1);
    let north = order(Site::N, 3, 17, false, 987_654_321);
    let local = order(Site::N, 2, 30, true, 123_456_789_012);
    let last = order(Site::N, 1023, 30, true, SEQUENCE_END - 1);
    let most = Fen::MAX.get();
    vec![
        ("two shares of ¥200, no client seed", Lucky, 20_000, 2, 20_000, south, 0, 0),
        ("two shares of ¥200, with a client seed", Lucky, 20_000, 2, 20_000, south, 16, 0),
        ("five shares, client seed of one byte", Lucky, 888, 5, 20_000, south, 1, 0),
        ("ten shares, client seed of 32 bytes", Lucky, 8_888, 10, 20_000, north, 32, 0),
        ("one lucky share", Lucky, 1, 1, 20_000, north, 8, 0),
        ("as many fen as shares", Lucky, 10, 10, 20_000, south, 16, 0),
        ("one fen more than shares", Lucky, 11, 10, 20_000, south, 16, 0),
        ("every share full", Lucky, 80_000, 4, 20_000, north, 16, 0),
        ("low mark above 1: one fen short of full", Lucky, 29, 3, 10, north, 16, 0),
        ("low mark above 1 in the middle", Lucky, 50_000, 3, 20_000, south, 16, 0),
        ("the most per share is the high mark", Lucky, 60_000, 5, 20_000, south, 16, 0),
        ("best luck on a tie", Lucky, 12, 6, 20_000, south, 4, 0),
        ("a hundred shares", Lucky, 100_000, 100, 20_000, north, 32, 0),
        ("a hundred shares near the limit", Lucky, 1_500_000, 100, 20_000, north, 32, 0),
        ("three hundred shares, more than the default limit", Lucky, 66_666, 300, 5_000, last, 32, 0),
        ("the largest amount there is", Lucky, most, 3, most, last, 32, 0),
        ("the first draw is refused", Lucky, REFUSING_TOTAL, 2, most, north, 0, 0),
        ("equal shares", Equal, 8_880, 10, 20_000, north, 16, 0),
        ("one equal share, no client seed", Equal, 20_000, 1, 20_000, south, 0, 0),
        ("exclusive", Exclusive, 5_200, 1, 20_000, north, 16, 0),
        ("exclusive, a single fen, no client seed", Exclusive, 1, 1, 20_000, local, 0, 0),
        ("expired with six of ten shares left", Lucky, 16_800, 10, 20_000, local, 16, 6),
        ("expired with one share left", Lucky, 500, 4, 20_000, south, 16, 1),
        ("expired untouched", Lucky, 6_600, 6, 20_000, south, 0, 6),
        ("equal, expired with two of three left", Equal, 300, 3, 20_000, north, 16, 2),
    ]
}

/// One above a range of which 2^64 leaves half a round over, so that one first draw in 4097 is
/// refused; see `rejection.rs`.
const REFUSING_TOTAL: u64 = 9_005_000_768_225_312;

fn order(site: Site, shard: u16, day: u8, local: bool, sequence: u64) -> OrderNo {
    let (shard, day) = (Shard::new(shard).unwrap(), Day::new(day).unwrap());
    OrderNo::new(site, shard, day, local, sequence).unwrap()
}

/// The vectors anew. Seeds are hashes of the names, so that nobody can have picked them.
pub(crate) fn made_anew() -> Vec<Vector> {
    rows().into_iter().map(make).collect()
}

fn make((name, kind, total, shares, max, order_no, client_bytes, unopened): Row) -> Vector {
    let terms = Terms::new(kind, fen(total), shares, fen(max)).unwrap();
    let hash = |what: &str| -> [u8; 32] {
        Sha256::digest(format!("hongbao/v1/vector/{what}/{name}")).into()
    };
    let client_seed = ClientSeed::new(hash("client")[..client_bytes].to_vec()).unwrap();
    let mut server_seed = ServerSeed::from_bytes(hash("server"));
    if total == REFUSING_TOTAL {
        let refuses = |server: &ServerSeed| {
            let seed = server.split_seed(&client_seed, order_no, &terms);
            reference::split(seed.bytes(), total, shares.into(), max).1 > 0
        };
        let tries =
            (0_u32..).map(|try_no| ServerSeed::from_bytes(hash(&format!("server {try_no}"))));
        server_seed = tries.into_iter().find(refuses).unwrap();
    }
    let seed = server_seed.split_seed(&client_seed, order_no, &terms);
    let amounts: Vec<_> = Splitter::new(&terms, &seed).collect();
    let opened = &amounts[..(shares - unopened) as usize];
    Vector {
        name: name.to_owned(),
        server_seed,
        client_seed,
        order_no,
        kind,
        total_fen: terms.total(),
        shares,
        max_share_fen: terms.max_share(),
        claimed: shares - unopened,
        commitment: server_seed.commitment(),
        seed: seed.to_hex(),
        best_luck: best_luck(&terms, opened),
        amounts,
    }
}

/// The file's text: JSON with a field a line, and amounts side by side.
pub(crate) fn written(vectors: &[Vector]) -> String {
    let mut text = String::from("[\n");
    for (at, vector) in vectors.iter().enumerate() {
        let serde_json::Value::Object(fields) = serde_json::to_value(vector).unwrap() else {
            unreachable!("a struct is an object")
        };
        // The order of the struct, not of the alphabet.
        let order = [
            "name",
            "server_seed",
            "client_seed",
            "order_no",
            "kind",
            "total_fen",
            "shares",
            "max_share_fen",
            "claimed",
            "commitment",
            "seed",
            "amounts",
            "best_luck",
        ];
        assert_eq!(order.len(), fields.len());
        text.push_str("  {\n");
        for name in order {
            let value = fields[name].to_string().replace(',', ", ");
            let value = if name == "name" { fields[name].to_string() } else { value };
            let comma = if name == "best_luck" { "" } else { "," };
            writeln!(text, "    \"{name}\": {value}{comma}").unwrap();
        }
        text.push_str(if at + 1 == vectors.len() { "  }\n" } else { "  },\n" });
    }
    text.push_str("]\n");
    text
}
