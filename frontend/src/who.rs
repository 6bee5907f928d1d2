//! Whom this page takes the person at it to be: what screens show, what every call says
//! to the server, and by whom all that is kept in this browser is told apart.
//!
//! A browser has one session for all its tabs. When somebody else signs in in another
//! one, this page is loaded anew; should it not have heard, the server refuses its next
//! call, for each names whom it expects to act for.

use std::sync::LazyLock;

use hongbao_shared::{Fen, UserId, api::accounts::Me};
use leptos::prelude::{
    ArcRwSignal, Get as _, GetUntracked as _, Set as _, Update as _, WithUntracked as _,
};

use crate::browser;

/// What is known about the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Not asked yet.
    Unknown,
    /// Nobody; `ended` if there was a session a moment ago.
    Nobody { ended: bool },
    /// Somebody.
    Somebody(Me),
}

/// Says whose session this browser has, which its cookie does not tell to scripts: other
/// tabs hear of it, and whoever comes back hears that a session has ended.
const KEY: &str = "hongbao.session";

/// Where a tab tells the others what is in the wallet.
pub(crate) const BALANCE: &str = "balance";

static WHO: LazyLock<ArcRwSignal<Who>> = LazyLock::new(|| ArcRwSignal::new(Who::Unknown));

pub(crate) fn get() -> Who {
    WHO.get()
}

/// The person's id, without following changes.
pub(crate) fn id() -> Option<UserId> {
    WHO.with_untracked(|who| match who {
        Who::Somebody(me) => Some(me.user.id),
        _ => None,
    })
}

/// Has the server told, be it that there is nobody?
pub(crate) fn is_known() -> bool {
    WHO.with_untracked(|who| *who != Who::Unknown)
}

pub(crate) fn is_me(user: UserId) -> bool {
    id() == Some(user)
}

/// From now on it is them; other tabs hear of it.
pub(crate) fn set(who: Who) {
    match &who {
        Who::Unknown => {}
        Who::Nobody { .. } => browser::keep(KEY, None),
        Who::Somebody(me) => browser::keep(KEY, Some(&me.user.id.to_string())),
    }
    WHO.set(who);
}

/// Takes in what has changed about them.
pub(crate) fn change(change: impl FnOnce(&mut Me)) {
    WHO.update(|who| {
        if let Who::Somebody(me) = who {
            change(me);
        }
    });
}

/// The server knows the session no more.
pub(crate) fn ended() {
    if id().is_some() {
        set(Who::Nobody { ended: true });
    }
}

/// Was somebody here when this browser was used last?
pub(crate) fn was_here() -> bool {
    browser::stored(KEY).is_some()
}

/// Where something is kept of this person alone; nobody's where there is nobody.
pub(crate) fn place(what: &str) -> String {
    let id = id().map(|id| id.to_string()).unwrap_or_default();
    format!("hongbao.{what}.{id}")
}

/// Follows the other tabs.
pub(crate) fn start() {
    browser::on_stored(|key, value| {
        let mine = id().map(|id| id.to_string());
        let balance = value.as_ref().filter(|_| key == place(BALANCE));
        if let Some(fen) = balance.and_then(|fen| Fen::from_signed(fen.parse().ok()?)) {
            change(|me| me.balance_fen = Some(fen));
        }
        if key == KEY && WHO.get_untracked() != Who::Unknown && value != mine {
            browser::reload();
        }
    });
}
