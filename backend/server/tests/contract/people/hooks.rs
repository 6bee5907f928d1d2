//! Webhooks of services, and what waits for them (R-API-5).

use super::{Store, add_guests, at, entry, group, user};
use hongbao_domain::store::people::{
    Again, Audience, EventTypes, GroupDraft, HookAttempt, HooksState, LeasedEvent, NewEvent,
    NewHook, NewService, NewToken, PeopleError, RoomLink, Scopes, SealedSecret, Secrets,
    StoredHook, TokenHash, Tried,
};
use hongbao_shared::{
    Day, Fen, OrderNo, ServiceId, Shard, Site, Timestamp, WebhookId,
    api::{
        services::{External, Scope},
        webhooks::{EventType, Pause},
    },
};
use hongbao_storage::{Database, Schema, SqlPeople};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{collections::BTreeSet, sync::Arc};

on_every_store! {
    webhooks_are_added_within_limits,
    an_event_is_told_once,
    lanes_are_delivered_in_their_order,
    a_webhook_that_is_full_is_paused,
    what_is_over_is_replayed_and_forgotten,
    secrets_change_once,
    who_joins_a_linked_room_is_told,
    a_revoked_services_webhooks_count_for_nothing,
}

fn hook_id(number: i64) -> WebhookId {
    WebhookId::new(number).unwrap()
}

fn service_id() -> ServiceId {
    ServiceId::new(0).unwrap()
}

fn packet(number: u64) -> OrderNo {
    let (shard, day) = (Shard::new(0).unwrap(), Day::new(0).unwrap());
    OrderNo::new(Site::S, shard, day, false, number).unwrap()
}

fn new_hook(number: i64, pending_max: u32) -> NewHook {
    NewHook {
        id: hook_id(number),
        service: service_id(),
        url: format!("https://example.org/{number}"),
        types: EventTypes::of(&[]),
        secret: SealedSecret(vec![1, 2, 3]),
        at: at(0),
        per_service_max: 2,
        pending_max,
    }
}

/// A service with user 0 and 1 in its room 0, and webhook 0.
async fn begin(store: &Store, pending_max: u32) {
    add_guests(store, 4).await;
    let token = NewToken { hash: TokenHash([1; 32]), at: at(0), expires_at: at(100) };
    let scopes = Scopes::of([Scope::Webhooks]);
    let name = "bot".to_owned();
    let service = NewService { id: service_id(), name, scopes, calls_per_minute: 1, token };
    store.add_service(service, entry()).await.unwrap();
    link(store, &[0, 1]).await;
    store.add_hook(new_hook(0, pending_max)).await.unwrap();
}

async fn link(store: &Store, members: &[i64]) {
    let external = External { provider: "chat".to_owned(), id: "lobby".to_owned() };
    let draft = GroupDraft {
        id: group(0),
        name: "lobby".to_owned(),
        owner_id: user(members[0]),
        at: at(0),
        groups_per_user_max: 9,
    };
    let members = members.iter().map(|number| user(*number)).collect();
    let room = RoomLink { external, group: draft, members, group_members_max: 9 };
    store.link_room(service_id(), room).await.unwrap();
}

fn opened(packet_number: u64, share: u32) -> NewEvent {
    NewEvent::opened(packet(packet_number), group(0), share, user(1), at(1))
}

async fn hook(store: &Store) -> StoredHook {
    store.hooks(Some(service_id()), 9).await.unwrap().remove(0)
}

async fn lease(store: &Store, now: Timestamp, limit: u32) -> Vec<LeasedEvent> {
    let until = now.plus_seconds(60);
    store.lease_events(hook_id(0), now, until, limit).await.unwrap()
}

fn attempt(event: &LeasedEvent, now: Timestamp, error: Option<&str>) -> HookAttempt {
    HookAttempt {
        event_id: event.id.clone(),
        event_type: event.event_type,
        at: now,
        took_ms: 5,
        status: error.map_or(Some(204), |_| None),
        error: error.map(str::to_owned),
    }
}

async fn settle(
    store: &Store,
    event: &LeasedEvent,
    now: Timestamp,
    tried: Tried,
    next_until: Option<Timestamp>,
) -> Option<LeasedEvent> {
    let attempt = attempt(event, now, (tried != Tried::Delivered).then_some("No."));
    store.settle_event(event.clone(), attempt, tried, next_until).await.unwrap()
}

