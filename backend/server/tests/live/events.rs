//! A browser's `EventSource`, as far as the tests need one.

use crate::common::person::{Answer, Person};
use reqwest::{Method, Response};
use serde_json::Value;
use std::time::Duration;

/// One event as a browser dispatches it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// An open stream; dropped, its connection is cut.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) response: Response,
    bytes: Vec<u8>,
    /// What a browser would come back with.
    pub(crate) last_id: Option<String>,
}

impl Events {
    /// Opens a stream; the error is that of the connection.
    pub(crate) async fn try_open(
        person: &Person,
        path: &str,
        last_id: Option<&str>,
    ) -> Result<Self, reqwest::Error> {
        let mut request = person.request(Method::GET, path).timeout(Duration::from_mins(10));
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await?;
        Ok(Self { response, bytes: Vec::new(), last_id: last_id.map(str::to_owned) })
    }

    /// Opens a stream and reads its first beat.
    pub(crate) async fn open(person: &Person, path: &str, last_id: Option<&str>) -> Self {
        let mut events = Self::try_open(person, path, last_id).await.unwrap();
        assert_eq!(events.response.status(), 200);
        assert_eq!(events.block().await.unwrap(), "event: beat\ndata: {}\nretry: 1000");
        events
    }

    /// How the call is refused.
    pub(crate) async fn refused(
        person: &Person,
        path: &str,
        last_id: Option<&str>,
    ) -> (u16, String) {
        let events = Self::try_open(person, path, last_id).await.unwrap();
        assert!(!events.response.status().is_success(), "{path} {last_id:?} is not refused");
        let (status, headers) = (events.response.status(), events.response.headers().clone());
        let body = events.response.text().await.unwrap();
        Answer { status, headers, body }.refused()
    }

    /// The next event that is no beat; `None` when the stream has ended or was cut.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            let (mut name, mut data) = (String::new(), String::new());
            for line in block.lines() {
                match line.split_once(": ") {
                    Some(("id", id)) => self.last_id = Some(id.to_owned()),
                    Some(("event", event)) => event.clone_into(&mut name),
                    Some(("data", text)) => data.push_str(text),
                    _ => {}
                }
            }
            if !data.is_empty() && name != "beat" {
                return Some(Event { name, data: serde_json::from_str(&data).unwrap() });
            }
        }
    }

    /// The place that a stream without one begins at.
    pub(crate) async fn first_id(&mut self) -> String {
        loop {
            let block = self.block().await.expect("a stream says where it begins");
            if let Some(id) = block.strip_prefix("id: ") {
                self.last_id = Some(id.to_owned());
                return id.to_owned();
            }
        }
    }

    /// The next event of this name; others are skipped.
    pub(crate) async fn next_of(&mut self, name: &str) -> Value {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name {
                return event.data;
            }
        }
    }

    /// The lines up to the next empty one.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.bytes.windows(2).position(|two| two == b"\n\n") {
                let block = self.bytes.drain(..end + 2).take(end).collect();
                return Some(String::from_utf8(block).unwrap());
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.bytes.extend_from_slice(&chunk);
        }
    }
}

/// All messages of a group as somebody sees them, the oldest first.
pub(crate) async fn log(person: &Person, group: &str) -> Vec<Value> {
    let mut messages = Vec::new();
    let mut path = format!("/groups/{group}/messages");
    loop {
        let page = person.get(&path).await.ok(200);
        messages.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/groups/{group}/messages?cursor={cursor}");
    }
    messages.reverse();
    messages
}

/// The id of a message.
pub(crate) fn id(message: &Value) -> i64 {
    message["id"].as_str().unwrap().parse().unwrap()
}

pub(crate) async fn say(person: &Person, group: &str, text: &str) -> Value {
    let body = serde_json::json!({ "text": text });
    person.post(&format!("/groups/{group}/messages"), &body).await.ok(201)
}
