//! Lines about packets, and what a reader missed since an entry of the log.

use super::{EvenIsOpen, World, order_no, refused};
use hongbao_domain::store::people::{Line, LinePost, PacketPost};
use hongbao_engine::groups::{LogEvent, LogPart};
use hongbao_shared::{
    ErrorCode, Fen, GroupId, Kind, MessageId, OrderNo, UserId,
    api::{
        groups::{CardProgress, CardState, MessageBody},
        live::PacketChange,
    },
};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

fn post(group_id: GroupId, key: &str, line: Line) -> LinePost {
    let at = "2016-02-07T12:00:05.000Z".parse().unwrap();
    LinePost { group_id, key: key.to_owned(), at, line }
}

fn opened(order: u64, sender_id: UserId, openers: &[UserId]) -> Line {
    Line::Opened { order_no: order_no(order), sender_id, openers: openers.to_vec() }
}

fn id(number: i64) -> MessageId {
    MessageId::new(number).unwrap()
}

async fn after(world: &World, user: UserId, group: GroupId, from: i64, limit: u32) -> LogPart {
    world.groups.log_after(user, group, id(from), limit, &EvenIsOpen).await.unwrap()
}

/// Events in short: a message is its id and type, a change its id and packet.
fn short(part: &LogPart) -> Vec<(i64, &'static str)> {
    let name = |event: &LogEvent| match event {
        LogEvent::Message(message) => match message.body {
            MessageBody::Text { .. } => "text",
            MessageBody::Packet { .. } => "packet",
            MessageBody::Joined => "joined",
            MessageBody::Opened { .. } => "opened",
            MessageBody::Finished { .. } => "finished",
            MessageBody::Expired { .. } => "expired",
            _ => "other",
        },
        LogEvent::Packet { change, .. } if change.order_no == order_no(2) => "change of 2",
        LogEvent::Packet { .. } => "change of 3",
    };
    part.events.iter().map(|event| (event.id().get(), name(event))).collect()
}

fn changes(part: &LogPart) -> Vec<(OrderNo, CardState)> {
    let change = |event: &LogEvent| match event {
        LogEvent::Packet { change, .. } => Some((change.order_no, change.state)),
        LogEvent::Message(_) => None,
    };
    part.events.iter().filter_map(change).collect()
}

/// R-WEB-1: nothing missed and nothing doubled, and one change for each packet.
#[tokio::test]
async fn a_reader_who_comes_back_hears_what_they_missed() {
    let world = World::new().await;
    // Created, joined three times: entries 1 to 4.
    let (group, people) = world.group_of(4).await;
    let [sender, first, second, bystander] = people[..] else { panic!("four") };
    let packet = |sequence| PacketPost {
        order_no: order_no(sequence),
        group_id: group,
        sender_id: sender,
        kind: Kind::Lucky,
        greeting: String::new(),
        cover: "classic".to_owned(),
        recipient_id: None,
        at: "2016-02-07T12:00:01.000Z".parse().unwrap(),
    };
    world.groups.post_packets(vec![packet(2)]).await.unwrap();
    world.groups.post_packets(vec![packet(3)]).await.unwrap();
    let finished = Line::Finished {
        order_no: order_no(3),
        sender_id: sender,
        shares: 2,
        took_ms: 1_500,
        best_luck: Some(second),
    };
    let refunded_fen = Fen::new(30).unwrap();
    let expired = Line::Expired { order_no: order_no(2), sender_id: sender, refunded_fen };
    let (_listener, mut growth) = world.groups.wakes().listen(first, Some(group)).unwrap();
    for (key, line) in [
        ("7", opened(2, sender, &[first])),
        ("8", opened(3, sender, &[sender, first, second])),
        ("9", finished),
        ("10", expired),
        ("11", opened(3, sender, &[sender])),
    ] {
        world.groups.post_line(post(group, key, line)).await.unwrap();
        growth.grown().await;
        assert_eq!(growth.newest(), Some(id(key.parse().unwrap())));
    }
    assert_eq!(world.groups.newest_id(group).await.unwrap(), id(11));

    let part = after(&world, sender, group, 4, 100).await;
    assert_eq!((part.up_to, part.more), (id(11), false));
    assert_eq!(
        short(&part),
        [
            (5, "packet"),
            (6, "packet"),
            (7, "opened"),
            (8, "opened"),
            (9, "finished"),
            (10, "expired"),
            (10, "change of 2"),
            (11, "opened"),
            (11, "change of 3"),
        ]
    );
    let bodies: Vec<_> = part
        .events
        .iter()
        .filter_map(|event| match event {
            LogEvent::Message(message) => Some((message.user.id, &message.body)),
            LogEvent::Packet { .. } => None,
        })
        .collect();
    // The sender reads of somebody else where there is one, and of how many more.
    let MessageBody::Opened { sender: of, others, .. } = bodies[3].1 else { panic!("{bodies:?}") };
    assert_eq!((bodies[3].0, of.id, *others), (first, sender, 2));
    let MessageBody::Finished { best_luck, took_ms, shares, .. } = bodies[4].1 else { panic!() };
    assert_eq!((best_luck.as_ref().unwrap().id, *took_ms, *shares), (second, 1_500, 2));
    let order = order_no(2);
    assert_eq!(bodies[5].1, &MessageBody::Expired { order_no: order, refunded_fen });
    let MessageBody::Opened { others, .. } = bodies[6].1 else { panic!("{bodies:?}") };
    assert_eq!((bodies[6].0, *others), (sender, 0));

    // Whoever opened reads of themself alone; whoever did not hears only of the change.
    let part = after(&world, second, group, 6, 100).await;
    assert_eq!(
        short(&part),
        [(8, "opened"), (9, "finished"), (10, "change of 2"), (11, "change of 3")]
    );
    let LogEvent::Message(message) = &part.events[0] else { panic!("{part:?}") };
    let MessageBody::Opened { others, .. } = message.body else { panic!("{message:?}") };
    assert_eq!((message.user.id, others), (second, 0));
    let part = after(&world, bystander, group, 6, 100).await;
    assert_eq!(short(&part), [(9, "finished"), (10, "change of 2"), (11, "change of 3")]);
    let state = |sequence, state| (order_no(sequence), state);
    assert_eq!(changes(&part), [state(2, CardState::Open), state(3, CardState::Finished)]);
    let progress = Some(CardProgress { shares: 100, claimed: 2 });
    let change = PacketChange { order_no: order, state: CardState::Open, progress };
    assert_eq!(part.events[1], LogEvent::Packet { id: id(10), change });

    // In parts: each has its own last change; even an empty one moves on.
    let part = after(&world, bystander, group, 6, 2).await;
    assert_eq!(short(&part), [(7, "change of 2"), (8, "change of 3")]);
    assert_eq!((part.up_to, part.more), (id(8), true));
    let part = after(&world, bystander, group, 11, 2).await;
    assert_eq!((part.events.len(), part.up_to, part.more), (0, id(11), false));

    // Pages of the chat and the list of groups obey the same.
    let page = world.groups.messages(bystander, group, None, Some(2), &EvenIsOpen).await.unwrap();
    let ids: Vec<_> = page.items.iter().map(|message| message.id.get()).collect();
    assert_eq!(ids, [9, 6], "filled from behind what is hidden");
    let list = world.groups.list(bystander, &EvenIsOpen).await.unwrap();
    assert_eq!(list[0].last_message.as_ref().unwrap().id, id(9));
    assert_eq!(list[0].unread, 2);
}

