//! What keeps the shared tier up to date after commits (R-CACHE-2).

use crate::{
    common::fragile::Fragile,
    sample::{order_no, packet},
};
use hongbao_domain::cache::SharedTier;
use hongbao_engine::cache::{PacketEntry, SharedWriter};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// A packet that changes again whenever it has been written keeps no packet with a higher
/// number waiting.
#[tokio::test]
async fn a_busy_packet_starves_no_other() {
    let shared = Arc::new(Fragile::new());
    let writer = Arc::new(SharedWriter::new(Some(Arc::clone(&shared) as Arc<dyn SharedTier>)));
    let entry = || Arc::new(PacketEntry::new(packet(order_no(), 0), &[]));
    let (busy, other, stop) = (entry(), entry(), CancellationToken::new());
    let orders = [&busy, &other].map(|entry| entry.facts().order_no);
    assert!(orders[0] < orders[1]);
    writer.changed(&busy, 0);
    writer.changed(&other, 0);

    let written = Arc::new(Mutex::new(Vec::new()));
    shared.after_put({
        let (writer, written) = (Arc::clone(&writer), Arc::clone(&written));
        let (busy, stop) = (Arc::clone(&busy), stop.clone());
        move |order_no| {
            let mut written = written.lock().unwrap();
            written.push(order_no);
            // Far more often than anybody would wait for.
            if written.len() >= 1_000 || order_no == orders[1] {
                stop.cancel();
            } else {
                writer.changed(&busy, 0);
            }
        }
    });
    tokio::time::timeout(Duration::from_secs(30), writer.run(stop)).await.unwrap();
    assert_eq!(*written.lock().unwrap(), orders);
}
