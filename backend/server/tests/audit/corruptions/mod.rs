//! The smallest corruption of each kind is found, and named by exactly the laws that it
//! breaks, with the number of its packet or with its account. The rooms are in the order of
//! what is corrupted.

mod books;
mod claims;
mod credits;
mod fees;
mod journal;
mod lists;
mod packets;
mod payments;
mod places;
mod refused;
mod unreadable;

use crate::scene::{EPOCH_DAY, Scene, order, user};
use hongbao_domain::store::ledger::Account;
use hongbao_engine::audit::{self, Law, Report, Scope, Subject};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{collections::BTreeSet, fs, path::Path};
use tempfile::TempDir;

/// Which file is corrupted.
#[derive(Clone, Copy, Debug)]
enum In {
    Ledger,
    Orders,
    Cold,
    Lists,
    People,
}
use In::{Cold, Ledger, Lists, Orders, People};

/// What must be named.
#[derive(Clone, Copy, Debug)]
enum About {
    /// A packet by its sequence, and no other.
    Packet(u64),
    /// A person's wallet; no packet is.
    Wallet(i64),
    /// A packet's escrow account; no other packet is.
    Escrow(u64),
    /// A part of a database; no packet is.
    Place(&'static str),
    /// The account of what the house has taken; no packet is.
    Fees,
}
use About::{Escrow, Fees, Packet, Place, Wallet};

/// One corruption.
struct Case {
    file: In,
    /// With `{n}` for the number of packet `n`, `{textn}` for its text, `{day}` for the
    /// calendar day of the packets.
    sql: &'static str,
    /// Exactly the laws that it breaks.
    laws: &'static [Law],
    about: About,
}

/// Every corruption that is tried.
fn cases() -> impl Iterator<Item = &'static Case> {
    [
        books::CASES,
        claims::CASES,
        credits::CASES,
        fees::CASES,
        journal::CASES,
        lists::CASES,
        packets::CASES,
        payments::CASES,
        payments::UNLANDED,
        places::CASES,
        unreadable::CASES,
    ]
    .into_iter()
    .flatten()
}

/// A law that no corruption shows might as well not be checked.
#[test]
fn every_law_has_a_corruption() {
    let covered: BTreeSet<_> = cases().flat_map(|case| case.laws).collect();
    let missing: Vec<_> = Law::ALL.iter().filter(|law| !covered.contains(law)).collect();
    assert!(missing.is_empty(), "no corruption shows {missing:?}");
}

#[tokio::test]
async fn sound_data_is_clean() {
    let scene = Scene::at_rest().await;
    for at_rest in [false, true] {
        let report = scene.audit(at_rest).await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.counts.packets, 6);
        assert_eq!(report.counts.claims, 3 + 2 + 1 + 1 + 2);
        assert_eq!(report.counts.payments, 6);
        assert_eq!(report.counts.transfers, 1 + 6 + 9 + 2);
        // The issuer, the sender, three who opened, an escrow for each packet.
        assert_eq!(report.counts.accounts, 1 + 1 + 3 + 6);
        assert_eq!((report.counts.waiting, report.counts.dead), (0, 0));
        assert!(report.to_string().ends_with("every fen is where it should be"));
    }
}

#[tokio::test]
async fn another_key_opens_no_seed() {
    let report = Scene::at_rest().await.audit_with_key([8; 32]).await;
    assert_eq!(laws(&report), BTreeSet::from([Law::SeedMatchesCommitment]));
    assert_eq!(report.violations.count(), 6);
}

fn laws(report: &Report) -> BTreeSet<Law> {
    report.violations.listed().iter().map(|found| found.law).collect()
}

