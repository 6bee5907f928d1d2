//! Lines about packets, who sees them, and what is unread.

use super::{Store, add_full_group, at, group, log, text, user};
use crate::order_no;
use hongbao_domain::store::people::{
    LOG_SCAN_MAX, Line, LinePost, PeopleError, StoredBody, StoredMessage,
};
use hongbao_shared::{Fen, MessageId, api::groups::UNREAD_MAX};
use std::sync::Arc;

on_every_store! {
    a_line_is_posted_once,
    lines_are_posted_together_or_not_at_all,
    everyone_sees_what_is_theirs,
    a_page_goes_on_past_what_is_hidden,
    unread_are_words_and_packets_of_others,
}

fn opened(key: &str, openers: &[i64]) -> LinePost {
    let openers = openers.iter().map(|number| user(*number)).collect();
    post(key, Line::Opened { order_no: order_no(5), sender_id: user(0), openers })
}

fn post(key: &str, line: Line) -> LinePost {
    LinePost { group_id: group(0), key: key.to_owned(), at: at(5), line }
}

fn finished(key: &str) -> LinePost {
    let line = Line::Finished {
        order_no: order_no(5),
        sender_id: user(0),
        shares: 3,
        took_ms: 1_500,
        best_luck: Some(user(2)),
    };
    post(key, line)
}

fn expired(key: &str) -> LinePost {
    let refunded_fen = Fen::new(7).unwrap();
    let line = Line::Expired { order_no: order_no(5), sender_id: user(0), refunded_fen };
    post(key, line)
}

async fn one(store: &Store, line: LinePost) -> Result<StoredMessage, PeopleError> {
    Ok(store.post_lines(vec![line]).await?.remove(0))
}

/// The whole log as one member sees it, the oldest first, in pages of `limit`.
async fn seen_by(store: &Store, reader: i64, limit: u32) -> Vec<StoredMessage> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = store.messages(group(0), user(reader), before, limit).await.unwrap();
        assert!(page.messages.len() <= limit as usize);
        all.extend(page.messages);
        assert!(page.next_before.is_none() || page.next_before != before, "a page moves on");
        before = page.next_before;
        if before.is_none() {
            all.reverse();
            return all;
        }
    }
}

/// R-PEOPLE-2: whoever delivers lines may deliver them again.
async fn a_line_is_posted_once(store: Store) {
    add_full_group(&store, 3).await;
    // A client cannot take a line's key away.
    store.post_text(text(0, "hi", Some("opened:5:0"))).await.unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|delay| {
            let post = LinePost { at: at(delay), ..opened("opened:5:0", &[1, 2]) };
            let store = Arc::clone(&store);
            tokio::spawn(async move { one(&store, post).await.unwrap() })
        })
        .collect();
    let mut posted = Vec::new();
    for task in tasks {
        posted.push(task.await.unwrap());
    }
    posted.dedup();
    assert_eq!(posted.len(), 1);
    assert_eq!(log(&store).await[0], posted[0]);
    assert_eq!(posted[0].body, StoredBody::Line(opened("", &[1, 2]).line));
    for other in [opened("opened:5:0", &[1]), finished("opened:5:0")] {
        assert!(matches!(one(&store, other).await, Err(PeopleError::KeyReused)));
    }
    one(&store, finished("finished:5")).await.unwrap();
    one(&store, expired("expired:5")).await.unwrap();
    assert_eq!(log(&store).await.len(), 7);
    let lost = LinePost { group_id: group(1), ..finished("finished:5") };
    assert!(matches!(one(&store, lost).await, Err(PeopleError::GroupNotFound)));
    for key in [String::new(), "k".repeat(129)] {
        assert!(matches!(one(&store, finished(&key)).await, Err(PeopleError::Store(_))));
    }
}

/// One that cannot be posted takes the others along; those that were there stay as they
/// are.
async fn lines_are_posted_together_or_not_at_all(store: Store) {
    add_full_group(&store, 3).await;
    let before = one(&store, opened("opened:5:0", &[1])).await.unwrap();
    let known = log(&store).await.len();
    let spoilt = vec![opened("opened:5:1", &[2]), finished("opened:5:0")];
    assert!(matches!(store.post_lines(spoilt).await, Err(PeopleError::KeyReused)));
    assert_eq!(log(&store).await.len(), known);
    let good = vec![opened("opened:5:0", &[1]), opened("opened:5:1", &[2]), finished("f")];
    let stored = store.post_lines(good).await.unwrap();
    assert_eq!(stored[0], before);
    assert_eq!(log(&store).await[..2], [stored[2].clone(), stored[1].clone()]);
}

