//! Writing the logs of groups.

use super::{MemoryPeople, State, ensure, log::Keys};
use async_trait::async_trait;
use hongbao_domain::store::people::{
    Dress, LinePost, PacketPost, PeopleError, PostStore, StoredBody, StoredMessage, StoredPacket,
    TextDraft,
};
use hongbao_shared::{GroupId, Kind, OrderNo};
use std::{collections::BTreeMap, ops::RangeInclusive};

const LINE_KEY_CHARS: RangeInclusive<usize> = 1..=128;

#[async_trait]
impl PostStore for MemoryPeople {
    async fn post_text(&self, draft: TextDraft) -> Result<StoredMessage, PeopleError> {
        let state = &mut *self.state.lock();
        let TextDraft { group_id, sender_id, text, key, at } = draft;
        let group = state.groups.get(&group_id).ok_or(PeopleError::GroupNotFound)?;
        if !group.members.contains_key(&sender_id) {
            return Err(PeopleError::GroupNotFound);
        }
        let body = StoredBody::Text(text);
        let before = key.as_deref().and_then(|key| group.log.with_key(sender_id, key));
        if let Some(before) = before {
            return repeated(before, before.body == body);
        }
        let keys = Keys { of_sender: key, of_line: None };
        state.append(group_id, sender_id, at, body, keys)
    }

    async fn post_packet(&self, post: PacketPost) -> Result<StoredMessage, PeopleError> {
        let state = &mut *self.state.lock();
        let (group_id, sender_id, order_no) = (post.group_id, post.sender_id, post.order_no);
        let (kind, recipient_id) = (post.kind, post.recipient_id);
        let dress = Dress { greeting: post.greeting, cover: post.cover };
        let body = StoredBody::Packet(StoredPacket { order_no, kind, dress, recipient_id });
        if let Some((group, before)) = state.posted(order_no) {
            let same = group == group_id && before.sender_id == sender_id && before.body == body;
            return repeated(before, same);
        }
        if !state.groups.contains_key(&group_id) {
            return Err(PeopleError::GroupNotFound);
        }
        ensure((kind == Kind::Exclusive) == recipient_id.is_some(), "packet_posts_recipient")?;
        if let Some(recipient) = recipient_id {
            state.check_user(recipient)?;
        }
        let message = state.append(group_id, sender_id, post.at, body, Keys::NONE)?;
        state.packets.insert(order_no, (group_id, message.id));
        Ok(message)
    }

    /// Checks all of them before it appends the first.
    async fn post_lines(&self, posts: Vec<LinePost>) -> Result<Vec<StoredMessage>, PeopleError> {
        let state = &mut *self.state.lock();
        let mut new: BTreeMap<(GroupId, &str), &LinePost> = BTreeMap::new();
        for post in &posts {
            let group = state.groups.get(&post.group_id).ok_or(PeopleError::GroupNotFound)?;
            let body = StoredBody::Line(post.line.clone());
            let before = group.log.with_line_key(&post.key);
            let earlier = new.get(&(post.group_id, post.key.as_str()));
            let is_other = before.is_some_and(|before| before.body != body)
                || earlier.is_some_and(|earlier| earlier.line != post.line);
            if is_other {
                return Err(PeopleError::KeyReused);
            }
            ensure(LINE_KEY_CHARS.contains(&post.key.chars().count()), "messages_line_key")?;
            state.check_user(post.line.sender_id())?;
            new.insert((post.group_id, &post.key), post);
        }
        posts.into_iter().map(|post| state.post_line(post)).collect()
    }
}

impl State {
    fn post_line(&mut self, post: LinePost) -> Result<StoredMessage, PeopleError> {
        let LinePost { group_id, key, at, line } = post;
        let group = self.groups.get(&group_id);
        if let Some(before) = group.and_then(|group| group.log.with_line_key(&key)) {
            return Ok(before.clone());
        }
        let sender_id = line.sender_id();
        let keys = Keys { of_sender: None, of_line: Some(key) };
        self.append(group_id, sender_id, at, StoredBody::Line(line), keys)
    }

    pub(super) fn packet_dress(&self, order_no: OrderNo) -> Option<Dress> {
        match &self.posted(order_no)?.1.body {
            StoredBody::Packet(packet) => Some(packet.dress.clone()),
            _ => None,
        }
    }

    fn posted(&self, order_no: OrderNo) -> Option<(GroupId, &StoredMessage)> {
        let (group, id) = self.packets.get(&order_no)?;
        Some((*group, self.groups.get(group)?.log.with_id(*id)?))
    }
}

/// What was posted before stays as it is.
fn repeated(before: &StoredMessage, same: bool) -> Result<StoredMessage, PeopleError> {
    if same { Ok(before.clone()) } else { Err(PeopleError::KeyReused) }
}
