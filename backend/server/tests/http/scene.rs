//! A scene in which somebody sends what cannot be, and the proof that nothing changed.

use crate::common::{
    ManualClock,
    person::{Answer, Person},
    server::TestServer,
};
use hongbao_shared::OrderNo;
use serde_json::Value;
use std::sync::Arc;

/// A group of three with an open packet, somebody outside, and a clock.
pub(crate) struct Scene {
    pub(crate) server: TestServer,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) group: String,
    pub(crate) sender: Person,
    pub(crate) member: Person,
    pub(crate) outsider: Person,
    pub(crate) packet: OrderNo,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
        let server = TestServer::start_with(Some(Arc::clone(&clock)), |_| {}).await;
        let (group, mut people) = server.group_of(3).await;
        let member = people.pop().unwrap();
        let sender = people.swap_remove(0);
        sender.top_up(100_000, "start").await;
        let packet = sender.send_packet(&group, 1_000, 3).await;
        sender.wait_for_card(&group, packet).await;
        let outsider = server.guest("outsider").await;
        Self { server, clock, group, sender, member, outsider, packet }
    }

    /// Everything that bad input could have changed, as its owner sees it.
    pub(crate) async fn state(&self) -> Vec<Value> {
        let mut state = Vec::new();
        for path in [
            "/wallet".to_owned(),
            "/wallet/entries".to_owned(),
            "/groups".to_owned(),
            format!("/groups/{}", self.group),
            format!("/groups/{}/messages", self.group),
            format!("/packets/{}", self.packet),
        ] {
            state.push(self.sender.get(&path).await.ok(200));
        }
        state.push(self.member.get("/wallet").await.ok(200));
        state
    }

    pub(crate) fn path(&self, call: &str) -> String {
        format!("/packets/{}{call}", self.packet)
    }

    pub(crate) async fn unchanged(&self, before: &[Value]) {
        for (now, before) in self.state().await.iter().zip(before) {
            assert_eq!(now, before);
        }
    }
}

pub(crate) fn expect(what: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.refused(), (status, code.to_owned()), "{what}: {answer:?}");
}

/// `fields` over `whole`; `null` takes a field away.
pub(crate) fn with(whole: &Value, fields: &Value) -> Value {
    let mut changed = whole.clone();
    for (field, value) in fields.as_object().unwrap() {
        changed[field] = value.clone();
    }
    changed.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    changed
}
