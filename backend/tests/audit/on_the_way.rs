//! What is on its way is counted, not called wrong, as long as something will bring it.

use crate::scene::{SENDER, Scene, fen, lucky, settle, user};
use hongbao::{
    audit::{Law, Report, Tally},
    store::{ledger::Posting, outbox::Destination},
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

fn laws(report: &Report) -> BTreeSet<Law> {
    report.violations.listed().iter().map(|found| found.law).collect()
}

#[tokio::test]
async fn a_paid_packet_that_has_not_landed() {
    let scene = Scene::empty().await;
    let plan = lucky(1, 500, 3);
    scene.pay(plan).await;
    let report = scene.audit(false).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.counts.landing, Tally { count: 1, fen: 500 });
    assert_eq!(
        laws(&scene.audit(true).await),
        BTreeSet::from([Law::PaymentLands, Law::OutboxIsEmpty])
    );
    // Nothing would ever bring it.
    scene.deliver_landings().await;
    assert_eq!(laws(&scene.audit(false).await), BTreeSet::from([Law::PaymentLands]));
}

#[tokio::test]
async fn claims_that_are_not_credited() {
    for queue in [Destination::CreditNow, Destination::CreditQueue, Destination::CreditDeferred] {
        let scene = Scene::empty().await;
        let plan = lucky(1, 500, 3);
        scene.pay(plan).await;
        scene.land(plan).await;
        scene.deliver_landings().await;
        scene.open(plan, 0, 3, Some(queue)).await;
        scene.credit(plan, 1, 1).await;
        let report = scene.audit(false).await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.counts.uncredited.count, 2);
        assert_eq!(report.counts.waiting, 1);
        assert_eq!(
            laws(&scene.audit(true).await),
            BTreeSet::from([Law::ClaimIsCredited, Law::EscrowHoldsRest, Law::OutboxIsEmpty])
        );
        settle(&*scene.shard, queue).await;
        assert_eq!(laws(&scene.audit(false).await), BTreeSet::from([Law::ClaimIsCredited]));
        scene.credit(plan, 0, 3).await;
        let report = scene.audit(true).await;
        assert!(report.is_clean(), "{report}");
    }
}

#[tokio::test]
async fn a_refund_that_is_due() {
    let scene = Scene::empty().await;
    let plan = lucky(1, 500, 3);
    scene.pay(plan).await;
    scene.land(plan).await;
    scene.deliver_landings().await;
    let left = scene.expire(plan, Some(Destination::Refund)).await;
    let report = scene.audit(false).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.counts.unrefunded, Tally { count: 1, fen: 500 });
    assert!(!scene.audit(true).await.is_clean());
    settle(&*scene.shard, Destination::Refund).await;
    assert_eq!(laws(&scene.audit(false).await), BTreeSet::from([Law::RefundIsDue]));
    scene.post(Posting::refund(plan.order_no, user(SENDER), left)).await;
    let report = scene.audit(true).await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_refund_before_the_end_is_wrong_at_any_time() {
    let scene = Scene::empty().await;
    let plan = lucky(1, 500, 3);
    scene.pay(plan).await;
    scene.post(Posting::refund(plan.order_no, user(SENDER), fen(500))).await;
    assert!(laws(&scene.audit(false).await).contains(&Law::RefundIsDue), "not landed");
    scene.land(plan).await;
    scene.deliver_landings().await;
    assert!(laws(&scene.audit(false).await).contains(&Law::RefundIsDue), "open");
}

/// Beside a server that works, the audit is clean at every moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_beside_a_running_server_is_clean() {
    let scene = Arc::new(Scene::empty().await);
    let over = Arc::new(AtomicBool::new(false));
    let working = tokio::spawn({
        let (scene, over) = (scene.clone(), over.clone());
        async move {
            for sequence in 1..=40 {
                let plan = lucky(sequence, 400, 6);
                scene.pay(plan).await;
                scene.land(plan).await;
                scene.deliver_landings().await;
                for seq in 0..4 {
                    scene.open(plan, seq, 1, Some(Destination::CreditQueue)).await;
                    scene.credit(plan, seq, 1).await;
                    settle(&*scene.shard, Destination::CreditQueue).await;
                }
                let left = scene.expire(plan, Some(Destination::Refund)).await;
                scene.post(Posting::refund(plan.order_no, user(SENDER), left)).await;
                settle(&*scene.shard, Destination::Refund).await;
            }
            over.store(true, Ordering::Release);
        }
    });
    let mut audits = 0;
    while !over.load(Ordering::Acquire) {
        let report = scene.audit(false).await;
        assert!(report.is_clean(), "{report}");
        audits += 1;
    }
    working.await.unwrap();
    assert!(audits > 3, "{audits} audits ran beside the work");
    let report = scene.audit(true).await;
    assert!(report.is_clean(), "{report}");
}
