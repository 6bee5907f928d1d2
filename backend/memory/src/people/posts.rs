//! Writing the logs of groups.

use super::{MemoryPeople, State, ensure, log::Keys};
use async_trait::async_trait;
use hongbao_domain::store::people::{
    Dress, LinePost, PacketPost, PeopleError, PostStore, StoredBody, StoredMessage, TextDraft,
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

    /// Checks all of them before it appends the first.
    async fn post_packets(
        &self,
        posts: Vec<PacketPost>,
    ) -> Result<Vec<StoredMessage>, PeopleError> {
        let state = &mut *self.state.lock();
        let mut new: BTreeMap<OrderNo, &PacketPost> = BTreeMap::new();
        for post in &posts {
            let before = state.posted(post.order_no);
            let is_other = before.is_some_and(|(group, before)| {
                group != post.group_id
                    || before.sender_id != post.sender_id
                    || before.body != post.body()
            });
            let earlier = new.get(&post.order_no);
            let differs = |earlier: &&PacketPost| {
                (earlier.group_id, earlier.sender_id) != (post.group_id, post.sender_id)
                    || earlier.body() != post.body()
            };
            if is_other || earlier.is_some_and(differs) {
                return Err(PeopleError::KeyReused);
            }
            if before.is_some() {
                continue;
            }
            if !state.groups.contains_key(&post.group_id) {
                return Err(PeopleError::GroupNotFound);
            }
            let is_exclusive = post.kind == Kind::Exclusive;
            ensure(is_exclusive == post.recipient_id.is_some(), "packet_posts_recipient")?;
            if let Some(recipient) = post.recipient_id {
                state.check_user(recipient)?;
            }
            new.insert(post.order_no, post);
        }
        posts.iter().map(|post| state.post_packet(post)).collect()
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
    fn post_packet(&mut self, post: &PacketPost) -> Result<StoredMessage, PeopleError> {
        if let Some((_, before)) = self.posted(post.order_no) {
            return Ok(before.clone());
        }
        let (group, sender) = (post.group_id, post.sender_id);
        let message = self.append(group, sender, post.at, post.body(), Keys::NONE)?;
        self.packets.insert(post.order_no, (group, message.id));
        Ok(message)
    }

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

    pub(super) fn posted(&self, order_no: OrderNo) -> Option<(GroupId, &StoredMessage)> {
        let (group, id) = self.packets.get(&order_no)?;
        Some((*group, self.groups.get(group)?.log.with_id(*id)?))
    }
}

/// What was posted before stays as it is.
fn repeated(before: &StoredMessage, same: bool) -> Result<StoredMessage, PeopleError> {
    if same { Ok(before.clone()) } else { Err(PeopleError::KeyReused) }
}
