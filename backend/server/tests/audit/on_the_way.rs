//! What is on its way is counted, not called wrong, as long as something will bring it.

use crate::scene::{SENDER, Scene, at, becomes, fen, lucky, settle, user};
use hongbao_domain::store::{
    ledger::Posting,
    outbox::{Destination, Settled},
};
use hongbao_engine::audit::{Law, Report, Subject, Tally};
use std::{collections::BTreeSet, sync::Arc};

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
    let scene = Scene::empty().await;
    let plan = lucky(1, 500, 3);
    scene.pay(plan).await;
    scene.land(plan).await;
    scene.deliver_landings().await;
    scene.open(plan, 0, 3, Some(Destination::Credit)).await;
    scene.credit(plan, 1, 1).await;
    let report = scene.audit(false).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.counts.uncredited.count, 2);
    assert_eq!(report.counts.waiting, 1);
    assert_eq!(
        laws(&scene.audit(true).await),
        BTreeSet::from([Law::ClaimIsCredited, Law::EscrowHoldsRest, Law::OutboxIsEmpty])
    );
    settle(&*scene.shard, Destination::Credit).await;
    assert_eq!(laws(&scene.audit(false).await), BTreeSet::from([Law::ClaimIsCredited]));
    scene.credit(plan, 0, 3).await;
    let report = scene.audit(true).await;
    assert!(report.is_clean(), "{report}");
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

/// What a report finds, each with the packet that it is about.
fn found(report: &Report) -> Vec<(Law, Subject)> {
    report.violations.listed().iter().map(|found| (found.law, found.subject.clone())).collect()
}

/// What other packets of the shard wait for brings nothing to this one (R-MONEY-5).
#[tokio::test]
async fn what_is_lost_while_other_rows_wait() {
    let scene = Scene::empty().await;
    let [claimed, refunded, other] = [lucky(1, 500, 3), lucky(2, 400, 3), lucky(3, 300, 3)];
    for plan in [claimed, refunded, other] {
        scene.pay(plan).await;
        scene.land(plan).await;
        scene.deliver_landings().await;
    }
    scene.open(claimed, 0, 2, Some(Destination::Credit)).await;
    scene.open(claimed, 2, 1, Some(Destination::Credit)).await;
    scene.open(other, 0, 1, Some(Destination::Credit)).await;
    scene.expire(refunded, Some(Destination::Refund)).await;
    scene.expire(other, Some(Destination::Refund)).await;
    let report = scene.audit(false).await;
    assert!(report.is_clean(), "{report}");
    // Of one packet, the row of some claims; of another, the row of what is left.
    becomes(&*scene.shard, Destination::Credit, "\"from\":2", &Settled::Done).await;
    becomes(&*scene.shard, Destination::Refund, refunded.order_no, &Settled::Done).await;
    let report = scene.audit(false).await;
    assert_eq!(
        found(&report),
        [
            (Law::ClaimIsCredited, claimed.order_no.into()),
            (Law::RefundIsDue, refunded.order_no.into()),
        ],
        "{report}"
    );
    scene.credit(claimed, 2, 1).await;
    scene.post(Posting::refund(refunded.order_no, user(SENDER), fen(400))).await;
    let report = scene.audit(false).await;
    assert!(report.is_clean(), "{report}");
}

/// However many are on their way, the last one is looked at like the first.
#[tokio::test]
async fn what_is_lost_behind_a_thousand_others() {
    let scene = Scene::in_memory().await;
    let last = lucky(1_050, 2, 2);
    for sequence in 1..=1_050 {
        let plan = lucky(sequence, 2, 2);
        scene.pay(plan).await;
        scene.land(plan).await;
        scene.open(plan, 0, 1, Some(Destination::Credit)).await;
    }
    scene.deliver_landings().await;
    becomes(&*scene.shard, Destination::Credit, last.order_no, &Settled::Done).await;
    let report = scene.audit(false).await;
    assert_eq!(report.counts.uncredited.count, 1_050);
    assert_eq!(found(&report), [(Law::ClaimIsCredited, last.order_no.into())], "{report}");
}

/// Nothing moves a dead row but an administrator: it is found by its packet (R-MONEY-3).
#[tokio::test]
async fn what_a_dead_row_should_bring() {
    let scene = Scene::empty().await;
    let [landing, claimed, refunded] = [lucky(1, 500, 3), lucky(2, 400, 3), lucky(3, 300, 3)];
    let told = lucky(4, 200, 3);
    for plan in [claimed, refunded, told] {
        scene.pay(plan).await;
        scene.land(plan).await;
        scene.deliver_landings().await;
    }
    scene.pay(landing).await;
    scene.open(claimed, 0, 1, Some(Destination::Credit)).await;
    scene.expire(refunded, Some(Destination::Refund)).await;
    scene.open(told, 0, 1, Some(Destination::Chat)).await;
    scene.credit(told, 0, 1).await;
    let die = |order_no| Settled::Dead {
        payload: format!("[{{\"order_no\":\"{order_no}\",\"from\":0,\"count\":1}}]"),
        error: "why".to_owned(),
        at: at(10),
    };
    let [land, claim, refund, line] = [landing, claimed, refunded, told].map(|plan| plan.order_no);
    becomes(&*scene.ledger, Destination::Land, land, &die(land)).await;
    becomes(&*scene.shard, Destination::Credit, claim, &die(claim)).await;
    becomes(&*scene.shard, Destination::Refund, refund, &die(refund)).await;
    becomes(&*scene.shard, Destination::Chat, line, &die(line)).await;
    let report = scene.audit(false).await;
    assert_eq!(report.counts.dead, 4);
    assert_eq!(
        found(&report),
        [
            (Law::PaymentLands, land.into()),
            (Law::ClaimIsCredited, claim.into()),
            (Law::RefundIsDue, refund.into()),
            (Law::OutboxIsEmpty, line.into()),
        ],
        "{report}"
    );
}

/// Beside a server that works, the audit is clean at every moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_beside_a_running_server_is_clean() {
    let scene = Arc::new(Scene::empty().await);
    let working = tokio::spawn({
        let scene = scene.clone();
        async move {
            for sequence in 1..=40 {
                let plan = lucky(sequence, 400, 6);
                scene.pay(plan).await;
                scene.land(plan).await;
                scene.deliver_landings().await;
                for seq in 0..4 {
                    scene.open(plan, seq, 1, Some(Destination::Credit)).await;
                    scene.credit(plan, seq, 1).await;
                    settle(&*scene.shard, Destination::Credit).await;
                }
                let left = scene.expire(plan, Some(Destination::Refund)).await;
                scene.post(Posting::refund(plan.order_no, user(SENDER), left)).await;
                settle(&*scene.shard, Destination::Refund).await;
            }
        }
    });
    let mut audits = 0;
    while !working.is_finished() {
        let report = scene.audit(false).await;
        assert!(report.is_clean(), "{report}");
        audits += 1;
    }
    working.await.unwrap();
    assert!(audits > 3, "{audits} audits ran beside the work");
    let report = scene.audit(true).await;
    assert!(report.is_clean(), "{report}");
}
