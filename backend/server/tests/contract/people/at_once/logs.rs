//! Many who write into one log.

use super::{
    super::{Store, add_full_group, add_group, add_guests, at, group, log, text, user},
    all,
};
use crate::order_no;
use hongbao_domain::store::people::{Line, LinePost, PacketPost, PeopleError};
use hongbao_shared::{Fen, Kind, MessageId};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

on_every_store! {
    a_log_is_followed_without_gaps,
    keys_post_once_among_others,
    lines_of_several_groups_do_not_stop_each_other,
    a_packet_stands_in_one_group,
}

fn id(number: i64) -> MessageId {
    MessageId::new(number).unwrap()
}

/// Whoever reads on after the newest entry that they know misses none: an entry is there
/// before the next one is (R-WEB-1).
async fn a_log_is_followed_without_gaps(store: Store) {
    add_full_group(&store, 8).await;
    let writing = Arc::new(AtomicBool::new(true));
    let follower = {
        let (store, writing) = (Arc::clone(&store), Arc::clone(&writing));
        tokio::spawn(async move {
            let mut seen = 8;
            loop {
                let is_last = !writing.load(Ordering::SeqCst);
                let part = store.messages_after(group(0), user(0), id(seen), 1000).await.unwrap();
                for entry in part {
                    seen += 1;
                    assert_eq!(entry.message.id, id(seen));
                }
                if is_last {
                    return seen;
                }
            }
        })
    };
    let writers = (0..8).map(|number| {
        let store = Arc::clone(&store);
        async move {
            for word in 0..20 {
                store.post_text(text(number, &word.to_string(), None)).await.unwrap();
            }
        }
    });
    all(writers).await;
    writing.store(false, Ordering::SeqCst);
    assert_eq!(follower.await.unwrap(), 168);
}

/// R-PEOPLE-3
async fn keys_post_once_among_others(store: Store) {
    add_full_group(&store, 4).await;
    let posts = (0..80).map(|number| {
        let (sender, key) = (number % 4, (number / 4 % 2).to_string());
        let store = Arc::clone(&store);
        async move { store.post_text(text(sender, "hi", Some(&key))).await.unwrap() }
    });
    let mut posted = all(posts).await;
    posted.sort_by_key(|message| message.id);
    posted.dedup();
    let ids: Vec<_> = posted.iter().map(|message| message.id).collect();
    assert_eq!(ids, (5..=12).map(id).collect::<Vec<_>>(), "two keys of four people");
    posted.reverse();
    assert_eq!(log(&store).await[..8], posted);
}

async fn lines_of_several_groups_do_not_stop_each_other(store: Store) {
    add_guests(&store, 1).await;
    for number in 0..3 {
        add_group(&store, number, 0).await.unwrap();
    }
    let line = |place: i64, key: i64| LinePost {
        group_id: group(place),
        key: format!("expired:{key}"),
        at: at(5),
        line: Line::Expired {
            order_no: order_no(5),
            sender_id: user(0),
            refunded_fen: Fen::new(7).unwrap(),
        },
    };
    // The same four lines, in another order each time.
    let batches = (0..24).map(|number| {
        let mut lines = vec![line(0, 1), line(1, 1), line(2, 1), line(2, 2)];
        lines.rotate_left(number % 4);
        if number % 8 >= 4 {
            lines.reverse();
        }
        let store = Arc::clone(&store);
        async move {
            let stored = store.post_lines(lines.clone()).await.unwrap();
            let places = lines.iter().map(|line| (line.group_id, line.key.clone()));
            let mut stored: Vec<_> = places.zip(stored).collect();
            stored.sort_by(|one, other| one.0.cmp(&other.0));
            stored
        }
    });
    let mut answers = all(batches).await;
    answers.dedup();
    assert_eq!(answers.len(), 1);
    for (place, newest) in [(0, 2), (1, 2), (2, 3)] {
        assert_eq!(store.group(group(place)).await.unwrap().unwrap().newest_id, id(newest));
    }
}

async fn a_packet_stands_in_one_group(store: Store) {
    add_guests(&store, 1).await;
    add_group(&store, 0, 0).await.unwrap();
    add_group(&store, 1, 0).await.unwrap();
    for number in 0..10 {
        let posts = [0, 1, 0, 1].into_iter().map(|place| {
            let post = PacketPost {
                order_no: order_no(number),
                group_id: group(place),
                sender_id: user(0),
                kind: Kind::Lucky,
                greeting: "for all".to_owned(),
                cover: "classic".to_owned(),
                recipient_id: None,
                at: at(3),
            };
            let store = Arc::clone(&store);
            async move { store.post_packets(vec![post]).await.map(|_| place) }
        });
        let mut places = Vec::new();
        for answer in all(posts).await {
            match answer {
                Ok(place) => places.push(place),
                Err(error) => assert!(matches!(error, PeopleError::KeyReused), "{error}"),
            }
        }
        assert!(places == [0, 0] || places == [1, 1], "{places:?}");
    }
    let mut entries = 0;
    for place in 0..2 {
        entries += store.group(group(place)).await.unwrap().unwrap().newest_id.get();
    }
    assert_eq!(entries, 2 + 10);
}
