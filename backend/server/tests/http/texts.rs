//! Texts as people type and paste them: compared by what they look like, counted as they are
//! seen, refused for what is wrong with them (R-PEOPLE-4).

use crate::{
    common::{
        person::{Answer, Person, send},
        server::TestServer,
    },
    scene::Scene,
};
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse";
const FAMILY: &str = "👨🏻\u{200d}👩🏻\u{200d}👧🏻\u{200d}👦🏻";

async fn unsigned(server: &TestServer, path: &str, body: &Value) -> Answer {
    send(server.request(Method::POST, &format!("/api/v1{path}")).json(body)).await
}

async fn register(server: &TestServer, name: &str, password: &str) -> Answer {
    unsigned(server, "/accounts", &json!({"name": name, "password": password})).await
}

async fn sign_in(server: &TestServer, name: &str, password: &str) -> Answer {
    unsigned(server, "/session", &json!({"name": name, "password": password})).await
}

/// Tries as many accounts and passwords as it likes.
async fn patient_server() -> TestServer {
    TestServer::start_with(None, |config| {
        config.addresses.sign_ins_per_minute = 0;
        config.addresses.sign_ins_per_account_per_minute = 0;
        config.addresses.accounts_per_minute = 0;
    })
    .await
}

#[tokio::test]
async fn a_name_that_looks_like_a_taken_one_is_taken() {
    let server = patient_server().await;
    register(&server, "Lucky Ann", PASSWORD).await.ok(201);
    let guest = server.guest("guest").await;
    for alike in [
        "LUCKY ANN",
        "Lucky\u{200b} Ann",
        "Lucky Ann\u{200b}",
        "Lucky A\u{200d}nn",
        "\u{200e}Lucky Ann",
        "Luc\u{200f}ky Ann",
        "Lucky Ann\u{fe0f}",
        "Lucky Ann\u{3164}",
        "Luc\u{3164}ky Ann",
        "Lucky Ann\u{2800}",
        "Luc\u{2800}ky Ann",
        "Lucky\u{2800}\u{a0}Ann",
        "Luc\u{ffa0}ky Ann",
        "Lucky  Ann",
        "Lucky\u{3000}Ann",
        "Ｌｕｃｋｙ Ａｎｎ",
        "ⓛucky Ann",
        "Lu\u{ad}cky Ann",
        "Lucky\u{2060} Ann",
        "\u{feff}Lucky Ann\t",
        "\u{202a}Lucky Ann\u{202c}",
        "Lucky Ann\u{e0041}",
        "Lucky\u{20e3} Ann",
    ] {
        let answer = register(&server, alike, PASSWORD).await;
        assert_eq!(answer.refused(), (409, "name_taken".to_owned()), "{alike:?}");
        let body = json!({"name": alike, "password": PASSWORD});
        let answer = guest.post("/me/account", &body).await;
        assert_eq!(answer.refused(), (409, "name_taken".to_owned()), "a guest, {alike:?}");
        sign_in(&server, alike, PASSWORD).await.ok(201);
    }
    for other in ["Lucky Anna", "LuckyAnn", "Lucky Änn"] {
        register(&server, other, PASSWORD).await.ok(201);
    }
}

/// R-PEOPLE-4: letters of other alphabets that look like Latin ones imitate nobody.
#[tokio::test]
async fn a_name_in_another_alphabet_that_looks_like_a_taken_one_is_taken() {
    let server = patient_server().await;
    for (taken, alike) in
        [("ape", "аре"), ("HOPE", "НОРЕ"), ("нора", "hopa"), ("Oia", "Οια"), ("Joe 7", "Јое 7")]
    {
        register(&server, taken, PASSWORD).await.ok(201);
        let answer = register(&server, alike, PASSWORD).await;
        assert_eq!(answer.refused(), (409, "name_taken".to_owned()), "{alike:?}");
    }
    // Each still signs in with what they registered.
    sign_in(&server, "Нора", PASSWORD).await.ok(201);
    for free in ["Вася", "Ελένη", "小明 Ming", "小明ming", "カタカナABC", "Вася Smith", "Torn"]
    {
        register(&server, free, PASSWORD).await.ok(201);
    }
}

