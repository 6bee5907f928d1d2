use crate::groups::LogEvent;
use hongbao_shared::{
    GroupId, MessageId,
    api::live::{GONE, GROUPS, GroupNews, MESSAGE, PACKET, REPLACED, RESET},
};
use serde::Serialize;

/// One event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where whoever comes back after this event goes on; absent where that has not
    /// moved. A frame with nothing else only says where.
    pub id: Option<MessageId>,
    /// Its name and data (JSON), if it is more than a place.
    pub event: Option<(&'static str, String)>,
}

impl Frame {
    pub(super) fn place(id: MessageId) -> Self {
        Self { id: Some(id), event: None }
    }

    pub(super) fn reset(id: MessageId) -> Self {
        Self { id: Some(id), event: Some((RESET, "{}".to_owned())) }
    }

    pub(super) fn gone() -> Self {
        Self { id: None, event: Some((GONE, "{}".to_owned())) }
    }

    pub(super) fn replaced() -> Self {
        Self { id: None, event: Some((REPLACED, "{}".to_owned())) }
    }

    pub(super) fn hint(group_id: GroupId) -> Self {
        Self { id: None, event: Some((GROUPS, json(&GroupNews { group_id }))) }
    }

    fn of(event: &LogEvent) -> Self {
        let named = match event {
            LogEvent::Message(message) => (MESSAGE, json(message)),
            LogEvent::Packet { change, .. } => (PACKET, json(change)),
        };
        Self { id: Some(event.id()), event: Some(named) }
    }
}

/// The frames of some events, in order. Whoever is cut off between two events of one
/// entry has to get both again, so only the last of them names the entry. That one is
/// the message, which must not come twice; a card's change only replaces what it
/// changed.
pub(super) fn frames(events: &[LogEvent]) -> Vec<Frame> {
    let mut frames = Vec::with_capacity(events.len());
    for entry in events.chunk_by(|a, b| a.id() == b.id()) {
        let (messages, changes): (Vec<_>, Vec<_>) =
            entry.iter().partition(|event| matches!(event, LogEvent::Message(_)));
        let last = entry.len().saturating_sub(1);
        let ordered = changes.into_iter().chain(messages).map(Frame::of).enumerate();
        frames.extend(
            ordered.map(|(at, frame)| Frame {
                id: frame.id.filter(|_| at == last),
                event: frame.event,
            }),
        );
    }
    frames
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("answers serialize")
}
