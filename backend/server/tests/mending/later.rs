//! A row that a later version wrote takes nothing away from those beside it (R-CTRL-6), and waits
//! for whoever can read it (R-MONEY-6).

use crate::files::{LEDGER, LISTS, ORDERS, dead, failing, one_shard, sql, until, until_dead};
use hongbao::node::open_stores;
use hongbao_domain::{
    runtime::{Clock, SystemEntropy},
    store::outbox::Destination,
};
use hongbao_engine::{
    audit::{self, Audited},
    keys::{Keys, seal::Sealer},
    lists::ListPart,
};
use hongbao_shared::Kind;

/// A line of a statement and one of a list cannot be read: all others are on the pages, each once;
/// balance and totals are what they were.
#[tokio::test]
async fn one_line_leaves_out_no_other() {
    let world = one_shard(|_| {}).await;
    let party = world.party(1).await;
    let (app, sender, data) = (&world.app, party.members[0], world.folder.path());
    let mut orders = Vec::new();
    for _ in 0..4 {
        orders.push(world.send(&party, Kind::Lucky, 100, 1).await);
    }
    let part =
        |limit| ListPart { year: None, cursor: None, limit: Some(limit), two_screens: false };
    let sent =
        async |part: ListPart<'_>| app.lists.sent(sender, part, &*app.packets).await.unwrap();
    until("all are listed", async || sent(part(9)).await.items.len() == 4).await;
    let (balance, totals) = (world.balance(sender).await, sent(part(9)).await.total_fen);
    let spoil = async |change: &str| {
        let transfer =
            format!("UPDATE transfers SET kind = kind {change} WHERE key = 'pay:{}'", orders[2]);
        assert_eq!(sql(data, LEDGER, &transfer).await, 1);
        let line = format!(
            "UPDATE sent SET kind = kind {change} WHERE order_no = {}",
            orders[2].to_bits()
        );
        assert_eq!(sql(data, LISTS, &line).await, 1);
    };
    spoil("+ 7").await;
    let (mut paid, mut cursor) = (Vec::new(), None);
    while paid.len() < 3 {
        let page = app.ledger.entries(sender, cursor.as_deref(), 1).await.unwrap();
        assert_eq!(page.items.len(), 1);
        paid.extend(page.items.iter().filter_map(|entry| entry.order_no));
        cursor = page.next_cursor;
        assert!(cursor.is_some(), "top-ups are to come");
    }
    assert_eq!(paid, [orders[3], orders[1], orders[0]]);
    let (mut listed, mut cursor) = (Vec::new(), None);
    loop {
        let page = sent(ListPart { cursor: cursor.as_deref(), ..part(1) }).await;
        listed.extend(page.items.iter().map(|item| item.order_no));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, paid);
    assert_eq!((world.balance(sender).await, sent(part(9)).await.total_fen), (balance, totals));
    spoil("- 7").await;
    world.end_and_audit().await;
}

/// A node of a later version may have written what this one cannot read, and deliver it. It is
/// tried again for an hour before it is dead.
#[tokio::test]
async fn what_a_later_version_may_read() {
    let world = one_shard(|_| {}).await;
    let data = world.folder.path();
    let now = world.clock.now().millis();
    for destination in Destination::ALL {
        let file = if destination == Destination::Land { LEDGER } else { ORDERS };
        let row = format!(
            r#"INSERT INTO outbox (destination, payload, created_at, due_at, attempts)
               VALUES ({}, '[{{"of":"tomorrow"}}]', {now}, 0, 0)"#,
            destination.number()
        );
        assert_eq!(sql(data, file, &row).await, 1);
    }
    until("each is tried", async || failing(&world.app).await.len() == Destination::ALL.len())
        .await;
    world.clock.advance_s(59 * 60);
    until("they are tried again", async || {
        failing(&world.app).await.iter().all(|letter| letter.attempts == 2)
    })
    .await;
    assert_eq!(dead(&world.app).await, []);
    // As if somebody else had read it.
    let credit = Destination::Credit.number();
    let read = format!("UPDATE outbox SET payload = '[]' WHERE destination = {credit}");
    assert_eq!(sql(data, ORDERS, &read).await, 1);
    world.clock.advance_s(60);
    let letters = until_dead(&world.app, Destination::ALL.len() - 1).await;
    assert!(letters.iter().all(|letter| letter.error.starts_with("unreadable payload: ")));
    until("the credit arrived", async || failing(&world.app).await.is_empty()).await;
    for file in [LEDGER, ORDERS] {
        sql(data, file, "DELETE FROM outbox").await;
    }
    world.end_and_audit().await;
}

