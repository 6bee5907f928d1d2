//! What stands in databases, caches and files, written by a later version, cut off or forged. What is read
//! is written as it was read; what no key of ours sealed or signed opens nothing.
#![no_main]

use hongbao_config::{Config, MasterKey};
use hongbao_domain::{
    record::{Payment, PreOrderRecord},
    store::{
        lists::{ReceivedLine, ReceivedRow, SentRow, Totals},
        outbox::{events_of, order_of},
        people::LinePost,
    },
};
use hongbao_engine::{
    keys::{Keys, seal::Sealer},
    news::News,
    packets::{ChatEvent, CreditEvent, LandEvent, ListEvent, RefundEvent, Tickets},
};
use hongbao_shared::{
    Timestamp, UserId,
    api::{
        control::ControlState, groups::Message, live::GroupNews, packets::PacketDetails,
        problem::Problem, webhooks::WebhookEvent,
    },
    proof,
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use std::{fs, path::PathBuf, sync::LazyLock};

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let mut config = Config::default();
    config.storage.master_key = serde_json::from_value("11".repeat(32).into()).unwrap();
    Keys::read(&config).unwrap()
});

/// In a folder of this process: `cargo xtask fuzz` says where such folders are, and removes them.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| tempfile::tempdir().unwrap().keep());

/// What is written of it is read as the same.
fn comes_back<T: Serialize + DeserializeOwned>(text: &str) {
    let Ok(read) = serde_json::from_str::<T>(text) else { return };
    let written = serde_json::to_value(&read).unwrap();
    let again: T = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), written, "of {text}");
}

fn rows(text: &str) {
    comes_back::<LandEvent>(text);
    comes_back::<Vec<CreditEvent>>(text);
    comes_back::<RefundEvent>(text);
    comes_back::<Vec<ChatEvent>>(text);
    comes_back::<Vec<ListEvent>>(text);
    comes_back::<PreOrderRecord>(text);
    comes_back::<Payment>(text);
    comes_back::<SentRow>(text);
    comes_back::<ReceivedRow>(text);
    comes_back::<ReceivedLine>(text);
    comes_back::<Totals>(text);
    comes_back::<LinePost>(text);
    comes_back::<Vec<News>>(text);
    for event in events_of(text) {
        let _ = order_of(&event);
    }
    // What the web app reads of a later server.
    comes_back::<GroupNews>(text);
    comes_back::<ControlState>(text);
    comes_back::<Problem>(text);
    comes_back::<WebhookEvent>(text);
    let _ = serde_json::from_str::<Message>(text);
    if let Ok(details) = serde_json::from_str::<PacketDetails>(text) {
        let _ = proof::check(&details).map(|report| report.is_ok());
    }
}

fn seals(bytes: &[u8]) {
    let order_no = "S00G0000000000J".parse().unwrap();
    let sealer = Sealer::new(&KEYS);
    assert!(sealer.open(order_no, bytes).is_err());
    let _ = sealer.key_of(order_no, bytes);
    if let Ok(ticket) = std::str::from_utf8(bytes) {
        let tickets = Tickets::new(&KEYS, 60);
        let (user, now) = (UserId::new(1).unwrap(), Timestamp::from_millis(0));
        assert!(tickets.check(ticket, order_no, user, now).is_err());
    }
}

/// Three files with what stands between lines of dashes.
fn keys_folder(text: &str) {
    let mut config = Config::default();
    config.storage.keys.clone_from(&FOLDER);
    let mut texts = text.split("\n---\n");
    for name in ["master.key", "0a0b0c0d.key", "sealing"] {
        match texts.next() {
            Some(text) => fs::write(FOLDER.join(name), text).unwrap(),
            None => drop(fs::remove_file(FOLDER.join(name))),
        }
    }
    if let Err(error) = Keys::read(&config) {
        let sentence = error.to_string();
        assert!(!sentence.contains('\n'), "{sentence:?}");
    }
}

fuzz_target!(|data: &[u8]| {
    hongbao_cache::fuzzed(data);
    seals(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    rows(text);
    if let Ok(key) = MasterKey::from_hex(text) {
        assert_eq!(key.to_hex(), text.trim().to_lowercase());
    }
    if text.len() < 300 {
        keys_folder(text);
    }
});
