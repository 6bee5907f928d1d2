//! Words and packets in the logs.

use super::{Store, add_full_group, at, group, log, text, user};
use crate::order_no;
use hongbao_domain::store::people::{Dress, PacketPost, PeopleError, StoredBody};
use hongbao_shared::{Kind, MessageId};
use std::sync::Arc;

on_every_store! {
    message_ids_are_dense_under_concurrency,
    a_key_posts_once,
    a_packet_posts_once,
}

async fn message_ids_are_dense_under_concurrency(store: Store) {
    add_full_group(&store, 10).await;
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let words = number.to_string();
                store.post_text(text(number % 10, &words, Some(&words))).await.unwrap()
            })
        })
        .collect();
    let mut posted = Vec::new();
    for task in tasks {
        posted.push(task.await.unwrap());
    }
    let log = log(&store).await;
    let ids: Vec<_> = log.iter().map(|message| message.id.get()).collect();
    assert_eq!(ids, (1..=210).rev().collect::<Vec<_>>());
    posted.sort_by_key(|message| std::cmp::Reverse(message.id));
    assert_eq!(posted, log[..200]);
    let page = store.messages(group(0), user(1), MessageId::new(50), 20).await.unwrap();
    assert_eq!((page.messages.as_slice(), page.next_before), (&log[161..181], MessageId::new(30)));
    let page = store.messages(group(0), user(1), MessageId::new(5), 4).await.unwrap();
    assert_eq!((page.messages.as_slice(), page.next_before), (&log[206..], None));
    assert!(store.messages(group(1), user(1), None, 20).await.unwrap().messages.is_empty());
}

async fn a_key_posts_once(store: Store) {
    add_full_group(&store, 2).await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.post_text(text(0, "hi", Some("k"))).await.unwrap() })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap().id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let other = store.post_text(text(0, "other", Some("k"))).await;
    assert!(matches!(other, Err(PeopleError::KeyReused)));
    // Keys are each sender's own; without one, the same words are said twice.
    store.post_text(text(1, "other", Some("k"))).await.unwrap();
    store.post_text(text(0, "hi", None)).await.unwrap();
    store.post_text(text(0, "hi", None)).await.unwrap();
    assert_eq!(log(&store).await.len(), 6);
}

async fn a_packet_posts_once(store: Store) {
    add_full_group(&store, 2).await;
    let post = PacketPost {
        order_no: order_no(5),
        group_id: group(0),
        sender_id: user(0),
        kind: Kind::Exclusive,
        greeting: "for you".to_owned(),
        cover: "classic".to_owned(),
        recipient_id: Some(user(1)),
        at: at(3),
    };
    let tasks: Vec<_> = (0..20)
        .map(|delay| {
            let (store, post) = (Arc::clone(&store), PacketPost { at: at(delay), ..post.clone() });
            tokio::spawn(async move { store.post_packets(vec![post]).await.unwrap() })
        })
        .collect();
    let mut messages = Vec::new();
    for task in tasks {
        messages.extend(task.await.unwrap());
    }
    messages.dedup();
    assert_eq!(messages.len(), 1);
    assert_eq!(log(&store).await[0], messages[0]);
    assert_eq!(log(&store).await.len(), 3);
    let StoredBody::Packet(packet) = &messages[0].body else { panic!("{messages:?}") };
    assert_eq!((packet.order_no, packet.kind), (order_no(5), Kind::Exclusive));
    assert_eq!(packet.recipient_id, Some(user(1)));
    let dress = Dress { greeting: "for you".to_owned(), cover: "classic".to_owned() };
    assert_eq!(store.packet_dress(order_no(5)).await.unwrap(), Some(dress));
    assert_eq!(store.packet_dress(order_no(6)).await.unwrap(), None);
    for differing in [
        PacketPost { sender_id: user(1), ..post.clone() },
        PacketPost { greeting: "no".to_owned(), ..post.clone() },
        PacketPost { group_id: group(1), ..post.clone() },
    ] {
        assert!(matches!(store.post_packets(vec![differing]).await, Err(PeopleError::KeyReused)));
    }
    let lost = PacketPost { order_no: order_no(6), group_id: group(1), ..post.clone() };
    assert!(matches!(
        store.post_packets(vec![lost.clone()]).await,
        Err(PeopleError::GroupNotFound)
    ));

    // Several at once: all in their order, each once, or none of them.
    let new = |number| PacketPost { order_no: order_no(number), ..post.clone() };
    let spoilt = [
        (lost, PeopleError::GroupNotFound),
        (PacketPost { greeting: "no".to_owned(), ..post.clone() }, PeopleError::KeyReused),
        (PacketPost { greeting: "no".to_owned(), ..new(7) }, PeopleError::KeyReused),
    ];
    for (spoilt, error) in spoilt {
        let refused = store.post_packets(vec![new(7), spoilt, new(8)]).await.unwrap_err();
        assert_eq!(format!("{refused:?}"), format!("{error:?}"));
        assert_eq!(store.packet_dress(order_no(7)).await.unwrap(), None);
        assert_eq!(log(&store).await.len(), 3);
    }
    let public = PacketPost { kind: Kind::Lucky, recipient_id: None, ..new(9) };
    let posts = vec![new(8), post.clone(), public, new(7), new(8)];
    let stored = store.post_packets(posts.clone()).await.unwrap();
    let bodies = |posts: &[PacketPost]| posts.iter().map(PacketPost::body).collect::<Vec<_>>();
    let found: Vec<_> = stored.iter().map(|message| message.body.clone()).collect();
    assert_eq!(found, bodies(&posts));
    assert_eq!((&stored[1], &stored[4]), (&messages[0], &stored[0]));
    let newest = [stored[3].clone(), stored[2].clone(), stored[0].clone()];
    assert_eq!(log(&store).await[..3], newest);
    assert_eq!(store.post_packets(posts).await.unwrap(), stored, "again, nothing new");
    assert_eq!(log(&store).await.len(), 6);
    assert_eq!(store.post_packets(Vec::new()).await.unwrap(), Vec::new());
}
