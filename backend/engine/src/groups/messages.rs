//! The log of a group's chat.

use super::{CardStates, Cursor, Groups};
use hongbao_domain::{
    Refusal,
    crash::{self, Step},
    store::people::{Dress, PacketPost, TextDraft},
    text, whole,
};
use hongbao_shared::{
    ErrorCode, GroupId, MessageId, OrderNo, UserId,
    api::{
        Page,
        groups::{Message, MessageBody, NewMessage},
    },
    limits,
};
use std::sync::Arc;

/// Messages of a page that names no limit.
pub const MESSAGES_PAGE_DEFAULT: u32 = 50;
/// The most messages of one page.
pub const MESSAGES_PAGE_MAX: u32 = 100;

impl Groups {
    /// Posts words; the same key again posts nothing new and answers the same
    /// (R-PEOPLE-3). `group_not_found`, `message_invalid`, `key_invalid`,
    /// `key_reused`.
    pub async fn post_text(
        self: &Arc<Self>,
        user: UserId,
        group: GroupId,
        new: NewMessage,
    ) -> Result<Message, Refusal> {
        let text = text::lines(&new.text, self.limits.message_chars_max)
            .map_err(|fault| Refusal::new(ErrorCode::MessageInvalid).detail(fault.to_string()))?;
        if new.key.as_deref().is_some_and(|key| !limits::is_key(key)) {
            return Err(ErrorCode::KeyInvalid.into());
        }
        let at = self.clock.now();
        let draft =
            TextDraft { group_id: group, sender_id: user, text: text.clone(), key: new.key, at };
        let groups = Arc::clone(self);
        let stored = whole(async move {
            let stored = groups.store.post_text(draft).await?;
            groups.tell(group, stored.id).await;
            Ok(stored)
        })
        .await?;
        Ok(Message {
            id: stored.id,
            at: stored.at,
            user: self.accounts.profile(user).await,
            body: MessageBody::Text { text },
        })
    }

    /// Posts packets that have landed, in one transaction: all, or, with the first refusal,
    /// none; again, nothing new. `group_not_found`, and `key_reused` for the same number with
    /// another content, both of which no retry mends.
    pub async fn post_packets(&self, posts: Vec<PacketPost>) -> Result<(), Refusal> {
        if posts.is_empty() {
            return Ok(());
        }
        let groups: Vec<_> = posts.iter().map(|post| post.group_id).collect();
        crash::before(Step::ChatCard);
        let stored = self.store.post_packets(posts).await?;
        crash::after(Step::ChatCard);
        self.tell_newest(groups, &stored).await;
        Ok(())
    }

    /// What a posted packet wears; `None` if it was not posted yet. Callers cache it,
    /// and show the default on an error (R-CACHE-3).
    pub async fn packet_dress(&self, order_no: OrderNo) -> Result<Option<Dress>, Refusal> {
        Ok(self.store.packet_dress(order_no).await?)
    }

    /// A page of a log as `user` sees it, the newest first. Where very many entries in a
    /// row are not for them, a page is short, or empty, and names the next one all the
    /// same. `group_not_found`, `invalid_cursor`.
    pub async fn messages(
        &self,
        user: UserId,
        group: GroupId,
        cursor: Option<&str>,
        limit: Option<u32>,
        cards: &dyn CardStates,
    ) -> Result<Page<Message>, Refusal> {
        let before = cursor.map(before).transpose()?;
        self.admit(group, user).await?;
        let limit = limit.unwrap_or(MESSAGES_PAGE_DEFAULT).clamp(1, MESSAGES_PAGE_MAX);
        let page = self.store.messages(group, user, before, limit).await?;
        Ok(Page {
            items: self.dress_messages(user, page.messages, cards).await,
            next_cursor: page.next_before.map(|next| Cursor::Message.write([next.get()])),
        })
    }
}

fn before(cursor: &str) -> Result<MessageId, Refusal> {
    let [id] = Cursor::Message.read(cursor)?;
    MessageId::new(id).ok_or_else(|| ErrorCode::InvalidCursor.into())
}
