//! Texts that are names of something, and texts of people. What is read and shown is the same again;
//! what is taken is taken again, unchanged.
#![no_main]

use hongbao_config::{HomeSite, Network, Origin, PushService, Weights};
use hongbao_domain::{keys::KeyId, text};
use hongbao_engine::delivery::{LetterId, OutboxPlace};
use hongbao_shared::{
    Fen, GroupId, MessageId, OrderNo, ServiceId, Timestamp, UserId, WebhookId,
    fairness::{ClientSeed, Commitment},
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fmt::{Debug, Display},
    net::IpAddr,
    str::FromStr,
};

/// Read, shown and read again is the same.
fn comes_back<T: FromStr + Display + PartialEq + Debug>(text: &str) -> Option<String> {
    let read = text.parse::<T>().ok()?;
    let shown = read.to_string();
    match shown.parse::<T>() {
        Ok(again) => assert_eq!(again, read, "{text:?} is shown as {shown:?}"),
        Err(_) => panic!("{text:?} is shown as {shown:?}, which is not read"),
    }
    Some(shown)
}

/// Of several ways to write it only one is read (R-ORDER-3).
fn is_canonical<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    if let Some(shown) = comes_back::<T>(text) {
        assert_eq!(shown, text);
    }
}

/// Likewise as JSON.
fn json_comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(text: &str) {
    if let Ok(read) = serde_json::from_str::<T>(text) {
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<T>(&written).unwrap(), read);
    }
}

fn names(text: &str) {
    is_canonical::<OrderNo>(text);
    is_canonical::<UserId>(text);
    is_canonical::<GroupId>(text);
    is_canonical::<MessageId>(text);
    is_canonical::<ServiceId>(text);
    is_canonical::<WebhookId>(text);
    is_canonical::<LetterId>(text);
    is_canonical::<OutboxPlace>(text);
    is_canonical::<HomeSite>(text);
    is_canonical::<Origin>(text);
    is_canonical::<PushService>(text);
    comes_back::<KeyId>(text);
    comes_back::<Timestamp>(text);
    comes_back::<Weights>(text);
    comes_back::<Network>(text);
    json_comes_back::<Fen>(text);
    json_comes_back::<Timestamp>(text);
    if let Ok(order_no) = text.parse::<OrderNo>() {
        assert_eq!(OrderNo::from_bits(order_no.to_bits()), Ok(order_no));
        assert_eq!(text.chars().next(), Some(order_no.site().letter()), "nginx routes by it");
    }
    if let Ok(seed) = ClientSeed::from_hex(text) {
        assert!(seed.bytes().len() <= 32);
        assert_eq!(ClientSeed::from_hex(&seed.to_hex()).unwrap(), seed);
    }
    if let Ok(commitment) = Commitment::from_hex(text) {
        assert_eq!(commitment.to_hex(), text);
    }
}

/// R-PEOPLE-4.
fn words(text: &str, most: u32) {
    for check in [text::one_line, text::lines] {
        if let Ok(taken) = check(text, most) {
            assert_eq!(check(&taken, most).as_ref(), Ok(&taken), "from {text:?}");
            assert!(!taken.trim().is_empty());
            let length = text::length(&taken, most).unwrap();
            assert!((1..=most).contains(&length), "{length} of {most}");
        }
    }
    if let Ok(name) = text::name(text, most) {
        assert_eq!(text::name(&name, most).as_ref(), Ok(&name), "from {text:?}");
        assert!(!name.contains(['\n', '\r', '\0']), "{name:?}");
    }
    let key = text::key(text);
    assert_eq!(text::key(&key), key, "from {text:?}");
    let password = text::password(text);
    assert_eq!(text::password(&password), password, "from {text:?}");
}

/// R-API-5: nothing is posted to what stands beside the server. By other means than its own.
fn addresses(url: &str) {
    if hongbao::webhook_url(url).is_err() {
        return;
    }
    assert!(url.to_lowercase().starts_with("https://"), "{url:?}");
    let authority = url[8..].split(['/', '?']).next().unwrap();
    assert!(!authority.is_empty() && !authority.contains('@') && !url.contains('#'), "{url:?}");
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse().map(|ip: IpAddr| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => assert!(
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified()
                || ip.is_multicast() || ip.is_broadcast() || ip.is_documentation()),
            "{url:?}"
        ),
        Ok(IpAddr::V6(ip)) => assert!(
            !(ip.is_loopback() || ip.is_unspecified() || ip.is_multicast()
                || ip.is_unique_local() || ip.is_unicast_link_local()),
            "{url:?}"
        ),
        Err(_) => {}
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((most, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    names(text);
    words(text, u32::from(*most));
    addresses(text);
});
