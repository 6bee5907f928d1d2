//! Where browsers are told of packets, and what waits for them (R-WEB-8).

use super::{Store, add_group, add_guests, at, group, invite, join, new_session, user};
use hongbao_domain::store::people::{
    DuePush, NewPush, NewSubscription, PacketPost, PushTarget, Pushed, Removal, SealedSecret,
    TokenHash,
};
use hongbao_shared::{Day, Kind, OrderNo, Shard, Site, api::groups::Language};

on_every_store! {
    a_packet_is_told_to_those_whom_it_concerns,
    the_newest_of_a_group_waits,
    what_is_leased_is_settled_once,
    a_browser_is_a_session,
    who_left_is_told_nothing,
    the_key_is_put_once,
}

fn packet(number: u64) -> OrderNo {
    let (shard, day) = (Shard::new(0).unwrap(), Day::new(0).unwrap());
    OrderNo::new(Site::S, shard, day, false, number).unwrap()
}

fn target(number: u8) -> PushTarget {
    let mut public_key = [number; 65];
    public_key[0] = 4;
    let endpoint = format!("https://push.example/{number}");
    PushTarget { endpoint, public_key, auth: [number; 16] }
}

fn subscription(session: u8, number: u8) -> NewSubscription {
    NewSubscription {
        session: TokenHash([session; 32]),
        target: target(number),
        language: Language::Zh,
        at: at(1),
    }
}

/// Group 0 of users 0, 1 and 2; each has session 10 more than their number, in whose browser they
/// are told.
async fn begin(store: &Store) {
    add_guests(store, 3).await;
    add_group(store, 0, 0).await.unwrap();
    let code = invite(store, 0, 0).await;
    for number in [1, 2] {
        store.join(join(&code, number, 9)).await.unwrap();
    }
    for number in 0..3 {
        let session = new_session(user(number.into()), number + 10, 0);
        store.add_session(session, None).await.unwrap();
        assert!(store.subscribe(subscription(number + 10, number)).await.unwrap());
    }
}

/// User 0 sends one into group 0.
async fn send(store: &Store, number: u64, recipient: Option<i64>, seconds: i64) -> NewPush {
    let (order_no, recipient) = (packet(number), recipient.map(user));
    let post = PacketPost {
        order_no,
        group_id: group(0),
        sender_id: user(0),
        kind: if recipient.is_some() { Kind::Exclusive } else { Kind::Lucky },
        greeting: format!("words {number}"),
        cover: "classic".to_owned(),
        recipient_id: recipient,
        at: at(seconds),
    };
    store.post_packets(vec![post]).await.unwrap();
    let push = NewPush { order_no, group: group(0), sender: user(0), recipient, at: at(seconds) };
    store.queue_pushes(vec![push], at(seconds)).await.unwrap();
    push
}

async fn due(store: &Store, seconds: i64) -> Vec<DuePush> {
    store.lease_pushes(at(seconds), at(seconds + 60), 10).await.unwrap()
}

fn whom(due: &[DuePush]) -> Vec<u8> {
    let mut whom: Vec<_> = due.iter().map(|push| push.session.0[0]).collect();
    whom.sort_unstable();
    whom
}

async fn a_packet_is_told_to_those_whom_it_concerns(store: Store) {
    begin(&store).await;
    assert!(store.is_subscribed().await.unwrap());
    assert!(due(&store, 5).await.is_empty());
    send(&store, 1, None, 5).await;
    let told = due(&store, 5).await;
    assert_eq!(whom(&told), [11, 12], "not the sender");
    let one = told.iter().find(|push| push.session.0[0] == 11).unwrap();
    assert_eq!((&one.target, one.language), (&target(1), Language::Zh));
    assert_eq!((one.order_no, one.group, one.group_name.as_str()), (packet(1), group(0), "group"));
    assert_eq!((one.sender_name.as_str(), one.greeting.as_str()), ("name 0", "words 1"));
    assert_eq!((one.queued_at, one.attempts), (at(5), 0));
    for push in told {
        store.settle_push(push, Pushed::Over).await.unwrap();
    }
    // One for somebody is theirs; whoever has muted the group hears nothing.
    send(&store, 2, Some(2), 6).await;
    let told = due(&store, 6).await;
    assert_eq!(whom(&told), [12]);
    store.settle_push(told[0].clone(), Pushed::Over).await.unwrap();
    store.set_muted(group(0), user(2), true).await.unwrap();
    send(&store, 3, None, 7).await;
    assert_eq!(whom(&due(&store, 7).await), [11]);
}

