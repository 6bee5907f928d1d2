use super::*;
use crate::packets::Tickets;
use hongbao_domain::runtime::SystemEntropy;
use hongbao_shared::{ErrorCode, OrderNo, Timestamp, UserId, fairness::ServerSeed};
use seal::{Sealer, Unsealable};
use std::path::Path;

fn with_data(data: &Path) -> Config {
    let mut config = Config::default();
    config.storage.data = data.to_owned();
    config
}

fn order_no() -> OrderNo {
    OrderNo::from_bits(7).unwrap()
}

#[test]
fn the_first_key_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = Keys::obtain(&with_data(&data), &SystemEntropy).unwrap();
    let again = Keys::obtain(&with_data(&data), &SystemEntropy).unwrap();
    assert_eq!(first.ids(), again.ids());
    let text = std::fs::read_to_string(data.join("keys/master.key")).unwrap();
    assert!(!format!("{first:?}").contains(text.trim()));
    assert!(!text.contains(&first.sealing().to_string()), "an id tells nothing of its key");

    let files: Vec<_> = std::fs::read_dir(data.join("keys")).unwrap().flatten().collect();
    assert_eq!(files.len(), 1, "no draft stays behind");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = files[0].path();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let open = Keys::obtain(&with_data(&data), &SystemEntropy).unwrap_err().to_string();
        assert!(open.ends_with("others may read the key; `chmod 600` it"), "{open}");
    }
}

#[test]
fn a_lost_key_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("orders")).unwrap();
    std::fs::write(folder.path().join("orders").join("S-0.db"), b"rows").unwrap();
    let lost = Keys::obtain(&with_data(folder.path()), &SystemEntropy).unwrap_err();
    assert!(lost.to_string().contains("the key is missing"), "{lost}");
}

/// Every seal and ticket names its key, so that what was sealed before a rotation opens
/// after it, and a key that is not there is named.
#[test]
fn seals_and_tickets_outlive_a_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let obtain = || Keys::obtain(&with_data(folder.path()), &SystemEntropy).unwrap();
    let (no, user, now) = (order_no(), UserId::new(5).unwrap(), Timestamp::from_millis(0));
    let seed = ServerSeed::from_bytes([3; 32]);
    let keys = obtain();
    let old = Sealer::new(&keys).seal(no, &seed, &SystemEntropy);
    let ticket = Tickets::new(&keys, 60).issue(no, user, now);
    let unnamed = &old[hongbao_domain::keys::KEY_ID_BYTES..];

    let files = keys.folder().unwrap();
    let added = files.add(&SystemEntropy).unwrap();
    assert_eq!((obtain().sealing(), obtain().ids().len()), (keys.sealing(), 2));
    files.seal_with(added).unwrap();
    let rotated = obtain();
    assert_eq!(rotated.sealing(), added);
    let sealer = Sealer::new(&rotated);
    let new = sealer.seal(no, &seed, &SystemEntropy);
    for (sealed, id) in [(&*old, keys.sealing()), (unnamed, keys.sealing()), (&new, added)] {
        assert_eq!(sealer.open(no, sealed).unwrap().bytes(), seed.bytes());
        assert_eq!(sealer.key_of(no, sealed), Some(id));
        let other = OrderNo::from_bits(8).unwrap();
        assert_eq!(sealer.open(other, sealed).unwrap_err(), Unsealable::Refused);
    }
    for length in 0..old.len() {
        sealer.open(no, &old[..length]).unwrap_err();
    }
    let tickets = Tickets::new(&rotated, 60);
    tickets.check(&ticket, no, user, now).unwrap();
    let newer = tickets.issue(no, user, now);
    assert_ne!(newer, ticket);

    // A node that has the file, and reads its folder a moment later than the one that seals.
    let (behind, behind_tickets) = (Sealer::new(&keys), Tickets::new(&keys, 60));
    assert_eq!(behind.open(no, &new).unwrap().bytes(), seed.bytes());
    behind_tickets.check(&newer, no, user, now).unwrap();
    std::fs::remove_file(folder.path().join(format!("keys/{added}.key"))).unwrap();
    assert_eq!(behind.open(no, &new).unwrap_err(), Unsealable::KeyMissing(added));
    let refused = behind_tickets.check(&newer, no, user, now);
    assert_eq!(refused, Err(ErrorCode::TicketInvalid));
}

/// The same bytes each time.
#[derive(Debug)]
struct Fives;

impl Entropy for Fives {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(5);
    }
}

