use crate::{
    plan::CROWD,
    world::{Node, World},
};
use hongbao_shared::{
    GroupId, UserId,
    api::groups::{JoinRequest, NewGroup},
};

/// A group and who is in it.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) id: GroupId,
    pub(crate) members: Vec<UserId>,
}

/// Everybody who takes part in a run.
#[derive(Clone, Debug)]
pub(crate) struct People {
    pub(crate) users: Vec<UserId>,
    pub(crate) groups: Vec<Party>,
    /// Is in every group, has no money, and never opens a packet honestly.
    pub(crate) thief: UserId,
    /// Members of the first group who come for one packet, in a run that has a crowd.
    pub(crate) crowd: Vec<UserId>,
    /// Is in no group.
    pub(crate) outsider: UserId,
}

impl People {
    /// Makes people and groups through a node that works; the first group has everybody,
    /// the others have every other person.
    pub(crate) async fn settle(world: &World, node: &Node) -> anyhow::Result<Self> {
        let app = &node.app;
        let mut users = Vec::new();
        for number in 0..world.plan.users {
            users.push(app.accounts.guest(&format!("guest {number}"), "").await?.user.id);
        }
        let thief = app.accounts.guest("thief", "").await?.user.id;
        let outsider = app.accounts.guest("outsider", "").await?.user.id;
        let mut crowd = Vec::new();
        for number in 0..if world.plan.crowd { CROWD } else { 0 } {
            crowd.push(app.accounts.guest(&format!("one of many {number}"), "").await?.user.id);
        }
        let mut groups = Vec::new();
        for number in 0..world.plan.groups {
            let step = if number == 0 { 1 } else { 2 };
            let members: Vec<_> = users.iter().copied().step_by(step).collect();
            let new = NewGroup { name: format!("group {number}") };
            let id = app.groups.create(members[0], new).await?.id;
            let code = app.groups.invite(members[0], id).await?.code;
            let many = crowd.iter().filter(|_| number == 0);
            for member in members[1..].iter().chain([&thief]).chain(many) {
                app.groups.join(*member, &JoinRequest { code: code.clone() }).await?;
            }
            groups.push(Party { id, members });
        }
        Ok(Self { users, groups, thief, crowd, outsider })
    }

    /// May they have no share and no money?
    pub(crate) fn is_hostile(&self, user: UserId) -> bool {
        user == self.thief || user == self.outsider
    }
}
