//! What the audit goes by, against what the requirements say in plain words.

use crate::scene::{SENDER, Scene, lucky};

/// Of equal shares the earliest was the best luck, also to the audit (R-SPLIT-5); and money
/// moves under keys that name whose it is (R-MONEY-1).
#[tokio::test]
async fn ties_and_keys() {
    let scene = Scene::empty().await;
    let plan = lucky(1, 3, 3);
    scene.pay(plan).await;
    scene.land(plan).await;
    scene.deliver_landings().await;
    scene.open(plan, 0, 3, None).await;
    scene.credit(plan, 0, 3).await;
    let report = scene.audit(true).await;
    assert!(report.is_clean(), "{report}");
    let lines = scene.ledger.transfers_page(0, 100).await.unwrap();
    let keys: Vec<_> = lines.into_iter().map(|line| line.transfer.key).collect();
    let number = plan.order_no;
    let credit = |seq| format!("credit:{number}:{seq}");
    let top_up = format!("topup:{SENDER}:setup");
    assert_eq!(keys, [top_up, format!("pay:{number}"), credit(0), credit(1), credit(2)]);
}
