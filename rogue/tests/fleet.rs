//! Three nodes on PostgreSQL and Redis.

mod common;

/// R-OPEN-2, R-SEND-2, R-MONEY-3, R-MONEY-5, R-SITE-5, R-CTRL-4: whatever happens to a node,
/// a database, a cache or a link, what people were told stands at every node, what needs
/// nothing broken is not refused, and the service comes back.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_were_told_stands_at_every_node() {
    common::withstands(hongbao_rogue::Storage::Postgres).await;
}
