//! One bad claim blocks nothing else, is seen by administrators with its order number,
//! and is delivered once its cause is mended and it is retried (R-MONEY-3), in all three
//! credit modes and for every other destination.

use crate::{
    common::end_due,
    files::{
        LEDGER, LISTS, ORDERS, PEOPLE, antidote, dead, failing, one_shard, poison, sql, until,
        until_dead,
    },
    world::{Party, World},
};
use futures::future::join_all;
use hongbao_config::CreditMode;
use hongbao_domain::store::outbox::{Destination, Fate};
use hongbao_engine::delivery::LetterId;
use hongbao_shared::{
    ErrorCode, Fen, Kind, OrderNo, UserId,
    api::{
        control::{DeadLetter, LetterState},
        packets::PayRequest,
    },
};
use std::collections::BTreeSet;

/// Everybody but the sender opens, all in one batch; who has what to come, by share.
async fn all_open(world: &World, party: &Party, order_no: OrderNo) -> Vec<(UserId, Fen)> {
    let opens = party.members[1..].iter().map(async |member| {
        let opened = world.open(*member, order_no).await.unwrap();
        (opened.seq, *member, opened.amount_fen)
    });
    let mut opened = join_all(opens).await;
    opened.sort_unstable_by_key(|(seq, ..)| *seq);
    opened.into_iter().map(|(_, member, amount)| (member, amount)).collect()
}

/// The letter is about this packet and says so; retrying it brings it home, once.
async fn bring_home(world: &World, file: &str, letter: &DeadLetter, order_no: OrderNo) {
    assert_eq!((letter.state, letter.attempts), (LetterState::Dead, 1), "{letter:?}");
    assert_eq!(letter.orders, [order_no]);
    assert!(letter.error.contains(&order_no.to_string()), "{letter:?}");
    assert!(letter.payload.contains(&order_no.to_string()), "{letter:?}");
    let id: LetterId = letter.id.parse().unwrap();
    // The cause is still there: it dies once more.
    assert!(world.app.letters.retry(id).await.unwrap());
    let again = until_dead(&world.app, 1).await;
    assert_eq!((&again[0].id, again[0].attempts), (&letter.id, 1));

    antidote(world.folder.path(), file).await;
    assert!(world.app.letters.retry(id).await.unwrap());
    until_dead(&world.app, 0).await;
    assert!(!world.app.letters.retry(id).await.unwrap(), "retrying is idempotent");
}

#[tokio::test]
async fn a_bad_claim_in_each_credit_mode() {
    for (mode, kind, share_fen) in [
        (CreditMode::Split, Kind::Lucky, 100),
        (CreditMode::Split, Kind::Equal, 15_000),
        (CreditMode::Queue, Kind::Lucky, 100),
        (CreditMode::Deferred, Kind::Lucky, 100),
    ] {
        let world = one_shard(|config| config.credit.mode = mode).await;
        let party = world.party(5).await;
        let bad = world.send(&party, kind, 4 * share_fen, 4).await;
        let when = format!("NEW.key = 'credit:{bad}:1'");
        poison(world.folder.path(), LEDGER, "transfers", &when).await;
        let mut due = all_open(&world, &party, bad).await;
        let good = world.send(&party, kind, 4 * share_fen, 4).await;
        for (member, amount) in all_open(&world, &party, good).await {
            let known = due.iter_mut().find(|(other, _)| *other == member).unwrap();
            known.1 = known.1.checked_add(amount).unwrap();
        }
        // What is deferred is due by now.
        world.clock.advance_s(1);
        let letters = until_dead(&world.app, 1).await;
        assert_eq!(letters[0].destination, "credit");
        assert!(letters[0].error.contains("share 1: "), "{:?}", letters[0]);
        let alone = "\"from\":1,\"count\":1}";
        assert!(letters[0].payload.contains(alone), "{:?}", letters[0]);
        let unlucky = due[1].0;
        for (member, amount) in due.iter().filter(|(member, _)| *member != unlucky) {
            until("everybody else is credited", async || world.balance(*member).await == *amount)
                .await;
        }
        assert!(world.balance(unlucky).await < due[1].1);
        bring_home(&world, LEDGER, &letters[0], bad).await;
        until("all is credited", async || world.balance(unlucky).await == due[1].1).await;
        world.end_and_audit().await;
    }
}