/// R-STORE-7: what databases hold sealed, and people as tickets, opens in every version: the bytes
/// are what they were under this key.
#[test]
fn seals_and_tickets_are_what_they_were() {
    const SEAL: &str = "7ae28d4a050505050505050505050505050505050505050505050505bae386de1491a64132246888cf32ca51c00931afe91c5dab2d5be1baf7df6c99b867568257fc98950b7bb7b0d8cc4222";
    const TICKET: &str = "euKNSgAAAAAAAOpgKgAvNdPiZRuJuZY2pWYKCw";
    const SECRET: &str = "7ae28d4a050505050505050505050505050505050505050505050505d79baace28ff0f0308f051053394e8f98b4188da56ba";
    let folder = tempfile::tempdir().unwrap();
    crate::files::make_private(&folder.path().join("keys")).unwrap();
    let file = folder.path().join("keys/master.key");
    crate::files::replace(&file, "ab".repeat(32).as_bytes()).unwrap();
    let keys = Keys::obtain(&with_data(folder.path()), &SystemEntropy).unwrap();
    let hex = data_encoding::HEXLOWER;
    let (no, user, now) = (order_no(), UserId::new(5).unwrap(), Timestamp::from_millis(0));
    let (seed, sealer) = (ServerSeed::from_bytes([3; 32]), Sealer::new(&keys));
    assert_eq!(hex.encode(&sealer.seal(no, &seed, &Fives)), SEAL);
    let bytes = hex.decode(SEAL.as_bytes()).unwrap();
    assert_eq!(sealer.open(no, &bytes).unwrap().bytes(), seed.bytes());
    let tickets = Tickets::new(&keys, 60);
    assert_eq!(tickets.issue(no, user, now), TICKET);
    tickets.check(TICKET, no, user, now).unwrap();
    let hook = hongbao_shared::WebhookId::new(9).unwrap();
    assert_eq!(
        hex.encode(
            &secret::seal(&keys, secret::Purpose::Webhook(hook), b"secret", &Fives).unwrap().0
        ),
        SECRET
    );
}

#[test]
fn a_ring_that_cannot_be_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let config = with_data(folder.path());
    let keys = Keys::obtain(&config, &SystemEntropy).unwrap();
    let files = folder.path().join("keys");
    let said = || Keys::obtain(&config, &SystemEntropy).unwrap_err().to_string();

    std::fs::write(files.join("sealing"), "01020304").unwrap();
    assert!(said().ends_with("the key 01020304, which is to seal, is missing"), "{}", said());
    std::fs::write(files.join("sealing"), "the first").unwrap();
    assert!(said().contains("sealing must be 8 symbols of hex"), "{}", said());
    std::fs::remove_file(files.join("sealing")).unwrap();

    std::fs::copy(files.join("master.key"), files.join("01020304.key")).unwrap();
    let expected = format!("the file holds the key {}, not 01020304", keys.sealing());
    assert!(said().ends_with(&expected), "{}", said());
    let twice = files.join(format!("{}.key", keys.sealing()));
    std::fs::rename(files.join("01020304.key"), &twice).unwrap();
    assert!(said().ends_with("is there twice"), "{}", said());

    let mut config = Config::default();
    config.storage.keys = folder.path().join("elsewhere");
    let said = KeysFolder::of(&config).read().err().unwrap().to_string();
    assert!(said.contains("there is no key; where there is data, put back those"), "{said}");
}

/// Tickets with made-up ids read nothing: only a folder that has changed is looked into again
/// for a key that the ring lacks (R-CTRL-6, R-STORE-7).
#[test]
fn a_missing_key_is_looked_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::obtain(&with_data(folder.path()), &SystemEntropy).unwrap();
    let files = keys.folder().unwrap();
    let touch = |at| std::fs::File::open(files.path()).unwrap().set_modified(at).unwrap();
    let then = SystemTime::UNIX_EPOCH;
    let later = then + Duration::from_secs(1);
    touch(then);
    assert!(keys.find(KeyId::from_bytes([7; hongbao_domain::keys::KEY_ID_BYTES])).is_none());
    let added = files.add(&SystemEntropy).unwrap();
    touch(then);
    assert!(keys.find(added).is_none(), "it was not looked for");
    touch(later);
    assert_eq!(keys.find(added).unwrap().id, added);
    std::fs::remove_file(files.path().join(format!("{added}.key"))).unwrap();
    touch(then);
    assert!(keys.find(added).is_none());
    let own = keys.sealing();
    assert!(Arc::ptr_eq(&keys.find(own).unwrap(), &keys.find(own).unwrap()), "and is no copy");
}