/// R-PEOPLE-4: a word in two alphabets, and what each screen shows differently, is no name of
/// anybody or anything; what somebody says is theirs.
#[tokio::test]
async fn names_of_mixed_alphabets_or_unknown_characters_are_refused() {
    let scene = Scene::new().await;
    let (server, sender) = (&scene.server, &scene.sender);
    let mixed = "a word mixes letters of different alphabets";
    let unknown = "has a character that not everybody can see";
    for (name, detail) in [
        ("Bоb", mixed),
        ("小明 Νick", mixed),
        ("B\u{200b}о", mixed),
        ("a\u{301}о", mixed),
        ("Ann\u{e000}", unknown),
        ("Ann\u{378}", unknown),
        ("\u{10ffff}", unknown),
    ] {
        let answer = unsigned(server, "/session/guest", &json!({"name": name})).await;
        refused_for(&answer, "name_invalid", detail, name);
        let body = json!({"name": "x", "login_name": name, "password": PASSWORD});
        refused_for(&unsigned(server, "/accounts", &body).await, "name_invalid", detail, name);
        let answer = sender.post("/groups", &json!({"name": name})).await;
        refused_for(&answer, "group_name_invalid", detail, name);
        let messages = format!("/groups/{}/messages", scene.group);
        sender.post(&messages, &json!({"text": name})).await.ok(201);
    }
}

#[tokio::test]
async fn names_and_passwords_are_the_same_however_a_keyboard_composes_them() {
    let server = patient_server().await;
    // Composed and decomposed: é, Vietnamese ế, Hangul 가, and Japanese が.
    let ways = [
        ("Ren\u{e9} \u{1ebf}\u{ac00}\u{304c}", "caf\u{e9} \u{1ebf}\u{ac00}\u{304c}!"),
        (
            "Rene\u{301} e\u{302}\u{301}\u{1100}\u{1161}\u{304b}\u{3099}",
            "cafe\u{301} e\u{302}\u{301}\u{1100}\u{1161}\u{304b}\u{3099}!",
        ),
    ];
    for (made, tried) in [(ways[0], ways[1]), (ways[1], ways[0])] {
        let name = format!("{}{}", made.0, made.1.len());
        register(&server, &name, made.1).await.ok(201);
        let other = format!("{}{}", tried.0, made.1.len());
        sign_in(&server, &other, tried.1).await.ok(201);
        sign_in(&server, &name, made.1).await.ok(201);
        assert_eq!(register(&server, &other, tried.1).await.refused().0, 409);
        // Case and spaces are part of a password.
        for wrong in [made.1.to_uppercase(), format!(" {}", made.1)] {
            assert_eq!(sign_in(&server, &name, &wrong).await.refused().0, 401, "{wrong:?}");
        }
    }
}

/// R-PEOPLE-1: what anybody would try first is no new password, however it is written.
#[tokio::test]
async fn a_password_that_anybody_would_try_is_refused() {
    let server = patient_server().await;
    let common = "among the first that anybody would try";
    let same = "the same as the login name";
    let signed_in = register(&server, "Lucky Ann", PASSWORD).await.ok(201);
    let token = signed_in["token"].as_str().unwrap().to_owned();
    let ann = Person { token, ..server.guest("guest").await };
    let guest = server.guest("other").await;
    for (password, detail) in [
        ("        ", "nothing visible"),
        ("\u{3000}\u{a0}      ", "nothing visible"),
        ("12345678", common),
        ("１２３４５６７８", common),
        ("Password", common),
        ("PASSWORD1 ", common),
        ("woaini1314", common),
        ("lucky ann", same),
        ("Lucky  Ann", same),
    ] {
        let body = json!({"name": "x", "login_name": "LUCKY ANN", "password": password});
        let answer = unsigned(&server, "/accounts", &body).await;
        refused_for(&answer, "password_invalid", detail, password);
        let answer = guest.post("/me/account", &body).await;
        refused_for(&answer, "password_invalid", detail, password);
        let change = json!({"current": PASSWORD, "new": password});
        let answer = send(ann.request(Method::PUT, "/me/password").json(&change)).await;
        refused_for(&answer, "password_invalid", detail, password);
    }
    register(&server, "Lucky Ben", "lucky ann").await.ok(201);
}