async fn webhooks_are_added_within_limits(store: Store) {
    begin(&store, 10).await;
    let same = NewHook { id: hook_id(5), ..new_hook(0, 10) };
    assert!(matches!(store.add_hook(same).await, Err(PeopleError::HookExists)));
    let taken = NewHook { id: hook_id(0), ..new_hook(1, 10) };
    assert!(matches!(store.add_hook(taken).await, Err(PeopleError::IdTaken)));
    store.add_hook(new_hook(1, 10)).await.unwrap();
    assert!(matches!(store.add_hook(new_hook(2, 10)).await, Err(PeopleError::TooManyHooks)));
    let long = NewHook { url: "a".repeat(2049), per_service_max: 9, ..new_hook(3, 10) };
    assert!(matches!(store.add_hook(long).await, Err(PeopleError::Store(_))));
    let urls: Vec<_> =
        store.hooks(None, 9).await.unwrap().into_iter().map(|hook| hook.url).collect();
    assert_eq!(urls, ["https://example.org/0", "https://example.org/1"]);
    let other = ServiceId::new(7).unwrap();
    assert!(store.hooks(Some(other), 9).await.unwrap().is_empty());
    assert!(!store.remove_hook(other, hook_id(0)).await.unwrap(), "another's");
    assert!(store.remove_hook(service_id(), hook_id(0)).await.unwrap());
    assert!(!store.remove_hook(service_id(), hook_id(0)).await.unwrap());
    let of = [Audience::Room(group(0)), Audience::Room(group(5)), Audience::Person(user(0))];
    assert_eq!(store.heard(&of).await.unwrap(), [Audience::Room(group(0))]);
    store.revoke_service("bot", at(9), entry()).await.unwrap();
    assert!(store.heard(&of).await.unwrap().is_empty(), "a service that has ended hears nothing");
}

async fn an_event_is_told_once(store: Store) {
    begin(&store, 10).await;
    let elsewhere = NewEvent::opened(packet(2), group(5), 0, user(1), at(1));
    let unlinked = NewEvent::credited(packet(1), 0, user(1), Fen::ONE, at(1));
    store.tell(vec![opened(1, 0), opened(1, 0), elsewhere, unlinked], at(2)).await.unwrap();
    store.tell(vec![opened(1, 0), opened(1, 1)], at(3)).await.unwrap();
    assert_eq!(hook(&store).await.pending, 2);
    let first = lease(&store, at(3), 9).await;
    assert_eq!(first.len(), 1, "the head of the lane alone");
    assert_eq!(first[0].id, opened(1, 0).id);
    assert_eq!((first[0].data.clone(), first[0].queued_at), (opened(1, 0).data, at(2)));
    // What is over is still known.
    let next = settle(&store, &first[0], at(3), Tried::Delivered, Some(at(90))).await.unwrap();
    assert_eq!(next.id, opened(1, 1).id);
    assert_eq!(settle(&store, &next, at(3), Tried::Delivered, Some(at(90))).await, None);
    store.tell(vec![opened(1, 0)], at(4)).await.unwrap();
    assert_eq!(hook(&store).await.pending, 0);
    assert!(lease(&store, at(999), 9).await.is_empty());
    let attempts = store.attempts(hook_id(0), 9).await.unwrap();
    let ids: Vec<_> = attempts.iter().map(|attempt| attempt.event_id.as_str()).collect();
    assert_eq!(ids, [&opened(1, 1).id, &opened(1, 0).id]);
    assert_eq!(attempts[1], attempt(&first[0], at(3), None));
}

async fn lanes_are_delivered_in_their_order(store: Store) {
    begin(&store, 10).await;
    let events = vec![opened(1, 0), opened(2, 0), opened(1, 1), opened(2, 1)];
    store.tell(events, at(2)).await.unwrap();
    assert!(store.due_hooks(at(1), 9).await.unwrap().is_empty());
    assert_eq!(store.due_hooks(at(2), 9).await.unwrap()[0].id, hook_id(0));
    let heads = lease(&store, at(2), 9).await;
    let ids: Vec<_> = heads.iter().map(|event| event.id.clone()).collect();
    assert_eq!(ids, [opened(1, 0).id, opened(2, 0).id], "a head of each lane");
    assert!(lease(&store, at(3), 9).await.is_empty(), "they are taken");
    assert_eq!(store.hooks_state().await.unwrap().oldest_pending, Some(at(2)));
    // One fails: what is behind it waits with it.
    assert_eq!(settle(&store, &heads[0], at(4), Tried::Again(at(10)), Some(at(90))).await, None);
    assert_eq!(hook(&store).await.failing_since, Some(at(4)));
    let next = settle(&store, &heads[1], at(5), Tried::Delivered, None).await;
    assert_eq!((next, hook(&store).await.failing_since), (None, None), "given back to nobody");
    let due = lease(&store, at(6), 9).await;
    assert_eq!(due.iter().map(|event| event.id.clone()).collect::<Vec<_>>(), [opened(2, 1).id]);
    let again = lease(&store, at(10), 9).await;
    assert_eq!((again[0].id.clone(), again[0].attempts), (opened(1, 0).id, 1));
    // A lease that ran out: somebody else has it, and both may settle it.
    let later = lease(&store, at(200), 1).await;
    assert_eq!(later.len(), 1);
    settle(&store, &again[0], at(201), Tried::Delivered, None).await;
    assert_eq!(settle(&store, &again[0], at(202), Tried::Delivered, Some(at(300))).await, None);
    assert_eq!(hook(&store).await.pending, 2);
    // One that is given up lets the next pass.
    let next = lease(&store, at(400), 9).await;
    let of_first = next.iter().find(|event| event.id == opened(1, 1).id).unwrap();
    settle(&store, of_first, at(401), Tried::Dead { pause: false }, None).await;
    assert_eq!(hook(&store).await.pending, 1);
    assert_eq!(hook(&store).await.paused, None);
}

