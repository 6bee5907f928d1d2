//! The database of people in memory.

mod calls;
mod groups;
mod hooks;
mod invitations;
mod journal;
mod log;
mod members;
mod posts;
mod pushes;
mod services;
mod sessions;
mod users;

use super::{impl_moments, refuse};
use calls::Call;
use groups::Group;
use hongbao_domain::store::{StoreError, people::Caller};
use hongbao_shared::{GroupId, MessageId, OrderNo, UserId};
use hooks::Hooks;
use invitations::Invitation;
use journal::Journal;
use parking_lot::Mutex;
use pushes::Pushes;
use services::Services;
use sessions::{Session, Token};
use std::{collections::BTreeMap, fmt};
use users::User;

/// People, sessions, groups and messages.
#[derive(Default)]
pub struct MemoryPeople {
    state: Mutex<State>,
}

impl_moments!(MemoryPeople);

/// Session ids, password hashes and invitation codes do not reach a log.
impl fmt::Debug for MemoryPeople {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPeople").finish_non_exhaustive()
    }
}

#[derive(Clone, Default)]
struct State {
    users: BTreeMap<UserId, User>,
    by_login_name: BTreeMap<String, UserId>,
    by_login_key: BTreeMap<String, UserId>,
    by_demo_key: BTreeMap<String, UserId>,
    sessions: BTreeMap<Token, Session>,
    groups: BTreeMap<GroupId, Group>,
    /// By the person for whom it was made, as long as they are in it.
    demo_groups: BTreeMap<UserId, GroupId>,
    invitations: BTreeMap<String, Invitation>,
    /// Where each packet was posted.
    packets: BTreeMap<OrderNo, (GroupId, MessageId)>,
    services: Services,
    hooks: Hooks,
    pushes: Pushes,
    /// Of whom, under which key.
    calls: BTreeMap<(Caller, String), Call>,
    journal: Journal,
}

/// A constraint that a database has.
fn ensure(holds: bool, constraint: &str) -> Result<(), StoreError> {
    if holds { Ok(()) } else { refuse(constraint) }
}
