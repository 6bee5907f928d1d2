use super::{World, refused, settings};
use hongbao_domain::store::Database as _;
use hongbao_engine::accounts::AccountsSettings;
use hongbao_shared::{ErrorCode, Limits, UserId, api::accounts::Credentials};
use std::sync::Arc;

fn credentials(name: &str, password: &str) -> Credentials {
    Credentials { name: name.to_owned(), password: password.to_owned() }
}

#[tokio::test]
async fn a_guest_needs_a_name_alone_and_may_share_it() {
    let world = World::new().await;
    let first = world.accounts.guest(" 小明 ", "").await.unwrap();
    let second = world.accounts.guest("小明", "").await.unwrap();
    assert_eq!(first.user.name, "小明");
    assert_ne!(first.user.id, second.user.id);
    let number: u64 = first.user.avatar.strip_prefix('a').unwrap().parse().unwrap();
    assert!(number < hongbao_engine::accounts::AVATARS, "{}", first.user.avatar);
    let session = world.accounts.authenticate(&first.token).await.unwrap().unwrap();
    assert_eq!(session.user_id, first.user.id);
    assert!(session.is_guest && !session.is_admin);
    let me = world.accounts.me(first.user.id).await.unwrap();
    assert_eq!(me.profile, first.user);
}

#[tokio::test]
async fn names_and_passwords_that_are_not_ones_are_refused() {
    let world = World::new().await;
    for name in ["", "   ", "a\tb", "a\u{202e}b", &"长".repeat(21), "\u{200b}"] {
        refused(world.accounts.guest(name, "").await, ErrorCode::NameInvalid);
        refused(
            world.accounts.register(credentials(name, "long enough"), "").await,
            ErrorCode::NameInvalid,
        );
    }
    for password in ["", "7 chars", &"x".repeat(129)] {
        refused(
            world.accounts.register(credentials("Ann", password), "").await,
            ErrorCode::PasswordInvalid,
        );
    }
    // Characters count, not bytes.
    world.accounts.register(credentials(&"长".repeat(20), "八个字符的密码啊"), "").await.unwrap();
}

#[tokio::test]
async fn guests_can_be_switched_off() {
    let off = AccountsSettings { guests: false, ..settings() };
    let world = World::with(Limits::default(), off).await;
    refused(world.accounts.guest("Ann", "").await, ErrorCode::GuestsOff);
}

#[tokio::test]
async fn an_account_signs_in_whatever_the_case_of_its_name() {
    let world = World::new().await;
    let registered =
        world.accounts.register(credentials("Ärger", "long enough"), "").await.unwrap();
    let signed_in = world.accounts.sign_in(credentials("äRGER", "long enough"), "").await.unwrap();
    assert_eq!(signed_in.user, registered.user);
    assert_ne!(signed_in.token, registered.token);
    let session = world.accounts.authenticate(&signed_in.token).await.unwrap().unwrap();
    assert!(!session.is_guest);
    for (name, password) in [
        ("Ärger", "long enougH"),
        ("Arger", "long enough"),
        ("", "long enough"),
        ("Ärger", ""),
        ("Ärger", &"x".repeat(1_000_000)),
    ] {
        refused(
            world.accounts.sign_in(credentials(name, password), "").await,
            ErrorCode::WrongCredentials,
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_who_register_a_name_at_once_gets_it() {
    let world = World::new().await;
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let accounts = Arc::clone(&world.accounts);
            let name = if number % 2 == 0 { "Lucky" } else { "lUCKY" };
            tokio::spawn(
                async move { accounts.register(credentials(name, "long enough"), "").await },
            )
        })
        .collect();
    let mut registered = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => registered += 1,
            Err(refusal) => assert_eq!(refusal.code, ErrorCode::NameTaken),
        }
    }
    assert_eq!(registered, 1);
}

#[tokio::test]
async fn only_a_real_token_is_a_session_and_only_until_sign_out() {
    let world = World::new().await;
    let signed_in = world.accounts.guest("Ann", "").await.unwrap();
    let token = signed_in.token.as_str();
    for wrong in ["", "x", &token[1..], &format!("{token}="), &"A".repeat(43), "…"] {
        assert_eq!(world.accounts.authenticate(wrong).await.unwrap(), None, "{wrong}");
    }
    // Cached, and forgotten at once.
    assert!(world.accounts.authenticate(token).await.unwrap().is_some());
    assert!(world.accounts.authenticate(token).await.unwrap().is_some());
    world.accounts.sign_out(token).await.unwrap();
    assert_eq!(world.accounts.authenticate(token).await.unwrap(), None);
    world.accounts.sign_out(token).await.unwrap();
    world.accounts.sign_out("nonsense").await.unwrap();
}

