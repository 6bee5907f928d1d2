//! Demo members and their groups (R-WEB-6).

use super::{EvenIsOpen, World, refused};
use hongbao_shared::{ErrorCode, Limits, api::groups::Language};

#[tokio::test]
async fn a_demo_group_comes_with_its_members() {
    let limits = Limits { groups_per_user_max: 2, ..Limits::default() };
    let world = World::with(limits, super::settings()).await;
    let ann = world.guest("Ann").await;
    let mut cast = Vec::new();
    for (key, name) in [("zh/aunt", "二姨"), ("zh/boss", "老板")] {
        let member = world.accounts.demo_member(key, name, "a03").await.unwrap();
        assert!(member.is_demo);
        cast.push(member.id);
    }
    // At the next start, with another picture, which nobody has to wait for.
    assert_eq!(world.accounts.profile(cast[0]).await.avatar, "a03");
    let aunt = world.accounts.demo_member("zh/aunt", "二姨", "a04").await.unwrap();
    assert_eq!((aunt.id, aunt.avatar.as_str()), (cast[0], "a04"));
    assert_eq!(world.accounts.profile(cast[0]).await, aunt);

    let group = world.groups.create_demo(ann, "相亲相爱", Language::Zh, &cast).await.unwrap();
    let members: Vec<_> = group.members.iter().map(|member| (member.id, member.is_demo)).collect();
    assert_eq!(members, [(ann, false), (cast[0], true), (cast[1], true)]);
    assert!(group.is_demo && group.owner_id == ann);
    let again = world.groups.create_demo(ann, "other", Language::En, &cast[..1]).await.unwrap();
    assert_eq!(again, group);
    let list = world.groups.list(ann, &EvenIsOpen).await.unwrap();
    assert!(list[0].is_demo && list[0].faces[1].is_demo && list[0].unread == 0);

    let played = world.groups.demo_cast(group.id).await.unwrap().unwrap();
    assert_eq!((played.language, played.members), (Language::Zh, cast.clone()));
    let plain = world.group(ann).await;
    assert!(!plain.is_demo);
    assert_eq!(world.groups.demo_cast(plain.id).await.unwrap(), None);
    // Two groups are enough for a person, not for a demo member.
    for name in ["Bob", "Cid", "Dan"] {
        let person = world.guest(name).await;
        world.groups.create_demo(person, "demo", Language::En, &cast).await.unwrap();
    }
    world.groups.remove(ann, group.id, cast[0]).await.unwrap();
    let played = world.groups.demo_cast(group.id).await.unwrap().unwrap();
    assert_eq!(played.members, cast[1..]);
    world.groups.remove(ann, group.id, ann).await.unwrap();
    let fresh = world.groups.create_demo(ann, "new", Language::En, &cast).await.unwrap();
    assert_ne!(fresh.id, group.id);
    world.groups.remove(ann, fresh.id, ann).await.unwrap();
    world.group(ann).await;
    let full = world.groups.create_demo(ann, "no", Language::En, &cast).await;
    refused(full, ErrorCode::TooManyGroups);
    let name = world.groups.create_demo(ann, "", Language::En, &cast).await;
    refused(name, ErrorCode::GroupNameInvalid);
}