#[tokio::test]
async fn a_bad_refund() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let sender = party.members[0];
    let before = world.balance(sender).await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(world.send(&party, Kind::Lucky, 500, 2).await);
    }
    let bad = orders[1];
    let when = format!("NEW.key = 'refund:{bad}'");
    poison(world.folder.path(), LEDGER, "transfers", &when).await;
    world.clock.advance_s(24 * 60 * 60);
    end_due(&world.app).await;
    let letters = until_dead(&world.app, 1).await;
    assert_eq!(letters[0].destination, "refund");
    let two_back = before.checked_sub(Fen::new(500).unwrap()).unwrap();
    until("the others went back", async || world.balance(sender).await == two_back).await;
    bring_home(&world, LEDGER, &letters[0], bad).await;
    until("all went back", async || world.balance(sender).await == before).await;
    world.end_and_audit().await;
}

/// R-MONEY-6: reconciliation has dead credits and refunds tried again, and leaves what moves
/// no money to an administrator. No restart, no administrator, and nothing twice.
#[tokio::test]
async fn dead_credits_and_refunds_come_home_by_reconciliation() {
    let world = one_shard(|_| {}).await;
    let party = world.party(4).await;
    let sender = party.members[0];
    poison(world.folder.path(), LEDGER, "transfers", "NEW.kind IN (3, 4)").await;
    poison(world.folder.path(), LISTS, "sent", "true").await;
    let opened = world.send(&party, Kind::Lucky, 300, 3).await;
    all_open(&world, &party, opened).await;
    world.send(&party, Kind::Lucky, 500, 2).await;
    let before = world.balance(sender).await;
    world.clock.advance_s(24 * 60 * 60);
    end_due(&world.app).await;
    let is_dead = async |destination: &str| {
        dead(&world.app).await.iter().any(|letter| letter.destination == destination)
    };
    for destination in ["credit", "refund", "lists"] {
        until("it is dead", async || is_dead(destination).await).await;
    }
    antidote(world.folder.path(), LEDGER).await;
    world.app.reconciliation.ask();
    let after = before.checked_add(Fen::new(500).unwrap()).unwrap();
    until("the rest went back", async || world.balance(sender).await == after).await;
    until("lists alone are dead", async || {
        dead(&world.app).await.iter().all(|letter| letter.destination == "lists")
    })
    .await;
    antidote(world.folder.path(), LISTS).await;
    for letter in dead(&world.app).await {
        assert!(world.app.letters.retry(letter.id.parse().unwrap()).await.unwrap());
    }
    world.end_and_audit().await;
}

#[tokio::test]
async fn a_bad_line_of_the_lists() {
    let world = one_shard(|_| {}).await;
    let party = world.party(5).await;
    let bad = world.send(&party, Kind::Lucky, 400, 4).await;
    let (app, unlucky) = (&world.app, party.members[2]);
    let when = format!("NEW.user_id = {}", unlucky.get());
    poison(world.folder.path(), LISTS, "received", &when).await;
    let due = all_open(&world, &party, bad).await;
    let letters = until_dead(app, 1).await;
    assert_eq!(letters[0].destination, "lists");
    for (member, amount) in &due {
        let expected = if *member == unlucky { Fen::ZERO } else { *amount };
        until("everybody else's line is there", async || {
            app.lists.received_fen(*member).await.unwrap() == expected
        })
        .await;
    }
    bring_home(&world, LISTS, &letters[0], bad).await;
    let amount = due.iter().find(|(member, _)| *member == unlucky).unwrap().1;
    until("every line is there", async || app.lists.received_fen(unlucky).await.unwrap() == amount)
        .await;
    world.end_and_audit().await;
}

