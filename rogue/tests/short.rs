//! One server on SQLite.

mod common;

/// R-OPEN-2, R-SEND-2, R-MONEY-3, R-MONEY-5, R-STORE-4: whatever happens to the process,
/// what people were told stands, every fen is where it belongs, and the service comes back.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_were_told_stands() {
    common::withstands(hongbao_rogue::Storage::Sqlite).await;
}
