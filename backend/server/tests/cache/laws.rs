//! What holds for every cache of sending, and for every shared tier.

use crate::sample::{SHARES, claims, now, order_no, packet, pre_order, user};
use futures::future::join_all;
use hongbao_domain::{
    cache::{SendCache, SharedTier},
    store::people::Dress,
};
use hongbao_shared::Site;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

type Nodes = [Arc<dyn SharedTier>; 2];
type Senders = [Arc<dyn SendCache>; 2];

pub(crate) async fn hold_of_sending(nodes: Senders) {
    numbers_never_repeat(&nodes).await;
    a_block_in_use_is_not_replaced(&nodes[0]).await;
    a_pre_order_comes_back_until_it_expires(&nodes).await;
    a_dress_comes_back(&nodes).await;
}

pub(crate) async fn hold(nodes: Nodes) {
    hold_of_sending(nodes.clone().map(|node| node as _)).await;
    an_older_packet_never_replaces_a_newer(&nodes).await;
    a_packet_is_missing_until_all_its_claims_are_there(&nodes).await;
    a_large_packet_comes_whole(&nodes).await;
}

/// A durable mark, as the database of a site has.
#[derive(Default)]
pub(crate) struct Marks(AtomicU64);

impl Marks {
    /// As the numbering does: from the tier, within blocks of this length; `None` while the
    /// tier is down.
    pub(crate) async fn number(&self, tier: &dyn SendCache, length: u64) -> Option<u64> {
        loop {
            if let Some(number) = tier.next_sequence(Site::S).await.ok()? {
                assert!(number < self.0.load(Ordering::SeqCst), "{number} was never granted");
                return Some(number);
            }
            let start = self.0.fetch_add(length, Ordering::SeqCst);
            tier.install_block(Site::S, start, length).await.ok()?;
        }
    }
}

/// Also when two nodes install blocks at once (R-ORDER-2).
async fn numbers_never_repeat(nodes: &Senders) {
    let marks = Arc::new(Marks::default());
    let tasks = (0..16).map(|task| {
        let (node, marks) = (Arc::clone(&nodes[task % 2]), Arc::clone(&marks));
        tokio::spawn(async move {
            let mut numbers = Vec::new();
            for _ in 0..50 {
                numbers.push(marks.number(&*node, 7).await.unwrap());
            }
            numbers
        })
    });
    let numbers: Vec<u64> = join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len());
}

async fn a_block_in_use_is_not_replaced(tier: &Arc<dyn SendCache>) {
    while tier.next_sequence(Site::S).await.unwrap().is_some() {}
    tier.install_block(Site::S, 1_000_000, 2).await.unwrap();
    tier.install_block(Site::S, 2_000_000, 2).await.unwrap();
    assert_eq!(tier.next_sequence(Site::S).await.unwrap(), Some(1_000_000));
    assert_eq!(tier.next_sequence(Site::S).await.unwrap(), Some(1_000_001));
    assert_eq!(tier.next_sequence(Site::S).await.unwrap(), None);
}

/// R-SEND-1.
async fn a_pre_order_comes_back_until_it_expires([one, two]: &Senders) {
    let record = pre_order(order_no());
    assert_eq!(two.pre_order(record.order_no, now()).await.unwrap(), None);
    one.put_pre_order(&record).await.unwrap();
    assert_eq!(two.pre_order(record.order_no, now()).await.unwrap(), Some(record.clone()));
    assert_eq!(two.pre_order(record.order_no, record.expires_at).await.unwrap(), None);
}

/// R-CACHE-2.
async fn an_older_packet_never_replaces_a_newer([one, two]: &Nodes) {
    let order_no = order_no();
    assert_eq!(one.packet(order_no).await.unwrap(), None);
    assert_eq!(one.put_packet(&packet(order_no, 0), &[]).await.unwrap(), 0);
    assert_eq!(two.packet(order_no).await.unwrap(), Some(packet(order_no, 0)));
    let finished = packet(order_no, SHARES);
    assert_eq!(one.put_packet(&finished, &claims(0, SHARES)).await.unwrap(), SHARES);
    // A write that was delayed.
    assert_eq!(two.put_packet(&packet(order_no, 2), &claims(0, 2)).await.unwrap(), SHARES);
    assert_eq!(two.packet(order_no).await.unwrap(), Some(finished));
    for claim in claims(0, SHARES) {
        assert_eq!(two.claim_of(order_no, claim.user_id).await.unwrap(), Some(claim));
    }
    assert_eq!(two.claim_of(order_no, user(99)).await.unwrap(), None);
}

/// A tier that lost some would tell their owners that they had opened nothing.
async fn a_packet_is_missing_until_all_its_claims_are_there([one, two]: &Nodes) {
    let order_no = order_no();
    assert_eq!(one.put_packet(&packet(order_no, 4), &claims(3, 4)).await.unwrap(), 1);
    assert_eq!(two.packet(order_no).await.unwrap(), None);
    assert_eq!(one.put_packet(&packet(order_no, 4), &claims(0, 4)).await.unwrap(), 4);
    assert_eq!(two.packet(order_no).await.unwrap(), Some(packet(order_no, 4)));
}

async fn a_large_packet_comes_whole([one, two]: &Nodes) {
    const LARGE: u32 = 2_500;
    let order_no = order_no();
    let row =
        hongbao_domain::store::orders::PacketRow { shares: LARGE + 1, ..packet(order_no, LARGE) };
    assert_eq!(one.put_packet(&row, &claims(0, LARGE)).await.unwrap(), LARGE);
    assert_eq!(two.packet(order_no).await.unwrap(), Some(row));
    let last = claims(LARGE - 1, LARGE)[0];
    assert_eq!(two.claim_of(order_no, last.user_id).await.unwrap(), Some(last));
}

/// R-CACHE-3.
async fn a_dress_comes_back([one, two]: &Senders) {
    let order_no = order_no();
    assert_eq!(one.dress(order_no).await.unwrap(), None);
    let dress = Dress { greeting: "恭喜发财".to_owned(), cover: "gold".to_owned() };
    one.put_dress(order_no, &dress).await.unwrap();
    assert_eq!(two.dress(order_no).await.unwrap(), Some(dress));
}
