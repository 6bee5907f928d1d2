//! What stands in Redis. The keys carry the version of the form: another form is another
//! key, so that nodes of two versions can run at the same time. What cannot be read is a
//! miss, never an error.

use hongbao_domain::{
    cache::Note,
    store::{
        orders::{ClaimRow, PacketRow, Progress, StoredState},
        people::Dress,
    },
};
use hongbao_shared::{
    Fen, GroupId, Kind, OrderNo, Site, Timestamp, UserId,
    fairness::{ClientSeed, Commitment},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Rises with every change of the forms below, but for that of pre-orders.
const FORM: &str = "hongbao:1";
/// Rises with every change of a pre-order's: it stands nowhere else, and whoever has one then must
/// send anew.
const PRE_ORDER_FORM: &str = "hongbao:1";

/// The rest of the granted block.
pub(super) fn block_key(site: Site) -> String {
    format!("{FORM}:numbers:{site}")
}

/// All keys of a packet stand in one slot of a cluster.
pub(super) fn key(what: &str, order_no: OrderNo) -> String {
    format!("{FORM}:{what}:{{{order_no}}}")
}

pub(super) fn pre_order_key(order_no: OrderNo) -> String {
    format!("{PRE_ORDER_FORM}:pre-order:{{{order_no}}}")
}

/// All that is noted of a person.
pub(super) fn notes_key(user: UserId) -> String {
    format!("{FORM}:notes:{{{user}}}")
}

/// The field of a note.
pub(super) fn note_field(note: Note) -> &'static str {
    match note {
        Note::Profile => "profile",
        Note::Sent => "sent",
        Note::Received => "received",
    }
}

/// The field of its era.
pub(super) fn era_field(note: Note) -> &'static str {
    match note {
        Note::Profile => "profile-era",
        Note::Sent => "sent-era",
        Note::Received => "received-era",
    }
}

pub(super) fn note_to_text(text: &str, era: u64) -> String {
    format!("{era} {text}")
}

/// What was noted, if that was in this era.
pub(super) fn note_from(bytes: &[u8], era: u64) -> Option<Vec<u8>> {
    bytes.strip_prefix(format!("{era} ").as_bytes()).map(<[u8]>::to_vec)
}

/// A packet's row.
#[derive(Serialize, Deserialize)]
struct Row {
    order_no: OrderNo,
    sender_id: UserId,
    group_id: GroupId,
    recipient_id: Option<UserId>,
    kind: Kind,
    total_fen: Fen,
    shares: u32,
    max_share_fen: Fen,
    sealed_server_seed: Vec<u8>,
    client_seed: ClientSeed,
    commitment: Commitment,
    created_at: Timestamp,
    landed_at: Timestamp,
    expires_at: Timestamp,
    state: i64,
    claimed: u32,
    claimed_fen: Fen,
    finished_at: Option<Timestamp>,
}

/// A packet's dress.
#[derive(Serialize, Deserialize)]
struct Wear {
    greeting: String,
    cover: String,
}

/// [`Progress::version`] as one number.
pub(super) fn version(progress: Progress) -> u64 {
    let (ended, claimed) = progress.version();
    (u64::from(ended) << 32) | u64::from(claimed)
}

pub(super) fn packet_to_text(packet: &PacketRow) -> String {
    let PacketRow { progress, .. } = packet;
    text(&Row {
        order_no: packet.order_no,
        sender_id: packet.sender_id,
        group_id: packet.group_id,
        recipient_id: packet.recipient_id,
        kind: packet.kind,
        total_fen: packet.total_fen,
        shares: packet.shares,
        max_share_fen: packet.max_share_fen,
        sealed_server_seed: packet.sealed_server_seed.clone(),
        client_seed: packet.client_seed.clone(),
        commitment: packet.commitment,
        created_at: packet.created_at,
        landed_at: packet.landed_at,
        expires_at: packet.expires_at,
        state: progress.state.number(),
        claimed: progress.claimed,
        claimed_fen: progress.claimed_fen,
        finished_at: progress.finished_at,
    })
}

pub(super) fn packet_from(bytes: &[u8]) -> Option<PacketRow> {
    let row: Row = read(bytes)?;
    Some(PacketRow {
        order_no: row.order_no,
        sender_id: row.sender_id,
        group_id: row.group_id,
        recipient_id: row.recipient_id,
        kind: row.kind,
        total_fen: row.total_fen,
        shares: row.shares,
        max_share_fen: row.max_share_fen,
        sealed_server_seed: row.sealed_server_seed,
        client_seed: row.client_seed,
        commitment: row.commitment,
        created_at: row.created_at,
        landed_at: row.landed_at,
        expires_at: row.expires_at,
        progress: Progress {
            state: StoredState::from_number(row.state)?,
            claimed: row.claimed,
            claimed_fen: row.claimed_fen,
            finished_at: row.finished_at,
        },
    })
}

