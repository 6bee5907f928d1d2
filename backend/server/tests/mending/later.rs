//! A row that a later version wrote takes nothing away from those beside it (R-CTRL-6).

use crate::files::{LEDGER, LISTS, one_shard, sql, until};
use hongbao_engine::lists::ListPart;
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