#[tokio::test]
async fn a_bad_card() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    poison(world.folder.path(), PEOPLE, "packet_posts", "NEW.greeting = 'bad'").await;
    let mut request = crate::world::request(&party, Kind::Lucky, 300, 3);
    request.greeting = Some("bad".to_owned());
    let packets = &world.app.packets;
    let bad = packets.pre_order(party.members[0], request).await.unwrap().order_no;
    let others = join_all([
        world.send(&party, Kind::Lucky, 300, 3),
        world.send(&party, Kind::Equal, 300, 3),
    ]);
    let (paid, others) =
        tokio::join!(packets.pay(party.members[0], bad, PayRequest::default()), others);
    paid.unwrap();
    let letters = until_dead(&world.app, 1).await;
    assert_eq!(letters[0].destination, "chat");
    let has_card =
        async |order_no| world.app.groups.packet_dress(order_no).await.unwrap().is_some();
    for order_no in others {
        until("the other cards are there", async || has_card(order_no).await).await;
    }
    assert!(!has_card(bad).await);
    bring_home(&world, PEOPLE, &letters[0], bad).await;
    until("every card is there", async || has_card(bad).await).await;
    world.end_and_audit().await;
}

/// What nobody could read for an hour after it was written dies, whatever it was to tell, and holds
/// up nothing beside it (R-MONEY-6).
#[tokio::test]
async fn what_cannot_be_read() {
    let world = one_shard(|_| {}).await;
    let party = world.party(3).await;
    let data = world.folder.path();
    let told = [Destination::Credit, Destination::Refund, Destination::Chat, Destination::Lists];
    for destination in told {
        let row = format!(
            "INSERT INTO outbox (destination, payload, created_at, due_at)
             VALUES ({}, '{{', 0, 0)",
            destination.number()
        );
        assert_eq!(sql(data, ORDERS, &row).await, 1);
    }
    let order_no = world.send(&party, Kind::Lucky, 200, 2).await;
    let due = all_open(&world, &party, order_no).await;
    // Something goes back, so that everybody who delivers has been called.
    world.send(&party, Kind::Lucky, 500, 2).await;
    world.clock.advance_s(24 * 60 * 60);
    end_due(&world.app).await;
    let letters = until_dead(&world.app, told.len()).await;
    assert!(letters.iter().all(|letter| letter.payload == "{" && letter.attempts == 1));
    let dead: BTreeSet<_> = letters.iter().map(|letter| letter.destination.as_str()).collect();
    assert_eq!(dead, told.iter().map(|one| one.as_str()).collect());
    for (member, amount) in due {
        until("all are credited", async || world.balance(member).await == amount).await;
    }
    sql(data, ORDERS, "DELETE FROM outbox WHERE payload = '{'").await;
    world.end_and_audit().await;
}

/// What is down is not dead: it is shown as failing, and comes by itself.
#[tokio::test]
async fn what_is_tried_again_is_failing() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let landed = world.send(&party, Kind::Lucky, 300, 3).await;
    crate::giving_up::block_the_day(&world).await;
    let order = crate::giving_up::pay_without_landing(&world, &party).await;
    until("it fails", async || failing(&world.app).await.len() == 1).await;
    let letter = failing(&world.app).await.remove(0);
    assert_eq!((letter.destination.as_str(), letter.state), ("land", LetterState::Failing));
    assert_eq!(letter.orders, [order]);
    assert!(letter.error.contains(&order.to_string()) && order != landed, "{letter:?}");
    assert!(letter.id.starts_with("ledger-"), "{letter:?}");
    let id: LetterId = letter.id.parse().unwrap();
    assert!(!world.app.letters.retry(id).await.unwrap(), "only the dead are retried");
    world.clock.advance_s(2 * 60 * 60);
    until("it was given up", async || failing(&world.app).await.is_empty()).await;
    crate::giving_up::unblock_the_day(&world).await;
    world.end_and_audit().await;
}