/// R-PEOPLE-2: "X opened your packet" is seen by the two, "all gone" by everyone;
/// R-MONEY-4: that it has expired by its sender.
async fn everyone_sees_what_is_theirs(store: Store) {
    add_full_group(&store, 4).await;
    for line in [
        opened("1", &[1, 0]),
        opened("2", &[2]),
        // Numbers that begin alike are different people.
        opened("3", &[13, 30, 33]),
        finished("4"),
        expired("5"),
    ] {
        one(&store, line).await.unwrap();
    }
    // Four lines stand there from the beginning.
    for (reader, expected) in
        [(0, vec![5, 6, 7, 8, 9]), (1, vec![5, 8]), (2, vec![6, 8]), (3, vec![8])]
    {
        for limit in [1, 2, 100] {
            let seen = seen_by(&store, reader, limit).await;
            let ids: Vec<_> = seen.iter().map(|message| message.id.get()).collect();
            assert_eq!(ids[..4], [1, 2, 3, 4]);
            assert_eq!(ids[4..], expected, "by {reader}");
        }
        let four = MessageId::new(4).unwrap();
        let entries = store.messages_after(group(0), user(reader), four, 100).await.unwrap();
        let ids: Vec<_> = entries.iter().map(|entry| entry.message.id.get()).collect();
        assert_eq!(ids, [5, 6, 7, 8, 9], "all of them, to know which packets changed");
        let visible = entries.iter().filter(|entry| entry.visible);
        let visible: Vec<_> = visible.map(|entry| entry.message.id.get()).collect();
        assert_eq!(visible, expected, "by {reader}");
        let listed = store.groups_of(user(reader), 10).await.unwrap();
        let last = listed[0].last_message.as_ref().unwrap();
        assert_eq!(last.id.get(), *expected.last().unwrap(), "by {reader}");
    }
    let part = store.messages_after(group(0), user(0), MessageId::new(6).unwrap(), 2).await;
    let ids: Vec<_> = part.unwrap().iter().map(|entry| entry.message.id.get()).collect();
    assert_eq!(ids, [7, 8]);
}

async fn a_page_goes_on_past_what_is_hidden(store: Store) {
    add_full_group(&store, 3).await;
    let hidden = i64::from(LOG_SCAN_MAX) + 10;
    for number in 0..hidden {
        one(&store, opened(&number.to_string(), &[1])).await.unwrap();
    }
    store.post_text(text(0, "after", None)).await.unwrap();
    let page = store.messages(group(0), user(2), None, 10).await.unwrap();
    assert_eq!(page.messages.len(), 1, "the words, then as far as one reading goes");
    let empty = store.messages(group(0), user(2), MessageId::new(hidden + 4), 10).await.unwrap();
    assert!(empty.messages.is_empty() && empty.next_before.is_some());
    let ids: Vec<_> = seen_by(&store, 2, 2).await.iter().map(|message| message.id.get()).collect();
    assert_eq!(ids, [1, 2, 3, hidden + 4]);
    assert_eq!(seen_by(&store, 1, 100).await.len(), usize::try_from(hidden + 4).unwrap());
    // A number that no log has come to.
    let page = store.messages(group(0), user(2), MessageId::new(i64::MAX), 10).await.unwrap();
    assert_eq!(page.messages.len(), 1);

    for number in 0..hidden {
        one(&store, opened(&format!("more {number}"), &[1])).await.unwrap();
    }
    let listed = store.groups_of(user(2), 10).await.unwrap();
    assert_eq!(listed[0].last_message, None, "not within one reading");
}

async fn unread_are_words_and_packets_of_others(store: Store) {
    add_full_group(&store, 3).await;
    let unread = async |reader: i64| store.groups_of(user(reader), 10).await.unwrap()[0].unread;
    // What was there before is no news to whoever joins.
    assert_eq!([unread(0).await, unread(1).await, unread(2).await], [0, 0, 0]);
    store.post_text(text(0, "hi", None)).await.unwrap();
    one(&store, opened("1", &[1])).await.unwrap();
    one(&store, finished("2")).await.unwrap();
    assert_eq!([unread(0).await, unread(1).await, unread(2).await], [0, 1, 1]);
    for number in 0..UNREAD_MAX {
        store.post_text(text(1, &number.to_string(), None)).await.unwrap();
    }
    assert_eq!([unread(0).await, unread(1).await, unread(2).await], [UNREAD_MAX, 1, UNREAD_MAX]);
}
