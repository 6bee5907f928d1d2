//! The list of one's groups.

use super::{CardStates, FACES_MAX, Groups};
use hongbao_domain::{
    Refusal,
    store::people::{ListedGroup, StoredGroup},
};
use hongbao_shared::{UserId, api::groups::GroupSummary};

/// A list of groups ends here even where `groups_per_user_max` was raised.
const GROUPS_LISTED_MAX: u32 = 500;

impl Groups {
    /// The groups of a person: those that they have pinned, then the others; of each, the one with
    /// the newest message that they may see first.
    pub async fn list(
        &self,
        user: UserId,
        cards: &dyn CardStates,
    ) -> Result<Vec<GroupSummary>, Refusal> {
        // Four look-ups whatever the number of groups: groups with their newest
        // messages, faces, card states, profiles.
        let groups = self.store.groups_of(user, GROUPS_LISTED_MAX).await?;
        let ids: Vec<_> = groups.iter().map(|listed| listed.group.id).collect();
        let faces = self.store.faces(&ids, FACES_MAX).await?;
        let mut summaries = Vec::with_capacity(groups.len());
        let mut newest = Vec::with_capacity(groups.len());
        for ListedGroup { group, muted, pinned, unread, last_message } in groups {
            let StoredGroup { id, name, member_count, demo_language, .. } = group;
            newest.push(last_message);
            summaries.push(GroupSummary {
                id,
                name,
                member_count,
                faces: Vec::new(),
                is_demo: demo_language.is_some(),
                muted,
                pinned,
                unread,
                last_message: None,
            });
        }
        let has_newest: Vec<bool> = newest.iter().map(Option::is_some).collect();
        let newest = newest.into_iter().flatten().collect();
        let mut newest = self.dress_messages(user, newest, cards).await.into_iter();
        let face_ids: Vec<_> = faces.iter().map(|(_, face)| *face).collect();
        let profiles = self.accounts.profiles(&face_ids).await;
        // `faces` come group by group in the order that was asked for.
        let mut faces = faces.into_iter().map(|(group, _)| group).zip(profiles).peekable();
        for (summary, has_newest) in summaries.iter_mut().zip(has_newest) {
            while let Some((_, face)) = faces.next_if(|(group, _)| *group == summary.id) {
                summary.faces.push(face);
            }
            if has_newest {
                summary.last_message = newest.next();
            }
        }
        Ok(summaries)
    }
}