/// A server that ends has put rows off on a clock that stands: whoever works on the folder
/// alone tries each once more, and leaves nothing that could have come (R-MONEY-3).
#[tokio::test]
async fn what_was_put_off_is_tried_once_more_at_the_end() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let order_no = world.send(&party, Kind::Lucky, 300, 3).await;
    let data = world.folder.path();
    sql(data, LISTS, "ALTER TABLE received RENAME TO away").await;
    world.open(party.members[1], order_no).await.unwrap();
    until("it fails", async || !failing(&world.app).await.is_empty()).await;
    sql(data, LISTS, "ALTER TABLE away RENAME TO received").await;
    world.end_and_audit().await;
}

/// A database that does not answer hides no letters of others, and keeps none from being
/// tried again.
#[tokio::test]
async fn a_silent_database_hides_its_own_letters_alone() {
    const SILENT: &str = "orders-S-1.sqlite";
    let world = one_shard(|config| config.sites.shards = 3).await;
    let party = world.party(2).await;
    let data = world.folder.path();
    poison(data, PEOPLE, "packet_posts", "true").await;
    for _ in 0..12 {
        world.send(&party, Kind::Lucky, 300, 3).await;
    }
    let all = until_dead(&world.app, 12).await;
    let (of_silent, of_others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|letter| letter.id.starts_with("S1-"));
    assert!(!of_silent.is_empty() && !of_others.is_empty());
    sql(data, SILENT, "ALTER TABLE outbox RENAME TO away").await;
    let letters = &world.app.letters;
    let page = letters.page(Fate::Dead, None, 100).await.unwrap();
    let of_others_count = of_others.len();
    assert_eq!((page.silent, page.items), (vec!["S1".to_owned()], of_others));
    antidote(data, PEOPLE).await;
    let refused = letters.retry_all().await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
    let told = format!("Not those of S1; {of_others_count} letters are retried.");
    assert_eq!(refused.detail, told);
    until_dead(&world.app, 0).await;
    sql(data, SILENT, "ALTER TABLE away RENAME TO outbox").await;
    assert_eq!(until_dead(&world.app, of_silent.len()).await, of_silent);
    letters.retry_all().await.unwrap();
    until_dead(&world.app, 0).await;
    world.end_and_audit().await;
}

/// Pages go through all databases, once.
#[tokio::test]
async fn letters_are_read_by_page() {
    let world = one_shard(|config| config.sites.shards = 3).await;
    let party = world.party(2).await;
    poison(world.folder.path(), PEOPLE, "packet_posts", "true").await;
    let mut expected = Vec::new();
    for _ in 0..12 {
        expected.push(world.send(&party, Kind::Lucky, 300, 3).await);
    }
    until_dead(&world.app, 12).await;
    let letters = &world.app.letters;
    let (mut seen, mut ids, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let page = letters.page(Fate::Dead, cursor.as_deref(), 5).await.unwrap();
        seen.extend(page.items.iter().flat_map(|letter| letter.orders.clone()));
        ids.extend(page.items.into_iter().map(|letter| letter.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    expected.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, expected);
    ids.dedup();
    assert_eq!(ids.len(), 12);
    let refused = letters.page(Fate::Dead, Some("x"), 5).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidCursor);
    let nowhere: LetterId = "N900-1".parse().unwrap();
    assert_eq!(letters.retry(nowhere).await.unwrap_err().code, ErrorCode::InvalidId);
    antidote(world.folder.path(), PEOPLE).await;
    assert_eq!(letters.retry_all().await.unwrap(), 12);
    assert_eq!(letters.retry_all().await.unwrap(), 0);
    until("all cards are there", async || {
        let mut all = true;
        for order_no in &expected {
            all &= world.app.groups.packet_dress(*order_no).await.unwrap().is_some();
        }
        all
    })
    .await;
    world.end_and_audit().await;
}
