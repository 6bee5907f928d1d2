//! What people change about themselves (R-PEOPLE-1).

use super::{World, refused};
use hongbao_shared::{
    ErrorCode,
    api::accounts::{Credentials, PasswordChange, ProfileChange, SignedIn},
};

fn credentials(name: &str, password: &str) -> Credentials {
    Credentials { name: name.to_owned(), password: password.to_owned() }
}

fn password(current: &str, new: &str) -> PasswordChange {
    PasswordChange { current: current.to_owned(), new: new.to_owned() }
}

fn name(name: &str) -> ProfileChange {
    ProfileChange { name: Some(name.to_owned()), avatar: None }
}

const OLD: &str = "long enough";
const NEW: &str = "longer than that";

async fn account(world: &World, name: &str) -> SignedIn {
    world.accounts.register(credentials(name, OLD), "").await.unwrap()
}

async fn lives(world: &World, token: &str) -> bool {
    world.accounts.authenticate(token).await.unwrap().is_some()
}

#[tokio::test]
async fn a_new_name_is_seen_at_once_and_the_login_name_stays() {
    let world = World::new().await;
    let ann = account(&world, "Ann").await.user;
    account(&world, "Bob").await;
    let accounts = &world.accounts;
    assert_eq!(accounts.profile(ann.id).await, ann);
    let change = ProfileChange { name: Some(" Anna ".to_owned()), avatar: Some("a23".to_owned()) };
    let changed = accounts.change_profile(ann.id, change).await.unwrap();
    assert_eq!((changed.profile.name.as_str(), changed.profile.avatar.as_str()), ("Anna", "a23"));
    assert_eq!(accounts.profile(ann.id).await, changed.profile);
    let unchanged = accounts.change_profile(ann.id, ProfileChange::default()).await.unwrap();
    assert_eq!(unchanged, changed);

    assert_eq!(accounts.sign_in(credentials("ann", OLD), "").await.unwrap().user, changed.profile);
    refused(accounts.sign_in(credentials("Anna", OLD), "").await, ErrorCode::WrongCredentials);
    // What others see is nobody's alone; what one signs in with is (R-PEOPLE-4).
    let called_bob = accounts.change_profile(ann.id, name("BOB")).await.unwrap();
    assert_eq!(called_bob.login_name.as_deref(), Some("Ann"));
    refused(accounts.register(credentials("ANN", OLD), "").await, ErrorCode::NameTaken);
    for bad in ["", "a\u{202e}b", &"n".repeat(21)] {
        refused(accounts.change_profile(ann.id, name(bad)).await, ErrorCode::NameInvalid);
    }
    for bad in ["", "a24", "a1", "a001", "b00", "A00", "a-1"] {
        let change = ProfileChange { name: None, avatar: Some(bad.to_owned()) };
        refused(accounts.change_profile(ann.id, change).await, ErrorCode::AvatarInvalid);
    }
    // Guests share names, also by changing them.
    let guest = world.guest("Guest").await;
    accounts.change_profile(guest, name("Bob")).await.unwrap();
    assert!(accounts.me(guest).await.unwrap().is_guest);
}

