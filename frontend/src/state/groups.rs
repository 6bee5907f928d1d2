//! The list of one's groups, shown beside every screen.

use std::sync::LazyLock;

use hongbao_shared::{
    GroupId,
    api::groups::{GroupSummary, Message},
};
use leptos::prelude::{ArcRwSignal, Get as _, Set as _, Update as _};

use crate::api::{self, Failure};

/// `None` until the first answer.
pub(crate) type Groups = Option<Result<Vec<GroupSummary>, Failure>>;

static GROUPS: LazyLock<ArcRwSignal<Groups>> = LazyLock::new(|| ArcRwSignal::new(None));

pub(crate) fn groups() -> Groups {
    GROUPS.get()
}

pub(crate) fn clear() {
    GROUPS.set(None);
}

/// Asks for the list; what is shown stays if that fails.
pub(crate) async fn refresh() -> bool {
    let answer = api::groups().await;
    let ok = answer.is_ok();
    GROUPS.update(|groups| match (answer, groups) {
        (Err(_), Some(Ok(_))) => {}
        (answer, groups) => {
            let answer = answer.map(newest_first);
            // Whoever shows the list is woken only by a difference.
            if groups.as_ref() != Some(&answer) {
                *groups = Some(answer);
            }
        }
    });
    ok
}

fn newest_first(mut groups: Vec<GroupSummary>) -> Vec<GroupSummary> {
    groups.sort_by_key(|group| {
        let at = group.last_message.as_ref().map(|message| message.at);
        (core::cmp::Reverse(at), core::cmp::Reverse(group.id))
    });
    groups
}

/// Shows a message in the list that its chat has seen already.
pub(crate) fn saw(id: GroupId, newest: &Message) {
    GROUPS.update(|groups| {
        let Some(Ok(groups)) = groups else { return };
        if let Some(group) = groups.iter_mut().find(|group| group.id == id) {
            group.last_message = Some(newest.clone());
        }
        *groups = newest_first(core::mem::take(groups));
    });
}
