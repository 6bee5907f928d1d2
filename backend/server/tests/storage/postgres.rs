//! A PostgreSQL server that answers and takes no writes, and takes them again: what a standby, a
//! right that was taken away or a role that may not sign in does. None of it is final (R-MONEY-6).

use crate::{SETTINGS, common::server::TestServer, fleet, traffic::Traffic};
use hongbao_fleet::Postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// What somebody does to the databases, and takes back.
struct Hindrance {
    begin: &'static [&'static str],
    end: &'static [&'static str],
}

/// 25006, `read_only_sql_transaction`.
const READ_ONLY: Hindrance = Hindrance {
    begin: &["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"],
    end: &["ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"],
};
/// 42501, `insufficient_privilege`, on connections that live on.
const NO_RIGHT: Hindrance = Hindrance {
    begin: &["DO $$ DECLARE name text; BEGIN
         FOR name IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'hongbao%' LOOP
             EXECUTE format('REVOKE INSERT, UPDATE ON ALL TABLES IN SCHEMA %I FROM app', name);
         END LOOP; END $$"],
    end: &["DO $$ DECLARE name text; BEGIN
         FOR name IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'hongbao%' LOOP
             EXECUTE format('GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA %I TO app', name);
         END LOOP; END $$"],
};
/// 57P01, `admin_shutdown`, and then 28000, `invalid_authorization_specification`.
const NO_LOGIN: Hindrance = Hindrance {
    begin: &[
        "ALTER ROLE app NOLOGIN",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'",
    ],
    end: &["ALTER ROLE app LOGIN"],
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_writes() {
    let settings = [("fsync", "off"), ("full_page_writes", "off"), ("max_connections", "200")];
    let postgres = Postgres::start(&settings).unwrap();
    let url = postgres.url();
    run(&url, &["CREATE ROLE app LOGIN", "CREATE DATABASE app OWNER app"]).await;
    let admin = url.replace("/postgres?", "/app?");
    let app = admin.replace("hongbao@", "app@");
    assert!(admin != url && app != admin, "{url}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.toml");
    std::fs::write(&file, fleet::all_in(&app)).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let settings = [&SETTINGS[..], &[("HONGBAO_CONFIG", file.as_str())]].concat();
    let mut server = TestServer::in_folder(folder, &settings);
    assert!(server.command("migrate").status().unwrap().success());
    server.restart();
    let mut traffic = Traffic::on(server).await;
    for hindrance in [READ_ONLY, NO_RIGHT, NO_LOGIN] {
        traffic.go_on(2).await;
        run(&admin, hindrance.begin).await;
        traffic.until_unready().await;
        traffic.go_on(3).await;
        run(&admin, hindrance.end).await;
        traffic.until_back().await;
    }
    traffic.until_at_rest().await;
}

async fn run(url: &str, statements: &[&'static str]) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    // Whoever mends it may write.
    sqlx::query("SET default_transaction_read_only = off").execute(&mut connection).await.unwrap();
    for statement in statements {
        sqlx::query(AssertSqlSafe(*statement)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}