async fn a_webhook_that_is_full_is_paused(store: Store) {
    begin(&store, 2).await;
    store.tell(vec![opened(1, 0), opened(1, 1), opened(1, 2)], at(2)).await.unwrap();
    let full = hook(&store).await;
    assert_eq!((full.pending, full.paused), (2, Some((at(2), Some(Pause::Full)))));
    store.tell(vec![opened(2, 0)], at(3)).await.unwrap();
    assert!(store.heard(&[Audience::Room(group(0))]).await.unwrap().is_empty());
    assert_eq!(store.hooks_state().await.unwrap().paused, 1);
    let events = lease(&store, at(4), 9).await;
    assert_eq!(events.len(), 1, "what waits is delivered");
    settle(&store, &events[0], at(4), Tried::Delivered, None).await;
    assert!(store.resume_hook(service_id(), hook_id(0)).await.unwrap());
    assert!(!store.resume_hook(service_id(), hook_id(9)).await.unwrap());
    store.tell(vec![opened(2, 0)], at(5)).await.unwrap();
    let resumed = hook(&store).await;
    assert_eq!((resumed.pending, resumed.paused), (2, None));
}

/// Nobody can resume them, or wait for what they are to be told, until the service is back.
async fn a_revoked_services_webhooks_count_for_nothing(store: Store) {
    begin(&store, 1).await;
    store.tell(vec![opened(1, 0), opened(2, 0)], at(2)).await.unwrap();
    let counted = HooksState { hooks: 1, paused: 1, oldest_pending: Some(at(2)) };
    assert_eq!(store.hooks_state().await.unwrap(), counted);
    store.revoke_service("bot", at(3), entry()).await.unwrap();
    assert_eq!(store.hooks_state().await.unwrap(), HooksState::default());
    let token = NewToken { hash: TokenHash([2; 32]), at: at(4), expires_at: at(100) };
    store.rotate_service("bot", token, at(4), entry()).await.unwrap();
    assert_eq!(store.hooks_state().await.unwrap(), counted);
}

async fn what_is_over_is_replayed_and_forgotten(store: Store) {
    begin(&store, 10).await;
    store.tell(vec![opened(1, 0), opened(1, 1), opened(2, 0)], at(2)).await.unwrap();
    let heads = lease(&store, at(2), 9).await;
    settle(&store, &heads[1], at(3), Tried::Delivered, None).await;
    settle(&store, &heads[0], at(3), Tried::Dead { pause: true }, None).await;
    let paused = hook(&store).await;
    assert_eq!((paused.pending, paused.paused), (0, Some((at(3), Some(Pause::Failing)))));
    assert!(lease(&store, at(99), 9).await.is_empty(), "what waited is dead");
    let replay = async |again| store.replay(hook_id(0), again, at(5)).await.unwrap();
    assert_eq!(replay(Again::Event("evt_nothing".to_owned())).await, 0);
    assert_eq!(replay(Again::Since(at(2))).await, 0, "they happened before");
    assert_eq!(replay(Again::Event(opened(1, 1).id)).await, 1);
    assert_eq!(replay(Again::Event(opened(1, 1).id)).await, 0, "it waits already");
    // One that comes before it in its lane is the head now.
    assert_eq!(replay(Again::Since(at(1))).await, 2);
    let events = lease(&store, at(5), 9).await;
    let ids: BTreeSet<_> = events.iter().map(|event| event.id.clone()).collect();
    assert_eq!(ids, BTreeSet::from([opened(1, 0).id, opened(2, 0).id]));
    assert!(events.iter().all(|event| (event.queued_at, event.attempts) == (at(5), 0)));
    for event in &events {
        settle(&store, event, at(6), Tried::Delivered, None).await;
    }
    // Due too late, by a clock that was wrong.
    let event = lease(&store, at(7), 9).await.remove(0);
    settle(&store, &event, at(7), Tried::Again(at(1_000_000)), None).await;
    store.tidy_hooks(at(6), 100, at(8), at(1_000)).await.unwrap();
    assert_eq!(lease(&store, at(8), 9).await.len(), 1);
    assert_eq!(store.attempts(hook_id(0), 9).await.unwrap().len(), 3, "those before are forgotten");
    assert_eq!(replay(Again::Event(opened(2, 0).id)).await, 0, "so are events that are over");
}

