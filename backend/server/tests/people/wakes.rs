//! Who is woken by what (R-WEB-1).

use super::{World, refused, settings};
use futures::FutureExt;
use hongbao_engine::groups::{GroupsSettings, WakesSettings};
use hongbao_shared::{ErrorCode, GroupId, Limits, UserId, api::groups::NewMessage};

async fn say(world: &World, user: UserId, group: GroupId) {
    let message = NewMessage { text: "新年快乐".to_owned(), key: None };
    world.groups.post_text(user, group, message).await.unwrap();
}

/// A message wakes the readers of its group, hints at it to its other members, and
/// disturbs nobody else.
#[tokio::test]
async fn a_message_wakes_its_own_group_alone() {
    let world = World::new().await;
    let (here, people) = world.group_of(3).await;
    let there = world.group(people[0]).await.id;
    let wakes = world.groups.wakes();
    let (_at_here, mut here_grows) = wakes.listen(people[1], Some(here)).unwrap();
    let (at_there, mut there_grows) = wakes.listen(people[0], Some(there)).unwrap();
    let (anywhere, mut nothing_grows) = wakes.listen(people[2], None).unwrap();
    let stranger = world.guest("stranger").await;
    let (strange, _) = wakes.listen(stranger, None).unwrap();

    say(&world, people[2], here).await;
    here_grows.grown().await;
    assert_eq!(here_grows.newest(), Some(world.groups.newest_id(here).await.unwrap()));
    assert!(there_grows.grown().now_or_never().is_none());
    assert!(nothing_grows.grown().now_or_never().is_none());
    for hinted in [&at_there, &anywhere] {
        hinted.hinted().await;
        assert_eq!(hinted.take_hints().into_iter().collect::<Vec<_>>(), [here]);
        assert!(hinted.hinted().now_or_never().is_none(), "once");
    }
    assert!(strange.hinted().now_or_never().is_none());

    // Joining is news to whoever joins.
    world.join(stranger, people[0], there).await;
    strange.hinted().await;
    assert_eq!(strange.take_hints().into_iter().collect::<Vec<_>>(), [there]);
    there_grows.grown().await;
}

/// Who is there is known from the first stream to the last.
#[tokio::test]
async fn presence_follows_the_streams() {
    let world = World::new().await;
    let (group, people) = world.group_of(2).await;
    let wakes = world.groups.wakes();
    let mut moves = wakes.watch_presence();
    assert_eq!((wakes.present(group), wakes.present_groups()), (vec![], vec![]));
    let first = wakes.listen(people[0], Some(group)).unwrap();
    assert!(moves.changed().now_or_never().is_some());
    let again = wakes.listen(people[0], Some(group)).unwrap();
    let other = wakes.listen(people[1], Some(group)).unwrap();
    assert_eq!(wakes.present_groups(), [(group, 2)]);
    assert_eq!(other.0.audience(), 2);
    drop((first, other));
    assert_eq!(wakes.present(group), [people[0]]);
    moves.mark_unchanged();
    drop(again);
    assert!(moves.changed().now_or_never().is_some());
    assert_eq!((wakes.present(group), wakes.present_groups()), (vec![], vec![]));
}

/// One more than a person may have ends their oldest; one more than the node may have
/// is refused.
#[tokio::test]
async fn streams_are_bounded_per_person_and_per_node() {
    let wakes = WakesSettings { listeners_max: 5, per_user_max: 2 };
    let groups = GroupsSettings { wakes, ..GroupsSettings::default() };
    let world = World::with_groups(Limits::default(), settings(), &groups).await;
    let (group, people) = world.group_of(2).await;
    let wakes = world.groups.wakes();
    let first = wakes.listen(people[0], Some(group)).unwrap();
    let second = wakes.listen(people[0], None).unwrap();
    assert!(first.0.replaced().now_or_never().is_none());
    let third = wakes.listen(people[0], Some(group)).unwrap();
    assert!(first.0.replaced().now_or_never().is_some(), "the oldest");
    assert!(second.0.replaced().now_or_never().is_none());
    // One more, though the first has not noticed yet.
    let fourth = wakes.listen(people[0], None).unwrap();
    assert!(second.0.replaced().now_or_never().is_some());
    let other = wakes.listen(people[1], None).unwrap();
    refused(wakes.listen(people[1], None).map(drop), ErrorCode::Unavailable);
    drop(other);
    wakes.listen(people[1], None).unwrap();
    assert!(third.0.replaced().now_or_never().is_none());
    assert!(fourth.0.replaced().now_or_never().is_none());
}