#[tokio::test]
async fn a_guest_becomes_an_account_and_keeps_everything() {
    let world = World::new().await;
    let guest = world.accounts.guest("Ann", "").await.unwrap();
    account(&world, "Bob").await;
    let group = world.group(guest.user.id).await.id;
    let accounts = &world.accounts;
    let id = guest.user.id;
    assert!(accounts.authenticate(&guest.token).await.unwrap().unwrap().is_guest);
    for (name, password, code) in [
        ("bob", OLD, ErrorCode::NameTaken),
        ("", OLD, ErrorCode::NameInvalid),
        ("Ann", "short", ErrorCode::PasswordInvalid),
    ] {
        refused(accounts.become_account(id, credentials(name, password)).await, code);
        assert!(accounts.me(id).await.unwrap().is_guest);
    }
    let person = accounts.become_account(id, credentials("Anna", OLD)).await.unwrap();
    // With what one signs in is one thing, what one is called another (R-PEOPLE-4).
    assert_eq!((person.profile.id, person.profile.name.as_str()), (id, "Ann"));
    assert!(!person.is_guest);
    assert_eq!(accounts.profile(id).await, person.profile);
    // Still signed in, and no guest any more in this node's memory either.
    assert!(!accounts.authenticate(&guest.token).await.unwrap().unwrap().is_guest);
    assert_eq!(accounts.sign_in(credentials("anna", OLD), "").await.unwrap().user.id, id);
    assert_eq!(world.groups.get(id, group).await.unwrap().owner_id, id);
    let again = accounts.become_account(id, credentials("Annie", NEW)).await;
    refused(again, ErrorCode::AlreadyAccount);
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let world = World::new().await;
    let here = account(&world, "Ann").await;
    let accounts = &world.accounts;
    let there = accounts.sign_in(credentials("Ann", OLD), "").await.unwrap();
    let (id, token) = (here.user.id, here.token.as_str());
    let change =
        |current: &str, new: &str| accounts.change_password(id, token, password(current, new));
    refused(change("wrong enough", NEW).await, ErrorCode::WrongCredentials);
    refused(change(&"x".repeat(1_000_000), NEW).await, ErrorCode::WrongCredentials);
    refused(change(OLD, "short").await, ErrorCode::PasswordInvalid);
    assert!(lives(&world, &there.token).await);

    change(OLD, NEW).await.unwrap();
    assert!(lives(&world, token).await);
    assert!(!lives(&world, &there.token).await, "also where it was in memory");
    refused(accounts.sign_in(credentials("Ann", OLD), "").await, ErrorCode::WrongCredentials);
    accounts.sign_in(credentials("Ann", NEW), "").await.unwrap();
    refused(change(OLD, NEW).await, ErrorCode::WrongCredentials);

    let guest = world.accounts.guest("Bob", "").await.unwrap();
    let change = accounts.change_password(guest.user.id, &guest.token, password("", NEW)).await;
    refused(change, ErrorCode::GuestHasNoPassword);
}

#[tokio::test]
async fn ones_sessions_are_listed_and_ended_one_by_one() {
    let world = World::new().await;
    let here = account(&world, "Ann").await;
    let accounts = &world.accounts;
    let mut tokens = Vec::new();
    for agent in ["Mozilla/5.0\r\n\u{202e} é (Phone)", &"x".repeat(500), ""] {
        world.clock.advance_s(60);
        let signed_in = accounts.sign_in(credentials("Ann", OLD), agent).await.unwrap();
        assert!(lives(&world, &signed_in.token).await);
        tokens.push(signed_in.token);
    }
    let (id, token) = (here.user.id, here.token.as_str());
    let sessions = accounts.sessions(id, token).await.unwrap();
    let agents: Vec<_> = sessions.iter().map(|session| session.agent.as_str()).collect();
    assert_eq!(agents, ["", &"x".repeat(200), "Mozilla/5.0  (Phone)", ""]);
    let current: Vec<_> = sessions.iter().map(|session| session.is_current).collect();
    assert_eq!(current, [false, false, false, true]);
    assert_eq!(sessions[0].created_at.millis_since(sessions[3].created_at), 180_000);

    let end = |id_of: &str| accounts.end_session(id, token, id_of.parse().unwrap());
    assert!(!end(&sessions[2].id).await.unwrap());
    assert!(!lives(&world, &tokens[0]).await && lives(&world, &tokens[1]).await);
    refused(end(&sessions[2].id).await, ErrorCode::SessionNotFound);
    // Nobody ends somebody else's.
    let eve = account(&world, "Eve").await;
    let theirs = accounts.sessions(eve.user.id, &eve.token).await.unwrap()[0].id.clone();
    refused(end(&theirs).await, ErrorCode::SessionNotFound);

    accounts.end_other_sessions(id, token).await.unwrap();
    assert!(lives(&world, token).await && !lives(&world, &tokens[1]).await);
    assert!(!lives(&world, &tokens[2]).await);
    assert!(end(&sessions[3].id).await.unwrap(), "the one that asks");
    assert!(!lives(&world, token).await && lives(&world, &eve.token).await);
}

#[tokio::test]
async fn a_session_is_seen_to_some_minutes() {
    let world = World::new().await;
    let ann = world.accounts.guest("Ann", "").await.unwrap();
    let began = world.accounts.sessions(ann.user.id, &ann.token).await.unwrap()[0].seen_at;
    let world = {
        world.clock.advance_s(11 * 60);
        world.restarted(hongbao_shared::Limits::default())
    };
    assert!(lives(&world, &ann.token).await);
    let seen = world.accounts.sessions(ann.user.id, &ann.token).await.unwrap()[0].seen_at;
    assert_eq!(seen.millis_since(began), 11 * 60 * 1000);
}
