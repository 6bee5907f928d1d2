//! Accounts of the version before: login names that were names, look-alikes, and passwords that
//! were hashed as they were typed (R-PEOPLE-4).

use super::{World, refused, settings};
use crate::{common::ManualClock, postgres};
use argon2::{Argon2, Params, PasswordHasher};
use hongbao_domain::{
    store::{Database as _, people::LoginStore},
    text,
};
use hongbao_engine::groups::GroupsSettings;
use hongbao_shared::{
    ErrorCode, Limits, UserId,
    api::accounts::{Credentials, ProfileChange},
};
use hongbao_storage::{Database, Schema, SqlPeople};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};
use std::sync::Arc;

const NFC: &str = "caf\u{e9} au lait";
const NFD: &str = "cafe\u{301} au lait";

/// What came after login names.
const WITHOUT_PROGRAMS: &str = "DROP TABLE journal; DROP TABLE journal_head;
     ALTER TABLE members DROP COLUMN pinned;
     DROP TABLE pushes; DROP TABLE push_subscriptions; DROP TABLE push_keys;
     DROP TABLE keyed_calls; DROP TABLE webhook_attempts; DROP TABLE webhook_events;
     DROP TABLE webhooks; DROP TABLE service_acts; DROP TABLE linked_rooms;
     DROP TABLE linked_people; DROP TABLE service_tokens; DROP TABLE services;";

/// Takes a database back to the migrations before login names were apart.
fn undo(version: i64) -> String {
    format!(
        "{WITHOUT_PROGRAMS}
         DROP INDEX users_without_login_key; DROP INDEX users_login_key_unique;
         ALTER TABLE users DROP COLUMN login_key; ALTER TABLE users DROP COLUMN login_name;
         DELETE FROM _sqlx_migrations WHERE version >= {version};"
    )
}

fn hash(password: &str) -> String {
    let params = Params::new(8, 1, Params::DEFAULT_P_COST, None).unwrap();
    let hasher = Argon2::from(params);
    hasher.hash_password_with_salt(password.as_bytes(), &[7; 16]).unwrap().to_string()
}

/// As the version before wrote them.
fn account(id: i64, name: &str, password: &str) -> String {
    format!(
        "INSERT INTO users (id, name, avatar, account_key, password_hash, created_at)
         VALUES ({id}, '{name}', 'a00', '{}', '{}', 1);",
        name.to_lowercase(),
        hash(password)
    )
}

/// Three that look alike, the imitators first, and enough others for several pages.
fn old_accounts() -> String {
    let mut rows = account(1, "Ann\u{200b}", "imitates ann") + &account(2, "Ａnn", "as well!");
    rows += &(account(3, "Ann", NFD) + &account(4, "Rene\u{301}", NFC));
    for id in 100..1_200 {
        rows += &account(id, &format!("Person {id}"), "x").replace(&hash("x"), "$none");
    }
    rows + "INSERT INTO users (id, name, avatar, created_at) VALUES (5, 'guest', 'a00', 1);"
}

async fn sign_in(
    world: &World,
    name: &str,
    password: &str,
) -> Result<i64, hongbao_domain::Refusal> {
    let credentials = Credentials { name: name.to_owned(), password: password.to_owned() };
    world.accounts.sign_in(credentials, "").await.map(|signed_in| signed_in.user.id.get())
}

async fn go_on(world: World) {
    let registered = async |name: &str| {
        let credentials = Credentials { name: name.to_owned(), password: NFC.to_owned() };
        world.accounts.register(credentials, "").await
    };
    // Everybody by exactly their name; whoever is imitated by whatever looks like it.
    assert_eq!(sign_in(&world, "ann\u{200b}", "imitates ann").await.unwrap(), 1);
    assert_eq!(sign_in(&world, "Ａnn", "as well!").await.unwrap(), 2);
    for name in ["Ann", "ANN", "A\u{200d}nn", "ａｎｎ\u{3164}"] {
        assert_eq!(sign_in(&world, name, NFD).await.unwrap(), 3, "{name:?}");
        refused(registered(name).await, ErrorCode::NameTaken);
    }
    for name in ["Ren\u{e9}", "Rene\u{301}", "RENE\u{301}"] {
        assert_eq!(sign_in(&world, name, NFC).await.unwrap(), 4, "{name:?}");
        refused(registered(name).await, ErrorCode::NameTaken);
    }
    for name in ["Person 100", "person\u{a0}1199"] {
        refused(registered(name).await, ErrorCode::NameTaken);
    }
    registered("Person 1200").await.unwrap();

    // Hashed as it was typed: the first sign-in that matches has it match however it is typed.
    assert_eq!(sign_in(&world, "Ann", NFC).await.unwrap(), 3);
    assert_eq!(sign_in(&world, "René", NFD).await.unwrap(), 4);
    refused(sign_in(&world, "Ann", "cafe au lait").await, ErrorCode::WrongCredentials);

    // The name of before is what they go on to sign in with.
    let rene = UserId::new(4).unwrap();
    let change = ProfileChange { name: Some("R.".to_owned()), avatar: None };
    let changed = world.accounts.change_profile(rene, change).await.unwrap();
    assert_eq!(changed.login_name.as_deref(), Some("Rene\u{301}"));
    assert_eq!(sign_in(&world, "rené", NFC).await.unwrap(), 4);
    let guest = world.accounts.me(UserId::new(5).unwrap()).await.unwrap();
    assert_eq!((guest.is_guest, guest.login_name), (true, None));
}