/// Tries each corruption on a copy of the same scene, which is clean without it.
async fn try_all(scene: Scene, at_rest: bool, cases: &[Case]) {
    let report = scene.audit(at_rest).await;
    assert!(report.is_clean(), "{report}");
    let origin = scene.close().await;
    let mut wrong = Vec::new();
    for case in cases {
        let folder = copy_of(&origin);
        corrupt(folder.path(), case.file, case.sql).await.unwrap();
        let scene = Scene::on(folder).await;
        let report = scene.audit(at_rest).await;
        if !names(&report, case) {
            wrong.push(format!(
                "{}\nshould be {:?} of {:?}\n{report}",
                case.sql, case.laws, case.about
            ));
        }
        by_itself(&scene, at_rest, case, &report).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn names(report: &Report, case: &Case) -> bool {
    let (subject, only) = match case.about {
        Packet(n) => (order(n).into(), Some(order(n))),
        Escrow(n) => (Account::Escrow(order(n)).into(), Some(order(n))),
        Wallet(id) => (Account::Wallet(user(id)).into(), None),
        Place(place) => (Subject::Place(place.to_owned()), None),
        Fees => (Account::Fees.into(), None),
    };
    let found = report.violations.listed();
    let mut packets = found.iter().filter_map(|found| packet_of(&found.subject));
    laws(report) == case.laws.iter().copied().collect()
        && found.iter().any(|found| found.subject == subject)
        && packets.all(|packet| Some(packet) == only)
}

fn packet_of(subject: &Subject) -> Option<hongbao_shared::OrderNo> {
    match subject {
        Subject::Packet(order_no) | Subject::Account(Account::Escrow(order_no)) => Some(*order_no),
        Subject::Account(_) | Subject::Place(_) => None,
    }
}

/// What one look at the packet alone finds is what the whole audit finds of it.
async fn by_itself(scene: &Scene, at_rest: bool, case: &Case, whole: &Report) {
    let (Packet(n) | Escrow(n)) = case.about else { return };
    let alone = audit::packet(&scene.audited(at_rest), order(n)).await.unwrap();
    let of_packet = |report: &Report| -> BTreeSet<Law> {
        let listed = report.violations.listed().iter();
        listed
            .filter(|found| packet_of(&found.subject) == Some(order(n)))
            .map(|found| found.law)
            .filter(|law| law.scope() != Scope::Whole || *law == Law::StoredDataIsReadable)
            .collect()
    };
    assert_eq!(of_packet(&alone), of_packet(whole), "{}\n{alone}", case.sql);
}

fn copy_of(origin: &TempDir) -> TempDir {
    let folder = TempDir::new().unwrap();
    for entry in fs::read_dir(origin.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

async fn open(folder: &Path, file: In) -> SqliteConnection {
    let name = match file {
        Ledger => "ledger.sqlite",
        Orders => "orders.sqlite",
        Cold => "cold.sqlite",
        Lists => "lists.sqlite",
        People => "people.sqlite",
    };
    let options = SqliteConnectOptions::new().filename(folder.join(name));
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// SQL with the numbers of the scene.
fn with_orders(sql: &str) -> String {
    (1..=7)
        .fold(sql.to_owned(), |sql, n| {
            sql.replace(&format!("{{{n}}}"), &order(n).to_bits().to_string())
                .replace(&format!("{{text{n}}}"), &order(n).to_string())
        })
        .replace("{day}", &EPOCH_DAY.to_string())
}

/// Runs SQL behind the code's back; not even the database's own checks are asked.
async fn corrupt(folder: &Path, file: In, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = open(folder, file).await;
    sqlx::query("PRAGMA ignore_check_constraints = ON").execute(&mut connection).await?;
    let changed = run(&mut connection, sql).await?;
    assert!(changed > 0, "{sql} changes something");
    connection.close().await
}

async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<u64, sqlx::Error> {
    let sql = AssertSqlSafe(with_orders(sql));
    Ok(sqlx::raw_sql(sql).execute(connection).await?.rows_affected())
}

/// The list is bounded, the count is not.
#[tokio::test]
async fn too_many_findings_are_counted() {
    let scene = Scene::empty().await;
    corrupt(
        scene.folder.as_ref().unwrap().path(),
        Ledger,
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1500)
         INSERT INTO accounts SELECT 1, 1000 + n, 1, 0 FROM n",
    )
    .await
    .unwrap();
    let violations = scene.audit(true).await.violations;
    assert_eq!(violations.listed().len(), audit::LISTED_MAX);
    assert_eq!(violations.count(), 1_501);
}