fn refused_for(answer: &Answer, code: &str, detail: &str, what: &str) {
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(answer.refused(), (422, code.to_owned()), "{what:?}");
    assert_eq!(problem["detail"], json!(detail), "{what:?}: {}", answer.body);
}

#[tokio::test]
async fn what_nobody_sees_is_no_text_and_the_answer_says_so() {
    let scene = Scene::new().await;
    let (server, sender) = (&scene.server, &scene.sender);
    let messages = format!("/groups/{}/messages", scene.group);
    for invisible in [
        "",
        "\t",
        "\u{301}",
        " \u{301}\u{302}",
        "\u{200b}\u{200d}",
        "\u{2800}\u{3164}",
        "\u{202a}\u{202c}",
        "\u{feff}",
        "\u{e0101}",
        "\u{1bca0}",
        "\u{20dd}",
    ] {
        let answer = unsigned(server, "/session/guest", &json!({"name": invisible})).await;
        refused_for(&answer, "name_invalid", "nothing visible", invisible);
        let answer = sender.post("/groups", &json!({"name": invisible})).await;
        refused_for(&answer, "group_name_invalid", "nothing visible", invisible);
        let answer = sender.post(&messages, &json!({"text": invisible})).await;
        refused_for(&answer, "message_invalid", "nothing visible", invisible);
    }
    for (name, detail) in [
        ("a\tb", "has a control character"),
        ("a\u{202a}b", "has a control character"),
        ("a\u{202e}b", "has a control character"),
        (&"长".repeat(21), "too long"),
        (&FAMILY.repeat(21), "too long"),
        (&format!("a{}", "\u{301}".repeat(16)), "a character has too many marks"),
    ] {
        let answer = unsigned(server, "/session/guest", &json!({"name": name})).await;
        refused_for(&answer, "name_invalid", detail, name);
    }
}

#[tokio::test]
async fn lengths_are_what_people_count() {
    let scene = Scene::new().await;
    let sender = &scene.sender;
    let named = async |person: &Person, name: &str| {
        send(person.request(Method::PATCH, "/me").json(&json!({"name": name}))).await
    };
    for character in [
        FAMILY,
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "e\u{301}\u{302}",
        "नि",
        "🇨🇳",
        "1\u{fe0f}\u{20e3}",
    ] {
        let name = character.repeat(20);
        let me = named(sender, &name).await.ok(200);
        assert_eq!(me["user"]["name"], json!(name));
        assert_eq!(named(sender, &character.repeat(21)).await.refused().0, 422, "{character}");
        sender.post("/groups", &json!({"name": character.repeat(30)})).await.ok(201);
        let greeting = |count: usize| {
            json!({"group_id": scene.group, "kind": "lucky", "total_fen": 10, "shares": 2,
                   "greeting": character.repeat(count)})
        };
        sender.post("/packets", &greeting(25)).await.ok(201);
        let answer = sender.post("/packets", &greeting(26)).await;
        assert_eq!(answer.refused(), (422, "greeting_invalid".to_owned()), "{character}");
        let server = &scene.server;
        let seven = register(server, &format!("{character} 7"), &character.repeat(7)).await;
        refused_for(&seven, "password_invalid", "too short", character);
        register(server, &format!("{character} 8"), &character.repeat(8)).await.ok(201);
    }
}

