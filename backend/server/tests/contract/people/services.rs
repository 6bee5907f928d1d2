//! Accounts of programs (R-API-5).

use super::{Store, add_guests, at, entry, group, user};
use hongbao_domain::store::people::{
    Act, GroupDraft, NewService, NewToken, PeopleError, PersonLink, Removal, RoomLink, Scopes,
    TokenHash,
};
use hongbao_shared::{
    ServiceId,
    api::{
        accounts::Profile,
        services::{External, Scope},
    },
};

on_every_store! {
    tokens_of_services_end,
    people_are_linked_once,
    rooms_are_linked_once,
    whoever_enters_an_empty_room_owns_it,
    acts_are_written_down,
}

fn id(number: i64) -> ServiceId {
    ServiceId::new(number).unwrap()
}

fn token(byte: u8, at_s: i64, until_s: i64) -> NewToken {
    NewToken { hash: TokenHash([byte; 32]), at: at(at_s), expires_at: at(until_s) }
}

fn service(number: i64, name: &str, byte: u8) -> NewService {
    NewService {
        id: id(number),
        name: name.to_owned(),
        scopes: Scopes::of([Scope::Act, Scope::Grant]),
        calls_per_minute: 10,
        token: token(byte, 0, 100),
    }
}

fn external(name: &str) -> External {
    External { provider: "chat".to_owned(), id: name.to_owned() }
}

fn person(name: &str, number: i64) -> PersonLink {
    let profile =
        Profile { id: user(number), name: name.to_owned(), avatar: "a00".into(), is_demo: false };
    PersonLink { external: external(name), profile }
}

fn room(name: &str, number: i64, members: &[i64]) -> RoomLink {
    RoomLink {
        external: external(name),
        group: GroupDraft {
            id: group(number),
            name: name.to_owned(),
            owner_id: user(members[0]),
            at: at(3),
            groups_per_user_max: 2,
        },
        members: members.iter().map(|number| user(*number)).collect(),
        group_members_max: 3,
    }
}

async fn tokens_of_services_end(store: Store) {
    store.add_service(service(1, "bot", 1), entry()).await.unwrap();
    let taken = store.add_service(service(2, "bot", 2), entry()).await;
    assert!(matches!(taken, Err(PeopleError::NameTaken)), "{taken:?}");
    let taken = store.add_service(service(1, "other", 2), entry()).await;
    assert!(matches!(taken, Err(PeopleError::IdTaken)), "{taken:?}");
    assert!(store.add_service(service(2, "", 2), entry()).await.is_err());
    let mut none = service(2, "none", 2);
    none.scopes = Scopes::default();
    assert!(store.add_service(none, entry()).await.is_err());

    let found = store.service(TokenHash([1; 32]), at(99)).await.unwrap().unwrap();
    assert_eq!((found.id, found.name.as_str(), found.calls_per_minute), (id(1), "bot", 10));
    assert_eq!(found.scopes.iter().collect::<Vec<_>>(), [Scope::Act, Scope::Grant]);
    assert_eq!((found.seen_at, found.expires_at), (None, at(100)));
    assert!(store.service(TokenHash([1; 32]), at(100)).await.unwrap().is_none());
    assert!(store.service(TokenHash([2; 32]), at(0)).await.unwrap().is_none());
    store.touch_service(id(1), at(5)).await.unwrap();

    // The old one goes on until the overlap ends, never longer than it would have.
    assert!(store.rotate_service("bot", token(3, 10, 200), at(20), entry()).await.unwrap());
    assert!(!store.rotate_service("nobody", token(4, 10, 200), at(20), entry()).await.unwrap());
    assert!(store.service(TokenHash([1; 32]), at(19)).await.unwrap().is_some());
    assert!(store.service(TokenHash([1; 32]), at(20)).await.unwrap().is_none());
    assert!(store.rotate_service("bot", token(5, 30, 300), at(900), entry()).await.unwrap());
    assert_eq!(
        store.service(TokenHash([3; 32]), at(31)).await.unwrap().unwrap().expires_at,
        at(200)
    );
    let listed = store.services(10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].seen_at, listed[0].expires_at), (Some(at(5)), Some(at(300))));

    assert!(store.revoke_service("bot", at(40), entry()).await.unwrap());
    assert!(!store.revoke_service("bot", at(41), entry()).await.unwrap());
    assert!(store.service(TokenHash([5; 32]), at(41)).await.unwrap().is_none());
    let listed = store.services(10).await.unwrap();
    assert_eq!((listed[0].revoked_at, listed[0].expires_at), (Some(at(40)), None));

    // Another token brings it back, and none of those that it had, whatever the overlap.
    assert!(store.rotate_service("bot", token(6, 42, 300), at(299), entry()).await.unwrap());
    let back = store.service(TokenHash([6; 32]), at(42)).await.unwrap().unwrap();
    assert_eq!((back.id, back.expires_at), (id(1), at(300)));
    for old in [1, 3, 5] {
        assert!(store.service(TokenHash([old; 32]), at(42)).await.unwrap().is_none(), "{old}");
    }
    let listed = store.services(10).await.unwrap();
    assert_eq!((listed[0].revoked_at, listed[0].expires_at), (None, Some(at(300))));
}

