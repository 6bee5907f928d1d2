//! Groups with demo members (R-WEB-6).

use super::Groups;
use crate::accounts::ID_DRAWS_MAX;
use hongbao_domain::{
    Refusal,
    store::people::{DemoGroupDraft, PeopleError},
};
use hongbao_shared::{
    GroupId, UserId,
    api::groups::{Group, Language},
};

/// Who plays in a demo group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoCast {
    /// What they speak.
    pub language: Language,
    /// The demo members who are still in it, the earliest first.
    pub members: Vec<UserId>,
}

impl Groups {
    /// A group of one's own with these demo members; the same one again as long as the
    /// person is in it, whatever was asked for. `group_name_invalid`, `too_many_groups`.
    pub async fn create_demo(
        &self,
        user: UserId,
        name: &str,
        language: Language,
        members: &[UserId],
    ) -> Result<Group, Refusal> {
        let mut draws = 0;
        loop {
            let group = self.draft(user, name)?;
            let draft = DemoGroupDraft { group, language, members: members.to_vec() };
            draws += 1;
            match self.store.add_demo_group(draft).await {
                Ok(joined) => {
                    if let Some(created) = joined.message {
                        self.tell(joined.group_id, created.id).await;
                    }
                    return self.with_members(user, joined.group_id).await;
                }
                Err(PeopleError::IdTaken) if draws < ID_DRAWS_MAX => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Who plays in this group; `None` if it is no demo group, or none at all.
    pub async fn demo_cast(&self, group: GroupId) -> Result<Option<DemoCast>, Refusal> {
        let stored = self.store.group(group).await?;
        let Some(language) = stored.and_then(|stored| stored.demo_language) else {
            return Ok(None);
        };
        let members = self.store.demo_member_ids(group).await?;
        Ok(Some(DemoCast { language, members }))
    }
}
