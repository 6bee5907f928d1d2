//! What administrators and services did (R-API-6).

use super::{Case, Law, People, Place, copy_of, corrupt, try_all};
use crate::scene::Scene;

#[tokio::test]
async fn of_the_journal() {
    try_all(Scene::at_rest().await, true, CASES).await;
}

const fn case(sql: &'static str) -> Case {
    Case { file: People, sql, laws: &[Law::JournalIsWhole], about: Place("journal") }
}

/// Five entries: three of somebody, of which the last is among two that cover acts and remove
/// them.
pub(super) const CASES: &[Case] = &[
    case("UPDATE journal SET detail = '{\"amount_fen\":1}' WHERE seq = 2"),
    case("UPDATE journal SET at = at + 1 WHERE seq = 2"),
    case("UPDATE journal SET user_id = 8 WHERE seq = 2"),
    case("UPDATE journal SET user_id = NULL WHERE seq = 2"),
    case("UPDATE journal SET what = 'reconcile' WHERE seq = 2"),
    case("UPDATE journal SET hash = zeroblob(32) WHERE seq = 2"),
    case("UPDATE journal SET hash = x'00' WHERE seq = 2"),
    case("DELETE FROM journal WHERE seq = 1"),
    case("DELETE FROM journal WHERE seq = 2"),
    case("DELETE FROM journal WHERE seq = 6"),
    case("DELETE FROM journal_head"),
    case("UPDATE journal_head SET hash = zeroblob(32)"),
    case("UPDATE journal_head SET acts_sealed = 0"),
    case("UPDATE journal_head SET seals_removed = 5"),
    case(
        "UPDATE journal SET seq = 99 WHERE seq = 1; UPDATE journal SET seq = 1 WHERE seq = 2;
         UPDATE journal SET seq = 2 WHERE seq = 99",
    ),
    // What services did, as far as an entry covers it.
    case("UPDATE service_acts SET call = 'PUT /c' WHERE call = 'PUT /b'"),
    case("UPDATE service_acts SET at = at - 1 WHERE call = 'PUT /b'"),
    case("DELETE FROM service_acts WHERE call = 'PUT /b'"),
    case("INSERT INTO service_acts (id, service_id, call, at) VALUES (1, 1, 'PUT /a', 0)"),
];

/// The first entry that is broken is named, and no other.
#[tokio::test]
async fn the_broken_entry_is_named() {
    let origin = Scene::at_rest().await.close().await;
    for (sql, said) in [
        (
            "UPDATE journal SET detail = '{}' WHERE seq IN (2, 3)",
            "entry 2 does not follow from those before it: it was changed",
        ),
        ("DELETE FROM journal WHERE seq = 3", "entry 3 is missing"),
        ("DELETE FROM journal WHERE seq = 6", "entry 6 is missing"),
        (
            "DELETE FROM service_acts WHERE call = 'PUT /b'",
            "acts of services above 1, up to 2, are not those that entry 5 covers",
        ),
    ] {
        let folder = copy_of(&origin);
        corrupt(folder.path(), People, sql).await.unwrap();
        let report = Scene::on(folder).await.audit(true).await;
        let found = report.violations.listed();
        assert_eq!(found.len(), 1, "{report}");
        assert!(found[0].what.contains(said), "{sql}\n{report}");
    }
}

/// Cut off with its head, a chain is whole again: that only shows by a head that was noted
/// elsewhere, which is why the report says it.
#[tokio::test]
async fn a_cut_off_end_shows_by_the_head() {
    let scene = Scene::at_rest().await;
    let noted = scene.audit(true).await;
    let folder = scene.close().await;
    let cut = "DELETE FROM journal WHERE seq > 3; DELETE FROM service_acts;
               UPDATE journal_head SET seq = 3, acts_sealed = 0, seals_removed = 0,
               hash = (SELECT hash FROM journal WHERE seq = 3)";
    corrupt(folder.path(), People, cut).await.unwrap();
    let cut = Scene::on(folder).await.audit(true).await;
    assert!(cut.is_clean(), "{cut}");
    let (noted, cut) = (noted.to_string(), cut.to_string());
    assert!(noted.contains("journal: ends with entry 6 "), "{noted}");
    assert!(cut.contains("journal: ends with entry 3 "), "{cut}");
}
