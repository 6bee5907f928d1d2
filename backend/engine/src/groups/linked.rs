//! Groups that are the rooms of another system (R-API-5).

use super::Groups;
use crate::{accounts::ID_DRAWS_MAX, news::News};
use hongbao_domain::{
    Refusal,
    store::people::{PeopleError, RoomLink},
    whole,
};
use hongbao_shared::{GroupId, ServiceId};
use std::sync::Arc;

impl Groups {
    /// The group of a room, made if there is none yet, with these members in it.
    /// `too_many_groups`, `group_full`.
    pub(crate) async fn link(
        self: &Arc<Self>,
        service: ServiceId,
        mut room: RoomLink,
    ) -> Result<GroupId, Refusal> {
        let groups = Arc::clone(self);
        whole(async move {
            let mut draws = 0;
            let (linked, seen) = loop {
                let seen = groups.members.mark();
                draws += 1;
                match groups.store.link_room(service, room.clone()).await {
                    Ok(linked) => break (linked, seen),
                    Err(PeopleError::IdTaken) if draws < ID_DRAWS_MAX => {
                        room.group.id = GroupId::from_random(groups.entropy.bits());
                    }
                    Err(error) => return Err(error.into()),
                }
            };
            let group = linked.group_id;
            for line in &linked.lines {
                groups.accounts.herald().tell(News::Joined(group, line.sender_id));
                groups.has_joined(group, line.sender_id, seen).await;
            }
            if let Some(newest) = linked.lines.last() {
                groups.tell(group, newest.id).await;
            }
            Ok(group)
        })
        .await
    }
}