fn world(database: Database) -> World {
    let (folder, clock) =
        (tempfile::tempdir().unwrap(), Arc::new(ManualClock::at(super::NEW_YEAR)));
    World::on(database, folder, clock, Limits::default(), settings(), &GroupsSettings::default())
}

#[tokio::test]
async fn old_accounts_go_on_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.sqlite");
    Database::open_file(&file, Schema::People).await.unwrap().close().await;
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let old = format!("BEGIN; {} {} COMMIT;", undo(4), old_accounts());
    sqlx::raw_sql(AssertSqlSafe(old)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let database = Database::open_file(&file, Schema::People).await.unwrap();
    for _ in 0..2 {
        SqlPeople::new(database.clone()).fill_login_keys().await.unwrap();
    }
    go_on(world(database)).await;
}

/// While nodes are replaced one by one, the old ones go on making accounts without a key.
#[tokio::test]
async fn old_accounts_go_on_in_postgres() {
    let link = postgres::link();
    Database::open_link(&link, Schema::People).await.unwrap();
    let mut connection = PgConnection::connect(&link.url).await.unwrap();
    let path = format!("SET search_path = {};", link.namespace);
    let old = path + &undo(2) + &old_accounts();
    sqlx::raw_sql(AssertSqlSafe(old)).execute(&mut connection).await.unwrap();
    let database = Database::open_link(&link, Schema::People).await.unwrap();
    // Nodes that start together.
    let people = SqlPeople::new(database.clone());
    futures::future::try_join_all((0..4).map(|_| people.fill_login_keys())).await.unwrap();

    let late = account(6, "Late", NFC) + &account(7, "La\u{200b}te", NFC);
    sqlx::raw_sql(AssertSqlSafe(late)).execute(&mut connection).await.unwrap();
    let found = async |name: &str| {
        let login = people.login(name, &text::key(name)).await.unwrap();
        login.map(|login| login.profile.id.get())
    };
    assert_eq!(found("LATE").await, Some(6));
    assert_eq!(found("la\u{200b}te").await, Some(7));
    assert_eq!(found("ｌate").await, None, "not before the next start");
    people.fill_login_keys().await.unwrap();
    assert_eq!(found("ｌate").await, Some(6));
    assert_eq!(found("la\u{200b}te").await, Some(7));
    go_on(world(database)).await;
}

/// R-PEOPLE-4: keys of before looks were compared are made anew; whoever looks like somebody else
/// now goes on by exactly their name, and by a password that would be none today (R-PEOPLE-1).
async fn look_alikes_go_on(world: World) {
    for (id, name) in [(1, "Аnn"), (2, "Ann"), (3, "Вася")] {
        assert_eq!(sign_in(&world, name, "        ").await.unwrap(), id, "{name}");
    }
    for name in ["ann", "ANN", "ВАСЯ", "Bася"] {
        let credentials = Credentials { name: name.to_owned(), password: NFC.to_owned() };
        let registered = world.accounts.register(credentials, "").await;
        let code = if name == "Bася" { ErrorCode::NameInvalid } else { ErrorCode::NameTaken };
        refused(registered, code);
    }
}

fn with_keys_of_before(version: i64) -> String {
    let mut rows =
        format!("{WITHOUT_PROGRAMS} DELETE FROM _sqlx_migrations WHERE version >= {version};");
    for (id, name) in [(1, "Аnn"), (2, "Ann"), (3, "Вася")] {
        rows += &account(id, name, "        ");
    }
    rows + "UPDATE users SET login_key = account_key;"
}

#[tokio::test]
async fn look_alikes_of_before_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.sqlite");
    Database::open_file(&file, Schema::People).await.unwrap().close().await;
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(with_keys_of_before(5))).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let link = postgres::link();
    Database::open_link(&link, Schema::People).await.unwrap().close().await;
    let mut connection = PgConnection::connect(&link.url).await.unwrap();
    let old = format!("SET search_path = {}; {}", link.namespace, with_keys_of_before(3));
    sqlx::raw_sql(AssertSqlSafe(old)).execute(&mut connection).await.unwrap();
    for database in [
        Database::open_file(&file, Schema::People).await.unwrap(),
        Database::open_link(&link, Schema::People).await.unwrap(),
    ] {
        SqlPeople::new(database.clone()).fill_login_keys().await.unwrap();
        look_alikes_go_on(world(database)).await;
    }
}