#[tokio::test]
async fn what_surrounds_a_text_is_stripped() {
    let scene = Scene::new().await;
    let sender = &scene.sender;
    let messages = format!("/groups/{}/messages", scene.group);
    for (before, after) in [
        ("\t", "\r\n"),
        ("\u{feff}", "\u{feff}"),
        ("\u{202a}", "\u{202c}"),
        ("\u{202b}", "\u{202c}"),
        ("\u{2066} ", " \u{2069}"),
        ("\u{200e}", "\u{200b}"),
        ("\u{2028}\u{3164}", "\u{2029}\u{2800}"),
    ] {
        let wrapped = format!("{before}恭喜 ❤\u{fe0f}{after}");
        let change = json!({"name": wrapped});
        let me = send(sender.request(Method::PATCH, "/me").json(&change)).await.ok(200);
        assert_eq!(me["user"]["name"], json!("恭喜 ❤\u{fe0f}"), "{wrapped:?}");
        let group = sender.post("/groups", &json!({"name": wrapped})).await.ok(201);
        assert_eq!(group["name"], json!("恭喜 ❤\u{fe0f}"), "{wrapped:?}");
        let said = sender.post(&messages, &json!({"text": wrapped})).await.ok(201);
        assert_eq!(said["text"], json!("恭喜 ❤\u{fe0f}"), "{said}");
    }
}

/// An account has a login name of its own: the name that others see may change.
#[tokio::test]
async fn a_new_name_does_not_change_what_one_signs_in_with() {
    let server = patient_server().await;
    let body = json!({"name": "小明", "login_name": "Ming88", "password": PASSWORD});
    let signed_in = unsigned(&server, "/accounts", &body).await.ok(201);
    assert_eq!(signed_in["user"]["name"], json!("小明"));
    let token = signed_in["token"].as_str().unwrap().to_owned();
    let ming = Person { token, ..server.guest("guest").await };
    assert_eq!(ming.get("/me").await.ok(200)["login_name"], json!("Ming88"));
    assert_eq!(sign_in(&server, "小明", PASSWORD).await.refused().0, 401);
    register(&server, "Bob", PASSWORD).await.ok(201);
    // What others see is nobody's alone.
    let change = json!({"name": "Bob"});
    let me = send(ming.request(Method::PATCH, "/me").json(&change)).await.ok(200);
    assert_eq!((&me["user"]["name"], &me["login_name"]), (&json!("Bob"), &json!("Ming88")));
    let again = sign_in(&server, "ｍｉｎｇ88", PASSWORD).await.ok(201);
    assert_eq!(again["user"]["id"], signed_in["user"]["id"]);
    assert_eq!(register(&server, "MING88", PASSWORD).await.refused().0, 409);

    // A guest keeps the name that others know, and has no login name before.
    let guest = server.guest("小红").await;
    assert!(guest.get("/me").await.ok(200).get("login_name").is_none());
    let body = json!({"name": "小红", "login_name": "hong", "password": PASSWORD});
    let me = guest.post("/me/account", &body).await.ok(200);
    assert_eq!((&me["user"]["name"], &me["login_name"]), (&json!("小红"), &json!("hong")));
    sign_in(&server, "HONG", PASSWORD).await.ok(201);
    // R-PEOPLE-1: also one who only says with what to sign in.
    let guest = server.guest("小兰").await;
    let body = json!({"name": "xm_acc_7", "password": PASSWORD});
    let me = guest.post("/me/account", &body).await.ok(200);
    assert_eq!((&me["user"]["name"], &me["login_name"]), (&json!("小兰"), &json!("xm_acc_7")));
    assert_eq!(guest.get("/me").await.ok(200), me);
    sign_in(&server, "xm_acc_7", PASSWORD).await.ok(201);
    // Without one, the name is the login name.
    let as_bob = json!({"name": "x", "login_name": "bob", "password": PASSWORD});
    assert_eq!(unsigned(&server, "/accounts", &as_bob).await.refused().0, 409);
    let body = json!({"name": "y", "login_name": "\u{301}", "password": PASSWORD});
    refused_for(
        &unsigned(&server, "/accounts", &body).await,
        "name_invalid",
        "nothing visible",
        "y",
    );
}
