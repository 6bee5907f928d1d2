//! The cheap looks, for every step of a simulation: the same laws, one thing at a time, on
//! any stores.

use crate::scene::{SENDER, Scene, lucky, order, user};
use hongbao_domain::store::{ledger::Account, outbox::Destination};
use hongbao_engine::audit::{self, Tally};

#[tokio::test]
async fn one_packet_one_account_the_books_and_the_outboxes() {
    for scene in [Scene::at_rest().await, {
        let scene = Scene::in_memory().await;
        scene.play().await;
        scene
    }] {
        let audited = scene.audited(true);
        let claims = [3, 2, 1, 0, 1, 2];
        for (n, claims) in (1..).zip(claims) {
            let report = audit::packet(&audited, order(n)).await.unwrap();
            assert!(report.is_clean(), "{report}");
            let counts = report.counts;
            assert_eq!((counts.packets, counts.payments, counts.claims), (1, 1, claims));
        }
        for account in [Account::Issuer, Account::Wallet(user(SENDER)), Account::Wallet(user(100))]
        {
            let report = audit::account(&audited, account).await.unwrap();
            assert!(report.is_clean(), "{report}");
        }
        for report in [
            audit::books(&audited).await.unwrap(),
            audit::outboxes(&audited).await.unwrap(),
            audit::run(&audited).await.unwrap(),
        ] {
            assert!(report.is_clean(), "{report}");
        }
        // Nothing is wrong with what is not there.
        let report = audit::packet(&audited, order(7)).await.unwrap();
        assert!(report.is_clean(), "{report}");
        assert_eq!((report.counts.packets, report.counts.payments), (0, 0));
    }
}

/// Every stage of a packet's life is clean, and says what is on its way.
#[tokio::test]
async fn a_packet_at_every_step() {
    let scene = Scene::in_memory().await;
    let plan = lucky(1, 500, 3);
    let look = async || {
        let report = audit::packet(&scene.audited(false), plan.order_no).await.unwrap();
        assert!(report.is_clean(), "{report}");
        report.counts
    };
    scene.pay(plan).await;
    assert_eq!(look().await.landing, Tally { count: 1, fen: 500 });
    scene.land(plan).await;
    scene.deliver_landings().await;
    assert_eq!(look().await.packets, 1);
    scene.open(plan, 0, 2, Some(Destination::Credit)).await;
    assert_eq!(look().await.uncredited.count, 2);
    scene.credit(plan, 0, 2).await;
    assert_eq!(look().await.uncredited.count, 0);
    scene.expire(plan, Some(Destination::Refund)).await;
    assert_eq!(look().await.unrefunded.count, 1);
    let waiting = audit::outboxes(&scene.audited(false)).await.unwrap().counts.waiting;
    assert_eq!(waiting, 2);
}