async fn people_are_linked_once(store: Store) {
    add_guests(&store, 1).await;
    store.add_service(service(1, "bot", 1), entry()).await.unwrap();
    store.add_service(service(2, "other", 2), entry()).await.unwrap();
    let link = |service, people: Vec<PersonLink>| {
        let store = store.clone();
        async move {
            let linked = store.link_people(id(service), people, at(1)).await;
            linked.map(|linked| linked.iter().map(|one| one.id.get()).collect::<Vec<_>>())
        }
    };
    // Twice in one call is once.
    let first = vec![person("ann", 11), person("bob", 12), person("ann", 13)];
    assert_eq!(link(1, first).await.unwrap(), [11, 12, 11]);
    let again = vec![person("bob", 21), person("cec", 22)];
    assert_eq!(link(1, again).await.unwrap(), [12, 22]);
    assert_eq!(link(2, vec![person("ann", 31)]).await.unwrap(), [31], "another service's");
    // What is refused links nobody.
    let taken = link(1, vec![person("dan", 41), person("eve", 0)]).await;
    assert!(matches!(taken, Err(PeopleError::IdTaken)), "{taken:?}");
    assert!(store.person(user(41)).await.unwrap().is_none());
    assert!(link(9, vec![person("dan", 42)]).await.is_err(), "no such service");
    let mut long = person("long", 43);
    long.external.id = "x".repeat(129);
    assert!(link(1, vec![long]).await.is_err());

    let ids = ["ann", "bob", "dan", "ann"].map(str::to_owned);
    let mut found = store.linked_people(id(1), "chat", &ids).await.unwrap();
    found.sort();
    assert_eq!(found, [("ann".to_owned(), user(11)), ("bob".to_owned(), user(12))]);
    assert!(store.linked_people(id(1), "mail", &ids).await.unwrap().is_empty());
    let ann = store.person(user(11)).await.unwrap().unwrap();
    assert!(ann.is_guest && !ann.is_admin && ann.login_name.is_none());
}

async fn rooms_are_linked_once(store: Store) {
    store.add_service(service(1, "bot", 1), entry()).await.unwrap();
    let people = (10..15).map(|number| person(&format!("p{number}"), number)).collect();
    store.link_people(id(1), people, at(1)).await.unwrap();
    let linked = store.link_room(id(1), room("lobby", 1, &[10, 11])).await.unwrap();
    assert_eq!((linked.group_id, linked.lines.len()), (group(1), 2));
    let again = store.link_room(id(1), room("lobby", 2, &[10, 11])).await.unwrap();
    assert_eq!((again.group_id, again.lines.len()), (group(1), 0));
    let more = store.link_room(id(1), room("lobby", 3, &[11, 12])).await.unwrap();
    assert_eq!(more.lines.iter().map(|line| line.sender_id).collect::<Vec<_>>(), [user(12)]);
    assert_eq!(
        store.member_ids(group(1), 10).await.unwrap(),
        [user(10), user(11), user(12)],
        "in the order of arrival"
    );
    assert_eq!(store.group(group(1)).await.unwrap().unwrap().owner_id, user(10));
    // Too many is nobody.
    let full = store.link_room(id(1), room("lobby", 4, &[13, 14])).await;
    assert!(matches!(full, Err(PeopleError::GroupFull)), "{full:?}");
    store.link_room(id(1), room("two", 5, &[10])).await.unwrap();
    let many = store.link_room(id(1), room("three", 6, &[10])).await;
    assert!(matches!(many, Err(PeopleError::TooManyGroups)), "{many:?}");
    assert!(store.group(group(6)).await.unwrap().is_none());
    let taken = store.link_room(id(1), room("four", 1, &[13])).await;
    assert!(matches!(taken, Err(PeopleError::IdTaken)), "{taken:?}");
}

async fn whoever_enters_an_empty_room_owns_it(store: Store) {
    store.add_service(service(1, "bot", 1), entry()).await.unwrap();
    let people = (10..13).map(|number| person(&format!("p{number}"), number)).collect();
    store.link_people(id(1), people, at(1)).await.unwrap();
    store.link_room(id(1), room("lobby", 1, &[10])).await.unwrap();
    let remove = async |by: i64, number: i64| {
        let (user_id, by) = (user(number), user(by));
        store.remove(Removal { group_id: group(1), user_id, by, at: at(4) }).await
    };
    let owner = async || store.group(group(1)).await.unwrap().unwrap().owner_id;
    remove(10, 10).await.unwrap();
    // The one who was it before comes, too, and is one among others.
    store.link_room(id(1), room("lobby", 2, &[11, 10, 12])).await.unwrap();
    assert_eq!(owner().await, user(11));
    let refused = remove(10, 12).await;
    assert!(matches!(refused, Err(PeopleError::NotOwner)), "{refused:?}");
    remove(11, 12).await.unwrap();
    remove(11, 11).await.unwrap();
    assert_eq!(owner().await, user(10), "the owner is followed");
    // Alone, and again: one's own role comes back with one.
    remove(10, 10).await.unwrap();
    store.link_room(id(1), room("lobby", 3, &[10, 12])).await.unwrap();
    remove(10, 12).await.unwrap();
}

async fn acts_are_written_down(store: Store) {
    add_guests(&store, 1).await;
    store.add_service(service(1, "bot", 1), entry()).await.unwrap();
    let act = |call: &str, user| Act { service: id(1), user, call: call.to_owned(), at: at(7) };
    let (first, second) = (act("POST /a", Some(user(0))), act("PUT /b", None));
    store.record_act(first.clone()).await.unwrap();
    store.record_act(second.clone()).await.unwrap();
    assert_eq!(store.acts(id(1), 10).await.unwrap(), [second.clone(), first]);
    assert_eq!(store.acts(id(1), 1).await.unwrap(), [second]);
    assert!(store.record_act(act("", None)).await.is_err());
    assert!(store.record_act(act("POST /a", Some(user(5)))).await.is_err());
    assert!(store.acts(id(2), 10).await.unwrap().is_empty());
}