/// The field of a user's claim: no user is named like another field.
pub(super) fn field(user: UserId) -> String {
    format!("u{user}")
}

pub(super) fn claim_to_text(claim: &ClaimRow) -> String {
    format!("{} {} {}", claim.seq, claim.amount_fen.get(), claim.opened_at.millis())
}

pub(super) fn claim_from(user_id: UserId, bytes: &[u8]) -> Option<ClaimRow> {
    let mut parts = std::str::from_utf8(bytes).ok()?.split(' ');
    let seq = parts.next()?.parse().ok()?;
    let amount_fen = Fen::new(parts.next()?.parse().ok()?)?;
    let opened_at = Timestamp::from_millis(parts.next()?.parse().ok()?);
    Some(ClaimRow { seq, user_id, amount_fen, opened_at })
}

pub(super) fn dress_to_text(dress: &Dress) -> String {
    text(&Wear { greeting: dress.greeting.clone(), cover: dress.cover.clone() })
}

pub(super) fn dress_from(bytes: &[u8]) -> Option<Dress> {
    let Wear { greeting, cover } = read(bytes)?;
    Some(Dress { greeting, cover })
}

pub(super) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain structs have a JSON form")
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let found = serde_json::from_slice(bytes);
    if found.is_err() {
        metrics::counter!("hongbao_shared_cache_unreadable_total").increment(1);
    }
    found.ok()
}

/// What is read of these bytes is written as it was read.
#[cfg(fuzzing)]
pub fn fuzzed(bytes: &[u8]) {
    if let Some(packet) = packet_from(bytes) {
        assert_eq!(packet_from(packet_to_text(&packet).as_bytes()), Some(packet));
    }
    if let Some(dress) = dress_from(bytes) {
        assert_eq!(dress_from(dress_to_text(&dress).as_bytes()), Some(dress));
    }
    let user = UserId::new(1).expect("1 is an id");
    if let Some(claim) = claim_from(user, bytes) {
        assert_eq!(claim_from(user, claim_to_text(&claim).as_bytes()), Some(claim));
    }
    let _ = note_from(bytes, 7);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: &str = r#"{"order_no":"S00G0000000000J","sender_id":"1","group_id":"7","recipient_id":null,"kind":"lucky","total_fen":500,"shares":5,"max_share_fen":20000,"sealed_server_seed":[9,8],"client_seed":"0a","commitment":"abababababababababababababababababababababababababababababababab","created_at":"2026-02-16T12:00:00.000Z","landed_at":"2026-02-16T12:00:01.000Z","expires_at":"2026-02-17T12:00:01.000Z","state":0,"claimed":1,"claimed_fen":100,"finished_at":null}"#;

    /// R-CACHE-2: nodes of the version before read what these keys and texts are. Another form
    /// is another number in its keys, and a node finds nothing under those of another.
    #[test]
    fn forms_are_what_they_were() {
        let order_no = "S00G0000000000J".parse().unwrap();
        let user = UserId::new(7).unwrap();
        let keys = [
            pre_order_key(order_no),
            key("packet", order_no),
            key("dress", order_no),
            notes_key(user),
            block_key(Site::S),
        ];
        let pinned = [
            "hongbao:1:pre-order:{S00G0000000000J}",
            "hongbao:1:packet:{S00G0000000000J}",
            "hongbao:1:dress:{S00G0000000000J}",
            "hongbao:1:notes:{7}",
            "hongbao:1:numbers:S",
        ];
        assert_eq!(keys, pinned);
        let packet = packet_from(PACKET.as_bytes()).unwrap();
        assert_eq!(packet_to_text(&packet), PACKET);
        let claim = claim_from(user, b"3 150 1771243200000").unwrap();
        assert_eq!((claim.seq, claim.amount_fen), (3, Fen::new(150).unwrap()));
        assert_eq!(
            (field(user), claim_to_text(&claim)),
            ("u7".into(), "3 150 1771243200000".into())
        );
        let dress = dress_from(r#"{"greeting":"恭喜","cover":"red"}"#.as_bytes()).unwrap();
        assert_eq!(dress_to_text(&dress), r#"{"greeting":"恭喜","cover":"red"}"#);
        let fields = [Note::Profile, Note::Sent, Note::Received]
            .map(|note| (note_field(note), era_field(note)));
        assert_eq!(
            fields,
            [("profile", "profile-era"), ("sent", "sent-era"), ("received", "received-era")]
        );
        assert_eq!(
            (note_to_text("{}", 4).as_str(), note_from(b"4 {}", 4)),
            ("4 {}", Some(b"{}".to_vec()))
        );
        // Of a kind, or in a state, of a later version.
        for later in
            [PACKET.replace("lucky", "later"), PACKET.replace("\"state\":0", "\"state\":9")]
        {
            assert!(later != PACKET && packet_from(later.as_bytes()).is_none());
        }
    }
}