/// Likewise, if what it is to tell of cannot be read.
#[tokio::test]
async fn a_packet_that_a_later_version_may_read() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let order_no = world.send(&party, Kind::Lucky, 300, 3).await;
    let data = world.folder.path();
    sql(data, LISTS, "ALTER TABLE received RENAME TO away").await;
    world.open(party.members[1], order_no).await.unwrap();
    until("it fails", async || !failing(&world.app).await.is_empty()).await;
    let kind = async |change: &str| {
        let table = format!("packets_{:02}", order_no.day().get() + 1);
        let bits = order_no.to_bits();
        let kind = format!("UPDATE {table} SET kind = kind {change} WHERE order_no = {bits}");
        assert_eq!(sql(data, ORDERS, &kind).await, 1);
    };
    kind("+ 7").await;
    sql(data, LISTS, "ALTER TABLE away RENAME TO received").await;
    world.clock.advance_s(60);
    until("it cannot be read", async || {
        failing(&world.app).await.iter().any(|letter| letter.error.contains("is no Kind"))
    })
    .await;
    assert_eq!(dead(&world.app).await, []);
    kind("- 7").await;
    world.clock.advance_s(60);
    until("it arrived", async || failing(&world.app).await.is_empty()).await;
    world.end_and_audit().await;
}

/// What is not even a row, and what is for somebody whom only a later version tells, hides no
/// other letter and holds up none. Both are seen, and can be retried.
#[tokio::test]
async fn rows_that_are_none_of_ours() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let (data, chat) = (world.folder.path(), Destination::Chat.number());
    let rows = format!(
        "INSERT INTO outbox (destination, payload, created_at, due_at, attempts)
         VALUES ({chat}, '[]', 0, 0, -1), (99, '[]', 0, NULL, 1)"
    );
    assert_eq!(sql(data, ORDERS, &rows).await, 2);
    let order_no = world.send(&party, Kind::Lucky, 200, 2).await;
    until("the card is there", async || {
        world.app.groups.packet_dress(order_no).await.unwrap().is_some()
    })
    .await;
    let letters = until_dead(&world.app, 2).await;
    assert_eq!((letters[0].destination.as_str(), letters[0].attempts), ("chat", 1));
    assert!(letters[0].error.starts_with("unreadable row: "), "{:?}", letters[0]);
    assert_eq!(letters[1].destination, "later");
    assert_eq!(world.app.letters.retry_all().await.unwrap(), 2);
    until_dead(&world.app, 0).await;
    // It waits for somebody who is not here, and the audit says so.
    let config = (*world.app.config).clone();
    world.app.shutdown().await;
    let stores = open_stores(&config).await.unwrap();
    let sealer = Sealer::new(&Keys::obtain(&config, &SystemEntropy).unwrap());
    let audited = Audited { at_rest: true, ..stores.audited(&sealer) };
    let said = audit::run(&audited).await.unwrap().to_string();
    assert!(said.contains("1 rows wait and 0 are dead for later"), "{said}");
    stores.close().await;
    assert_eq!(sql(data, ORDERS, "DELETE FROM outbox WHERE destination = 99").await, 1);
    crate::world::audit(&config).await;
}
