//! Who is signed in, what they own, and which limits the server sets.

use std::sync::LazyLock;

use hongbao_shared::{
    ErrorCode, Fen, Limits, UserId,
    api::accounts::{Me, SignedIn},
};
use leptos::prelude::{ArcRwSignal, Get as _, GetUntracked as _, Set as _, Update as _};

use crate::{
    api::{self, Failure},
    browser,
};

/// What is known about the person at this browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Session {
    /// Not asked yet.
    Unknown,
    /// Nobody; `ended` if there was a session a moment ago.
    SignedOut { ended: bool },
    /// Somebody.
    SignedIn(Me),
    /// The server could not be asked.
    Failed(Failure),
}

static SESSION: LazyLock<ArcRwSignal<Session>> =
    LazyLock::new(|| ArcRwSignal::new(Session::Unknown));
static LIMITS: LazyLock<ArcRwSignal<Limits>> =
    LazyLock::new(|| ArcRwSignal::new(Limits::default()));

pub(crate) fn session() -> Session {
    SESSION.get()
}

/// The person, if one is signed in.
pub(crate) fn me() -> Option<Me> {
    match SESSION.get() {
        Session::SignedIn(me) => Some(me),
        _ => None,
    }
}

/// Their id, without following changes.
pub(crate) fn my_id() -> Option<UserId> {
    match SESSION.get_untracked() {
        Session::SignedIn(me) => Some(me.user.id),
        _ => None,
    }
}

pub(crate) fn is_me(id: UserId) -> bool {
    my_id() == Some(id)
}

/// The server's limits; the defaults until it has told them.
pub(crate) fn limits() -> Limits {
    LIMITS.get()
}

/// The same, without following changes.
pub(crate) fn limits_now() -> Limits {
    LIMITS.get_untracked()
}

/// Says that this browser has a session, which its cookie does not tell to scripts.
/// Without it nobody asks who is signed in, and a first visit sees no refusal.
const KEY: &str = "hongbao.session";

/// Asks who is signed in and for the limits.
pub(crate) fn start() {
    crate::tasks::detach(load());
}

async fn load() {
    let was_here = browser::stored(KEY).is_some();
    if browser::can_store() && !was_here {
        SESSION.set(Session::SignedOut { ended: false });
        load_limits().await;
        return;
    }
    let (me, ()) = futures::join!(api::me(), load_limits());
    SESSION.set(match me {
        Ok(me) => Session::SignedIn(me),
        Err(failure) if failure.code() == Some(ErrorCode::Unauthenticated) => {
            Session::SignedOut { ended: was_here }
        }
        Err(failure) => Session::Failed(failure),
    });
}

async fn load_limits() {
    if let Ok(limits) = api::limits().await {
        LIMITS.set(limits);
    }
}

/// Tries again after [`Session::Failed`].
pub(crate) fn retry() {
    SESSION.set(Session::Unknown);
    start();
}

/// Takes the answer to a sign-in.
pub(crate) async fn begin(signed_in: SignedIn, is_guest: bool) {
    super::groups::clear();
    browser::store(KEY, "1");
    let me = api::me().await.unwrap_or(Me {
        login_name: None,
        user: signed_in.user,
        balance_fen: Fen::ZERO,
        is_admin: false,
        is_guest,
    });
    SESSION.set(Session::SignedIn(me));
}

/// The server knows the session no more.
pub(crate) fn ended() {
    browser::forget(KEY);
    if matches!(SESSION.get_untracked(), Session::SignedIn(_)) {
        SESSION.set(Session::SignedOut { ended: true });
        super::groups::clear();
    }
}

/// Signs out here and on the server.
pub(crate) async fn sign_out() -> Result<(), Failure> {
    match api::sign_out().await {
        // A session that the server does not know is as good as ended.
        Err(failure) if failure.code() != Some(ErrorCode::Unauthenticated) => Err(failure),
        _ => {
            browser::forget(KEY);
            SESSION.set(Session::SignedOut { ended: false });
            super::groups::clear();
            Ok(())
        }
    }
}

/// Takes in who one is now, after a change.
pub(crate) fn set_me(me: Me) {
    SESSION.set(Session::SignedIn(me));
}

/// Shows a balance that an answer has told.
pub(crate) fn set_balance(balance_fen: Fen) {
    SESSION.update(|session| {
        if let Session::SignedIn(me) = session {
            me.balance_fen = balance_fen;
        }
    });
}

/// Asks for the balance, for instance after paying.
pub(crate) async fn refresh_balance() {
    if let Ok(wallet) = api::wallet().await {
        set_balance(wallet.balance_fen);
    }
}
