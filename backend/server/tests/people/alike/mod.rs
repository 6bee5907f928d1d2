//! Random histories on a store in memory and on those in SQL: whatever is asked in
//! whatever order, all answer the same. The contract says what is right; this finds
//! where they differ in what the contract forgot.

mod ask;
mod look;
mod put;

use ask::asks;
use hongbao_domain::store::{
    Database as _, StoreError,
    people::{PeopleError, TokenHash},
};
use hongbao_memory::{MemoryLists, MemoryPeople};
use hongbao_storage::{Database, Schema, SqlLists, SqlPeople};
use proptest::{prelude::*, test_runner::RngSeed};
use std::fmt::Debug;

const CASES: u32 = 32;

/// What a store answers, where two stores must answer the same: a constraint is one
/// whatever its name.
fn answer<T: Debug>(result: Result<T, PeopleError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(PeopleError::Store(StoreError::Constraint { .. })) => "a constraint".to_owned(),
        Err(PeopleError::Store(error)) => panic!("{error}"),
        Err(error) => format!("{error:?}"),
    }
}

/// Sorted bytes, because the hashes themselves do not reach a log.
fn bytes(tokens: Vec<TokenHash>) -> Vec<u8> {
    let mut bytes: Vec<_> = tokens.into_iter().map(|token| token.0[0]).collect();
    bytes.sort_unstable();
    bytes
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test);
}

/// The same histories on every machine; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` ask for
/// others and for more.
fn fixed() -> ProptestConfig {
    let given = ProptestConfig::default();
    let rng_seed = match given.rng_seed {
        RngSeed::Random => RngSeed::Fixed(0x0888_2016),
        from_environment @ RngSeed::Fixed(_) => from_environment,
    };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { given.cases } else { CASES };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..given }
}

proptest! {
    #![proptest_config(fixed())]

    #[test]
    fn people_are_the_same_in_memory_and_in_databases(history in asks()) {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("people.db");
            let database = Database::open_file(&file, Schema::People).await.unwrap();
            let (sqlite, memory) = (SqlPeople::new(database), MemoryPeople::default());
            let server = crate::postgres::database(Schema::People).await;
            let postgres = SqlPeople::new(server.clone());
            for (number, asked) in history.iter().enumerate() {
                let answer = asked.of(&memory).await;
                assert_eq!(asked.of(&sqlite).await, answer, "{number}: {asked:?} of SQLite");
                assert_eq!(asked.of(&postgres).await, answer, "{number}: {asked:?} of PostgreSQL");
            }
            let said = look::at_people(&memory).await;
            assert_eq!(look::at_people(&sqlite).await, said);
            assert_eq!(look::at_people(&postgres).await, said);
            server.close().await;
        });
    }

    #[test]
    fn lists_in_memory_are_as_in_sqlite_and_postgres(history in look::batches()) {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("lists.db");
            let database = Database::open_file(&file, Schema::Lists).await.unwrap();
            let memory = MemoryLists::default();
            let sqlite = SqlLists::new(database);
            let postgres = SqlLists::new(crate::postgres::database(Schema::Lists).await);
            for batch in history {
                let recorded = look::record(&memory, &batch).await;
                assert_eq!(look::record(&sqlite, &batch).await, recorded, "SQLite: {batch:?}");
                assert_eq!(look::record(&postgres, &batch).await, recorded, "PostgreSQL: {batch:?}");
            }
            let in_memory = look::at_lists(&memory).await;
            assert_eq!(look::at_lists(&sqlite).await, in_memory, "SQLite");
            assert_eq!(look::at_lists(&postgres).await, in_memory, "PostgreSQL");
        });
    }
}