async fn the_newest_of_a_group_waits(store: Store) {
    begin(&store).await;
    let first = send(&store, 1, None, 5).await;
    let leased = due(&store, 5).await;
    // Told again by its outbox row: it is under way, and stays so.
    store.queue_pushes(vec![first], at(6)).await.unwrap();
    assert!(due(&store, 6).await.is_empty());
    let second = send(&store, 2, None, 7).await;
    // Nor does an older one come before it that is told late.
    store.queue_pushes(vec![first], at(7)).await.unwrap();
    for push in leased {
        store.settle_push(push, Pushed::Over).await.unwrap();
    }
    let told = due(&store, 7).await;
    assert_eq!(whom(&told), [11, 12]);
    assert!(told.iter().all(|push| push.order_no == second.order_no && push.attempts == 0));
}

async fn what_is_leased_is_settled_once(store: Store) {
    begin(&store).await;
    send(&store, 1, Some(1), 5).await;
    let leased = due(&store, 5).await;
    assert!(due(&store, 64).await.is_empty(), "somebody has it");
    let again = due(&store, 65).await;
    assert_eq!(again, leased, "and was gone with it");
    store.settle_push(again[0].clone(), Pushed::Again(at(80))).await.unwrap();
    assert!(due(&store, 79).await.is_empty());
    let last = due(&store, 80).await;
    assert_eq!((last.len(), last[0].attempts), (1, 1));
    store.settle_push(last[0].clone(), Pushed::Over).await.unwrap();
    store.settle_push(last[0].clone(), Pushed::Again(at(81))).await.unwrap();
    assert!(due(&store, 99).await.is_empty());
}

async fn a_browser_is_a_session(store: Store) {
    begin(&store).await;
    // No session, or one that has expired, has none.
    assert!(!store.subscribe(subscription(99, 9)).await.unwrap());
    let late = NewSubscription { at: at(100), ..subscription(10, 9) };
    assert!(!store.subscribe(late).await.unwrap());
    // The same browser, where somebody else has signed in; another place, for the same session.
    store.add_session(new_session(user(2), 20, 0), None).await.unwrap();
    assert!(store.subscribe(subscription(20, 1)).await.unwrap());
    assert!(store.subscribe(subscription(12, 7)).await.unwrap());
    send(&store, 1, None, 5).await;
    let told = due(&store, 5).await;
    assert_eq!(whom(&told), [12, 20], "who was told there is told no more");
    let of_12 = told.iter().find(|push| push.session.0[0] == 12).unwrap();
    assert_eq!(of_12.target, target(7));
    // A push service that knows it no more speaks of the place that was asked.
    let stale = DuePush { target: target(2), ..of_12.clone() };
    store.settle_push(stale, Pushed::Gone).await.unwrap();
    send(&store, 2, None, 6).await;
    let told = due(&store, 6).await;
    assert_eq!(whom(&told), [12, 20]);
    store.settle_push(told[0].clone(), Pushed::Gone).await.unwrap();
    store.unsubscribe(told[1].session).await.unwrap();
    store.unsubscribe(told[1].session).await.unwrap();
    send(&store, 3, None, 7).await;
    assert!(due(&store, 99).await.is_empty());
    assert!(store.is_subscribed().await.unwrap(), "the sender's own is left");
    store.end_session(TokenHash([10; 32])).await.unwrap();
    assert!(!store.is_subscribed().await.unwrap(), "and ends with its session");
}

async fn who_left_is_told_nothing(store: Store) {
    begin(&store).await;
    send(&store, 1, None, 5).await;
    let leave = Removal { group_id: group(0), user_id: user(1), by: user(1), at: at(5) };
    store.remove(leave).await.unwrap();
    assert_eq!(whom(&due(&store, 6).await), [12]);
    // Nor is whoever's session has expired.
    send(&store, 2, None, 7).await;
    assert!(due(&store, 150).await.is_empty());
}

async fn the_key_is_put_once(store: Store) {
    let secret = |byte| SealedSecret(vec![byte; 40]);
    assert!(store.push_key().await.unwrap().is_none());
    assert!(store.put_push_key(None, Some(secret(1))).await.unwrap());
    assert!(!store.put_push_key(None, Some(secret(2))).await.unwrap());
    assert!(!store.put_push_key(Some(secret(2)), Some(secret(3))).await.unwrap());
    assert_eq!(store.push_key().await.unwrap(), Some(secret(1)));
    assert!(store.put_push_key(Some(secret(1)), Some(secret(4))).await.unwrap());
    assert_eq!(store.push_key().await.unwrap(), Some(secret(4)));
    assert!(!store.put_push_key(None, None).await.unwrap());
    assert!(!store.put_push_key(Some(secret(1)), None).await.unwrap());
    assert!(store.put_push_key(Some(secret(4)), None).await.unwrap());
    assert!(store.put_push_key(None, None).await.unwrap());
    assert!(store.push_key().await.unwrap().is_none());
}
