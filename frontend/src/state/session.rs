//! Who is signed in, what they own, and which limits the server sets.

use std::sync::LazyLock;

use hongbao_shared::{
    ErrorCode, Fen, Limits,
    api::accounts::{Me, SignedIn},
};
use leptos::prelude::{ArcRwSignal, Get as _, GetUntracked as _, Set as _, Update as _};

use super::{notify, toast};
use crate::{
    api::{self, Failure},
    browser,
    i18n::lang_now,
    money, tasks,
    who::{self, Who},
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

/// Why the server could not be asked who it is.
static FAILED: LazyLock<ArcRwSignal<Option<Failure>>> = LazyLock::new(|| ArcRwSignal::new(None));
/// Counts the times that the browser had a network again.
static NETWORKS: LazyLock<ArcRwSignal<u32>> = LazyLock::new(|| ArcRwSignal::new(0));
static LIMITS: LazyLock<ArcRwSignal<Limits>> =
    LazyLock::new(|| ArcRwSignal::new(Limits::default()));

pub(crate) fn session() -> Session {
    match who::get() {
        Who::Unknown => FAILED.get().map_or(Session::Unknown, Session::Failed),
        Who::Nobody { ended } => Session::SignedOut { ended },
        Who::Somebody(me) => Session::SignedIn(me),
    }
}

/// The person, if one is signed in.
pub(crate) fn me() -> Option<Me> {
    match who::get() {
        Who::Somebody(me) => Some(me),
        _ => None,
    }
}

/// The server's limits; the defaults until it has told them.
pub(crate) fn limits() -> Limits {
    LIMITS.get()
}

/// The same, without following changes.
pub(crate) fn limits_now() -> Limits {
    LIMITS.get_untracked()
}

/// Changes with each new network of the browser.
pub(crate) fn networks() -> u32 {
    NETWORKS.get()
}

/// Asks who is signed in and for the limits.
pub(crate) fn start() {
    tasks::detach(load());
    browser::on_online(|| {
        NETWORKS.update(|count| *count = count.wrapping_add(1));
        if FAILED.get_untracked().is_some() {
            tasks::detach(load());
        }
    });
}

/// Asks, also again after [`Session::Failed`], which is shown until there is an answer.
pub(crate) async fn load() {
    let (me, unit, ()) = futures::join!(api::me(), api::unit(), load_limits());
    if who::is_known() {
        // Another try had its answer before, and somebody may have come in since.
        return;
    }
    // Whoever does not know in what amounts are counted shows none.
    match unit.and_then(|unit| {
        money::set_unit(unit);
        me
    }) {
        Ok(Some(me)) => {
            if browser::tab_changes_hands(&me.user.id.to_string()) {
                toast::show(lang_now().person_changed());
            }
            FAILED.set(None);
            let is_unknown = me.balance_fen.is_none();
            who::set(Who::Somebody(me));
            notify::begin();
            if is_unknown {
                // Whoever waits for this waits for the person alone.
                tasks::detach(await_balance());
            }
        }
        Ok(None) => {
            who::set(Who::Nobody { ended: who::was_here() });
            // Else each new network would ask again behind whoever is just signing in.
            FAILED.set(None);
        }
        Err(failure) => FAILED.set(Some(failure)),
    }
}

/// Asks again: a server that was started anew may have others.
pub(crate) async fn load_limits() {
    if let Ok(limits) = api::limits().await {
        LIMITS.set(limits);
    }
}

/// Tries again after [`Session::Failed`].
pub(crate) fn retry() {
    FAILED.set(None);
    tasks::detach(load());
}

/// Takes the answer to a sign-in.
pub(crate) async fn begin(signed_in: SignedIn, is_guest: bool) {
    let told = api::me().await.ok().flatten();
    let is_told = told.is_some();
    let me = told.unwrap_or(Me {
        login_name: None,
        user: signed_in.user,
        balance_fen: None,
        is_admin: false,
        is_guest,
    });
    let id = me.user.id;
    browser::tab_changes_hands(&id.to_string());
    who::set(Who::Somebody(me));
    notify::begin();
    if !is_told {
        // What they own and may do is told as soon as it is to be had.
        tasks::detach(async move {
            if let Ok(Some(me)) = api::persist(api::me, |_| ()).await
                && me.user.id == id
                && who::is_me(id)
            {
                who::set(Who::Somebody(me));
            }
        });
    }
}

/// Signs out here and on the server.
pub(crate) async fn sign_out() -> Result<(), Failure> {
    match api::sign_out().await {
        // A session that the server does not know is as good as ended.
        Err(failure) if failure.code() != Some(ErrorCode::Unauthenticated) => Err(failure),
        _ => {
            notify::end();
            who::set(Who::Nobody { ended: false });
            Ok(())
        }
    }
}

/// Takes in who one is now, after a change.
pub(crate) fn set_me(me: Me) {
    who::set(Who::Somebody(me));
}

/// Shows a balance that an answer has told.
pub(crate) fn set_balance(balance_fen: Fen) {
    who::change(|me| me.balance_fen = Some(balance_fen));
    // The other tabs follow.
    browser::store(&who::place(who::BALANCE), &balance_fen.signed().to_string());
}

/// Asks for the balance until it is to be had, of whoever is signed in then.
async fn await_balance() {
    let asked = who::id();
    if let Ok(wallet) = api::persist(api::wallet, |_| ()).await
        && who::id() == asked
    {
        set_balance(wallet.balance_fen);
    }
}

/// Asks for the balance, for instance after paying.
pub(crate) async fn refresh_balance() {
    if let Ok(wallet) = api::wallet().await {
        set_balance(wallet.balance_fen);
    }
}
