//! What a browser is told: how the chat is called, who sent with which words, and where a tap
//! leads. Its service worker shows it as it is.

use hongbao_domain::store::people::DuePush;
use hongbao_shared::api::{groups::Language, push::PushMessage};

/// What is sealed must fit into 4 KiB, whatever limits are set.
const CHARS_MAX: usize = 200;

pub(super) fn body(push: &DuePush) -> String {
    let DuePush { language, group, group_name, sender_name, greeting, order_no, .. } = push;
    let body = match language {
        Language::Zh => format!("{sender_name}：[红包] {}", or(greeting, "恭喜发财，大吉大利")),
        Language::En => {
            format!("{sender_name}: [Red packet] {}", or(greeting, "Good fortune and great luck"))
        }
    };
    let short = |text: &str| text.chars().take(CHARS_MAX).collect();
    let message = PushMessage {
        title: short(group_name),
        body: short(&body),
        path: format!("/g/{group}"),
        tag: *order_no,
    };
    serde_json::to_string(&message).expect("messages serialize")
}

fn or<'a>(words: &'a str, default: &'a str) -> &'a str {
    if words.is_empty() { default } else { words }
}