#[tokio::test]
async fn a_session_ends_by_itself_unless_it_is_used() {
    const DAY_S: i64 = 24 * 60 * 60;
    let world = World::new().await;
    let idle = world.accounts.guest("Idle", "").await.unwrap().token;
    let busy = world.accounts.guest("Busy", "").await.unwrap().token;
    assert!(world.accounts.authenticate(&idle).await.unwrap().is_some());
    world.clock.advance_s(29 * DAY_S);
    assert!(world.accounts.authenticate(&busy).await.unwrap().is_some());
    world.clock.advance_s(DAY_S - 1);
    assert!(world.accounts.authenticate(&idle).await.unwrap().is_some());
    world.clock.advance_s(1);
    // Also where it is still in memory.
    assert_eq!(world.accounts.authenticate(&idle).await.unwrap(), None);
    assert!(world.accounts.authenticate(&busy).await.unwrap().is_some());
    let world = world.restarted(Limits::default());
    assert_eq!(world.accounts.authenticate(&idle).await.unwrap(), None);
    assert!(world.accounts.authenticate(&busy).await.unwrap().is_some());
    world.clock.advance_s(29 * DAY_S);
    assert!(world.accounts.authenticate(&busy).await.unwrap().is_some());
}

#[tokio::test]
async fn the_database_holds_no_token_and_no_password() {
    let world = World::new().await;
    let password = "correct horse battery staple";
    let token = world.accounts.register(credentials("Ann", password), "").await.unwrap().token;
    let raw = data_encoding::BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
    world.database.close().await;
    let stored = std::fs::read(world.folder.path().join("people.db")).unwrap();
    let holds = |secret: &[u8]| stored.windows(secret.len()).any(|window| window == secret);
    assert!(holds(b"$argon2id$"));
    assert!(!holds(password.as_bytes()) && !holds(token.as_bytes()) && !holds(&raw));
}

#[tokio::test]
async fn an_outage_signs_nobody_out_and_shows_default_names() {
    let world = World::new().await;
    let known = world.accounts.guest("Ann", "").await.unwrap();
    let other = world.accounts.guest("Bob", "").await.unwrap();
    assert!(world.accounts.authenticate(&known.token).await.unwrap().is_some());
    assert_eq!(world.accounts.profile(known.user.id).await, known.user);
    world.database.close().await;

    assert!(world.accounts.authenticate(&known.token).await.unwrap().is_some());
    refused(world.accounts.authenticate(&other.token).await, ErrorCode::Unavailable);
    let profiles = world.accounts.profiles(&[other.user.id, known.user.id, other.user.id]).await;
    assert_eq!(profiles[1], known.user);
    assert_eq!(profiles[0], profiles[2]);
    assert_eq!((profiles[0].id, profiles[0].name.as_str()), (other.user.id, "…"));
    assert_eq!(profiles[0].avatar, other.user.avatar);
    let degraded = world.board.list();
    assert_eq!((degraded.len(), degraded[0].name.as_str()), (1, "default_profiles"), "R-CTRL-4");
    world.clock.advance_s(30);
    assert_eq!(world.accounts.profile(known.user.id).await, known.user, "who is remembered");
    assert!(world.board.list().is_empty());
}

#[tokio::test]
async fn an_administrator_is_made_by_id_or_by_account_name() {
    let world = World::new().await;
    let victim = world.accounts.guest("Victim", "").await.unwrap();
    assert!(!world.accounts.authenticate(&victim.token).await.unwrap().unwrap().is_admin);
    assert!(!world.accounts.is_admin(victim.user.id).await.unwrap());
    // Somebody else's id as a name does not catch the right.
    let id = victim.user.id.to_string();
    let attacker = world.accounts.register(credentials(&id, "long enough"), "").await.unwrap();
    assert_eq!(world.accounts.grant_admin(&id).await.unwrap().profile, victim.user);
    assert!(world.accounts.authenticate(&victim.token).await.unwrap().unwrap().is_admin);
    assert!(
        world.accounts.is_admin(victim.user.id).await.unwrap(),
        "it forgets that they were not"
    );
    assert!(!world.accounts.me(attacker.user.id).await.unwrap().is_admin);

    world.accounts.register(credentials("Root", "long enough"), "").await.unwrap();
    assert!(world.accounts.grant_admin("rOOT").await.unwrap().is_admin);
    // A guest's name names nobody.
    refused(world.accounts.grant_admin("Victim").await, ErrorCode::NotFound);
    refused(world.accounts.grant_admin("0").await, ErrorCode::NotFound);
    refused(world.accounts.me(UserId::new(0).unwrap()).await, ErrorCode::Unauthenticated);
}
