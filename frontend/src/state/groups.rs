//! The list of one's groups, shown beside every screen.

use std::sync::LazyLock;

use hongbao_shared::{
    GroupId,
    api::groups::{GroupSummary, Message, UNREAD_MAX},
};
use leptos::prelude::{
    ArcRwSignal, Get as _, GetUntracked as _, Set as _, Update as _, With as _, WithUntracked as _,
};

use super::notify;
use crate::{
    api::{self, Failure},
    browser, tasks, who,
};

/// News within this are asked for together.
const NEWS_MS: u32 = 300;

/// `None` until the first answer.
pub(crate) type Groups = Option<Result<Vec<GroupSummary>, Failure>>;

static GROUPS: LazyLock<ArcRwSignal<Groups>> = LazyLock::new(|| ArcRwSignal::new(None));
/// The group whose newest entries are being looked at: nothing in it is unread.
static READING: LazyLock<ArcRwSignal<Option<GroupId>>> = LazyLock::new(|| ArcRwSignal::new(None));
static ASKED: LazyLock<ArcRwSignal<bool>> = LazyLock::new(|| ArcRwSignal::new(false));
/// Counts the questions, so that an answer never replaces that of a later one.
static TURNS: LazyLock<ArcRwSignal<(u32, u32)>> = LazyLock::new(|| ArcRwSignal::new((0, 0)));

pub(crate) fn groups() -> Groups {
    GROUPS.get()
}

/// How many there are.
pub(crate) fn count() -> usize {
    GROUPS
        .with(|groups| groups.as_ref().and_then(|groups| groups.as_ref().ok()).map_or(0, Vec::len))
}

/// The groups whose name has this, in the order of the list.
pub(crate) fn ids(wanted: &str) -> Vec<GroupId> {
    let wanted = browser::folded(wanted.trim());
    let fits =
        |group: &&GroupSummary| wanted.is_empty() || browser::folded(&group.name).contains(&wanted);
    GROUPS.with(|groups| match groups {
        Some(Ok(groups)) => groups.iter().filter(fits).map(|group| group.id).collect(),
        _ => Vec::new(),
    })
}

/// One line of the list.
pub(crate) fn summary(id: GroupId) -> Option<GroupSummary> {
    GROUPS
        .with(|groups| groups.as_ref()?.as_ref().ok()?.iter().find(|group| group.id == id).cloned())
}

/// How much is unread in all groups that are not muted, up to [`UNREAD_MAX`].
pub(crate) fn unread() -> u32 {
    GROUPS.with(|groups| match groups {
        Some(Ok(groups)) => {
            let loud = groups.iter().filter(|group| !group.muted).map(|group| group.unread);
            loud.fold(0_u32, u32::saturating_add).min(UNREAD_MAX)
        }
        _ => 0,
    })
}

pub(crate) fn clear() {
    GROUPS.set(None);
}

/// Something happened in a group: asks for the list soon, once for all that happens
/// until then.
pub(crate) fn news() {
    if ASKED.get_untracked() {
        return;
    }
    ASKED.set(true);
    tasks::detach(async {
        tasks::sleep_ms(NEWS_MS).await;
        ASKED.set(false);
        refresh().await.ok();
    });
}

/// Asks for the list; what is shown stays if that fails.
pub(crate) async fn refresh() -> Result<(), Failure> {
    TURNS.update(|(asked, _)| *asked = asked.wrapping_add(1));
    let (mine, _) = TURNS.get_untracked();
    let answer = api::groups().await;
    let told = answer.as_ref().map(|_| ()).map_err(Clone::clone);
    // An old answer, or one for somebody who has left.
    if TURNS.get_untracked().1 > mine || who::id().is_none() {
        return told;
    }
    TURNS.update(|(_, answered)| *answered = mine);
    let reading = READING.get_untracked();
    let answer = answer.map(|mut groups| {
        for group in groups.iter_mut().filter(|group| Some(group.id) == reading) {
            group.unread = 0;
        }
        in_order(groups)
    });
    let differs = GROUPS.with_untracked(|groups| match (&answer, groups) {
        (Err(_), Some(Ok(_))) => false,
        (answer, groups) => groups.as_ref() != Some(answer),
    });
    if let Ok(groups) = &answer {
        for group in groups.iter().filter(|group| has_grown(group)) {
            notify::of(group);
        }
    }
    // Whoever shows the list is woken only by a difference.
    if differs {
        GROUPS.set(Some(answer));
    }
    told
}

/// Has a group that was known an entry that was not?
fn has_grown(group: &GroupSummary) -> bool {
    let newest = |group: &GroupSummary| group.last_message.as_ref().map(|message| message.id);
    GROUPS.with_untracked(|groups| {
        let Some(Ok(groups)) = groups else { return false };
        groups.iter().any(|known| known.id == group.id && newest(known) < newest(group))
    })
}

/// Those that are pinned, then the others; of each, the one with the newest message first.
fn in_order(mut groups: Vec<GroupSummary>) -> Vec<GroupSummary> {
    groups.sort_by_key(|group| {
        let at = group.last_message.as_ref().map(|message| message.at);
        core::cmp::Reverse((group.pinned, at, group.id))
    });
    groups
}

fn change(id: GroupId, change: impl FnOnce(&mut GroupSummary) -> bool) {
    let mut changed = false;
    GROUPS.maybe_update(|groups| {
        if let Some(Ok(groups)) = groups {
            if let Some(group) = groups.iter_mut().find(|group| group.id == id) {
                changed = change(group);
            }
            if changed {
                *groups = in_order(core::mem::take(groups));
            }
        }
        changed
    });
}

/// Shows a message in the list that its chat has seen already.
pub(crate) fn saw(id: GroupId, newest: &Message) {
    change(id, |group| {
        let known = group.last_message.as_ref().map(|message| message.id);
        let is_newer = known < Some(newest.id);
        if is_newer {
            group.last_message = Some(newest.clone());
            notify::of(group);
        }
        is_newer
    });
}

/// Says whose newest entries are on the screen.
pub(crate) fn set_reading(reading: Option<GroupId>) {
    READING.set(reading);
    if let Some(id) = reading {
        change(id, |group| core::mem::take(&mut group.unread) > 0);
    }
}

/// Shows at once whether a group is muted.
pub(crate) fn set_muted(id: GroupId, muted: bool) {
    change(id, |group| core::mem::replace(&mut group.muted, muted) != muted);
}

/// Puts a group where it stands from now on.
pub(crate) fn set_pinned(id: GroupId, pinned: bool) {
    change(id, |group| core::mem::replace(&mut group.pinned, pinned) != pinned);
}

/// A group that one is in no more.
pub(crate) fn remove(id: GroupId) {
    GROUPS.update(|groups| {
        if let Some(Ok(groups)) = groups {
            groups.retain(|group| group.id != id);
        }
    });
}