async fn secrets_change_once(store: Store) {
    begin(&store, 10).await;
    let secret = |byte: u8| SealedSecret(vec![byte; 3]);
    let to = Secrets { now: secret(9), before: Some((SealedSecret(vec![1, 2, 3]), at(50))) };
    let from = SealedSecret(vec![1, 2, 3]);
    assert!(store.change_secrets(hook_id(0), from.clone(), to.clone()).await.unwrap());
    assert!(!store.change_secrets(hook_id(0), from, to.clone()).await.unwrap(), "another by now");
    assert_eq!(hook(&store).await.secrets, to);
    let alone = Secrets { now: secret(8), before: None };
    assert!(store.change_secrets(hook_id(0), secret(9), alone.clone()).await.unwrap());
    assert_eq!(hook(&store).await.secrets, alone);
}

async fn who_joins_a_linked_room_is_told(store: Store) {
    begin(&store, 10).await;
    link(&store, &[0, 1, 2]).await;
    let events = lease(&store, at(1), 9).await;
    let joined = &events[0];
    assert_eq!((events.len(), joined.event_type), (1, EventType::MemberJoined));
    assert_eq!(joined.data.person.as_ref().unwrap().user_id, user(2));
    let externals = store.externals(service_id(), &[user(2)], Some(group(0))).await.unwrap();
    assert_eq!(externals.room.unwrap().id, "lobby");
    assert!(externals.people.is_empty(), "nobody was linked");
}

/// R-CTRL-6: of what a later version wrote of a service and a webhook this one knows what it
/// knows, and an event of a kind of its own holds up none beside it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_version_wrote_is_less_and_takes_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.db");
    let database = Database::open_file(&file, Schema::People).await.unwrap();
    let store: Store = Arc::new(SqlPeople::new(database));
    begin(&store, 10).await;
    store.add_hook(new_hook(1, 10)).await.unwrap();
    store.tell(vec![opened(1, 0), opened(2, 0), opened(2, 1)], at(2)).await.unwrap();
    let options = SqliteConnectOptions::new().filename(&file);
    let mut later = SqliteConnection::connect_with(&options).await.unwrap();
    let wrote = "PRAGMA ignore_check_constraints = ON;
         UPDATE services SET scopes = scopes + 1024;
         UPDATE webhooks SET types = types + 1024;
         UPDATE webhooks SET paused_at = 7, paused_why = 3 WHERE id = 1;
         UPDATE webhook_events SET type = 1024 WHERE id = 1;
         INSERT INTO webhook_attempts (webhook_id, event_id, type, at, took_ms)
         VALUES (0, 'evt_later', 1024, 0, 1);";
    sqlx::raw_sql(wrote).execute(&mut later).await.unwrap();
    later.close().await.unwrap();

    let asking = store.service(TokenHash([1; 32]), at(2)).await.unwrap().unwrap();
    assert_eq!(asking.scopes.iter().collect::<Vec<_>>(), [Scope::Webhooks]);
    assert_eq!(store.services(9).await.unwrap().len(), 1);
    let hooks = store.hooks(None, 9).await.unwrap();
    let known: Vec<_> = EventTypes::of(&[]).iter().collect();
    assert!(hooks.iter().all(|hook| hook.types.iter().eq(known.iter().copied())));
    assert_eq!(hooks[1].paused, Some((Timestamp::from_millis(7), None)));
    store.tell(vec![opened(3, 0)], at(2)).await.unwrap();
    let heads = lease(&store, at(2), 9).await;
    let ids: Vec<_> = heads.iter().map(|event| event.id.clone()).collect();
    assert_eq!(ids, [opened(2, 0).id, opened(3, 0).id]);
    settle(&store, &heads[0], at(3), Tried::Delivered, None).await;
    assert_eq!(lease(&store, at(3), 9).await[0].id, opened(2, 1).id);
    assert_eq!(store.attempts(hook_id(0), 9).await.unwrap().len(), 1);
}