#[tokio::test]
async fn a_line_is_posted_once_and_only_where_there_is_a_group() {
    let world = World::new().await;
    let (group, people) = world.group_of(2).await;
    let line = opened(2, people[0], &[people[1]]);
    world.groups.post_line(post(group, "k", line.clone())).await.unwrap();
    world.groups.post_line(post(group, "k", line.clone())).await.unwrap();
    assert_eq!(world.groups.newest_id(group).await.unwrap(), id(3));
    let other = opened(3, people[0], &[people[1]]);
    refused(world.groups.post_line(post(group, "k", other)).await, ErrorCode::KeyReused);
    let nobody = opened(3, people[0], &[]);
    refused(world.groups.post_line(post(group, "n", nobody)).await, ErrorCode::Internal);
    let nowhere = GroupId::new(7).unwrap();
    refused(world.groups.post_line(post(nowhere, "k", line)).await, ErrorCode::GroupNotFound);
    refused(world.groups.newest_id(nowhere).await, ErrorCode::GroupNotFound);
    let eve = world.guest("Eve").await;
    for place in [group, nowhere] {
        let part = world.groups.log_after(eve, place, id(0), 10, &EvenIsOpen).await;
        refused(part, ErrorCode::GroupNotFound);
    }
}

/// A kind of line that a later version has written takes away neither the log nor anybody's list of
/// groups.
#[tokio::test]
async fn an_entry_that_cannot_be_read_hides_nothing_else() {
    let world = World::new().await;
    let (group, people) = world.group_of(2).await;
    world.groups.post_line(post(group, "k", opened(2, people[0], &[people[1]]))).await.unwrap();
    let file = SqliteConnectOptions::new().filename(world.folder.path().join("people.db"));
    let mut writer = SqliteConnection::connect_with(&file).await.unwrap();
    let later = "UPDATE messages SET kind = 99 WHERE id = 3";
    let written = sqlx::query(later).execute(&mut writer).await.unwrap();
    assert_eq!(written.rows_affected(), 1);
    writer.close().await.unwrap();

    let reader = people[0];
    let page = world.groups.messages(reader, group, None, None, &EvenIsOpen).await.unwrap();
    let ids: Vec<_> = page.items.iter().map(|message| message.id.get()).collect();
    assert_eq!(ids, [2, 1]);
    let part = after(&world, reader, group, 1, 10).await;
    assert_eq!((short(&part), part.up_to), (vec![(2, "joined")], id(3)), "it goes on behind it");
    let list = world.groups.list(reader, &EvenIsOpen).await.unwrap();
    assert_eq!((list.len(), &list[0].last_message), (1, &None));
}
