//! The routes, and the frame around the screens.

mod screens;

use crate::{
    art::{Icon, Scene},
    components::{
        Avatar, Empty, Link, LinkNotice, Pic, Switches, Toast, effect, live, memo, press,
    },
    i18n::{self, Lang, tr},
    pages::{ChatPage, GroupsPane, HomePage, LostPage, WelcomePage},
    route::{self, Route},
    state::{
        groups,
        session::{self, Session},
        watch,
    },
    tasks::{self, Scope},
};
use leptos::prelude::*;

#[component]
pub(crate) fn App() -> impl IntoView {
    // The frame stays while its screens change.
    let outside = memo(|| match route::current() {
        Route::Join(code) => Some(Outside::Join(code)),
        Route::Lost => Some(Outside::Lost),
        _ => None,
    });
    view! {
        {live(move || Some(match outside.get() {
            Some(Outside::Join(code)) => screens::join_page(code),
            Some(Outside::Lost) => view! { <LostPage/> }.into_any(),
            None => view! { <Frame/> }.into_any(),
        }))}
        <Toast/>
    }
}

/// Screens that need nobody to be signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outside {
    Join(String),
    Lost,
}

/// Shows the screens to those who are signed in, and the welcome page in their
/// place, under the same address, to everybody else.
#[component]
fn Frame() -> impl IntoView {
    let who = memo(|| match session::session() {
        Session::Unknown => Who::Unknown,
        Session::SignedOut { ended } => Who::Nobody { ended },
        Session::SignedIn(_) => Who::Somebody,
        Session::Failed(_) => Who::Away,
    });
    live(move || {
        Some(match who.get() {
            Who::Unknown => view! { <p class="splash" role="status">{tr!(loading)}</p> }.into_any(),
            Who::Nobody { ended } => view! { <WelcomePage ended=ended/> }.into_any(),
            Who::Away => view! { <Away/> }.into_any(),
            Who::Somebody => view! { <Shell/> }.into_any(),
        })
    })
}

/// As much of the session as decides what is shown; neither a new balance nor a try that
/// failed in another way must build the screens anew.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    Unknown,
    Nobody { ended: bool },
    Somebody,
    Away,
}

/// How long until the server is asked again, at first and at most.
const AWAY_MS: u32 = 2_000;
const AWAY_MS_MAX: u32 = 30_000;

#[component]
fn Away() -> impl IntoView {
    let trying = || {
        // Browsers tell of a network before it carries anything: what is asked in that moment
        // fails, and the next try should not be half a minute away.
        session::networks();
        Scope::new().spawn(async {
            let mut pause_ms = AWAY_MS;
            loop {
                tasks::sleep_ms(tasks::spread(pause_ms)).await;
                session::load().await;
                pause_ms = pause_ms.saturating_mul(2).min(AWAY_MS_MAX);
            }
        });
    };
    view! {
        {trying}
        <main class="page-alone">
            <Empty
                scene=Scene::Away
                title=Lang::server_away
                lead=Lang::server_away_lead
            >
                <button class="button primary" data-testid="away-retry" on:click=press(|_| session::retry())>{tr!(retry)}</button>
            </Empty>
        </main>
    }
}

/// The rail or tabs, the list of groups, and the screen.
#[component]
fn Shell() -> impl IntoView {
    let pane = move || match route::current() {
        Route::Home => "list",
        Route::Wallet | Route::Me => "tab",
        _ => "deep",
    };
    // A chat has a stream of its own, which tells about the other groups too; any other
    // screen follows the groups alone. Never both: connections are few.
    let in_chat = memo(|| matches!(route::current(), Route::Chat(_)));
    let watching = move || {
        if !in_chat.get() {
            Scope::new().spawn(watch::groups());
        }
    };
    // The list itself does not wait for a stream.
    Scope::new().spawn(async {
        groups::refresh().await.ok();
    });
    effect(|| i18n::say_title(groups::unread()));
    on_cleanup(|| {
        // They are those of whoever was here.
        groups::clear();
        untrack(|| i18n::say_title(0));
    });
    view! {
        <header><a class="skip" href="#content">{tr!(skip_to_content)}</a></header>
        {watching}
        <LinkNotice/>
        <div class="shell" data-pane=pane>
            <Rail/>
            // Both panes, for on a phone either of them can be all there is.
            <main class="panes">
                <GroupsPane/>
                <div class="main" id="content" tabindex="-1">{live(|| Some(screen()))}</div>
            </main>
        </div>
    }
}

fn screen() -> AnyView {
    match route::current() {
        Route::Chat(id) => view! { <ChatPage id/> }.into_any(),
        Route::Group(id) => screens::group_page(id),
        Route::Packet(order_no) => screens::details_page(order_no),
        Route::Wallet => screens::wallet_page(),
        Route::Records(side) => screens::records_page(side),
        Route::Me => screens::me_page(),
        Route::Ops => screens::ops_page(),
        Route::Home | Route::Join(_) | Route::Lost => view! { <HomePage/> }.into_any(),
    }
}

#[component]
fn Rail() -> impl IntoView {
    let avatar = memo(|| session::me().map(|me| me.user.avatar));
    view! {
        <nav class="rail" aria-label=tr!(nav_label)>
            <span class="rail-me">
                {live(move || avatar.get().map(|avatar| view! { <Avatar name=avatar/> }.into_any()))}
            </span>
            <span class="rail-item" data-testid="nav-groups">
                <Link to=Route::Home>
                    <Pic icon=Icon::Chats/>
                    <span>{tr!(nav_groups)}</span>
                </Link>
            </span>
            <span class="rail-item" data-testid="nav-wallet">
                <Link to=Route::Wallet><Pic icon=Icon::Wallet/><span>{tr!(nav_wallet)}</span></Link>
            </span>
            <span class="rail-item" data-testid="nav-me">
                <Link to=Route::Me><Pic icon=Icon::Person/><span>{tr!(nav_me)}</span></Link>
            </span>
            <span class="rail-space"></span>
            <Switches/>
        </nav>
    }
}
