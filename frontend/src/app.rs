//! The routes, and the frame around the screens.

use leptos::prelude::*;
use leptos_router::{
    components::{A, Outlet, ParentRoute, Route, Router, Routes},
    hooks::use_location,
    path,
};

use crate::{
    api::Failure,
    art::{Icon, Scene},
    browser,
    components::{Avatar, Empty, Pic, Toast},
    i18n::{self, lang, tr},
    pages::{
        ChatPage, DetailsPage, GroupsPane, HomePage, JoinPage, LostPage, MePage, WalletPage,
        WelcomePage,
    },
    state::{
        groups,
        session::{self, Session},
        theme,
    },
    tasks::{self, Scope},
};

/// How often the list of groups looks for news.
const GROUPS_POLL_MS: u32 = 4_000;

#[component]
pub(crate) fn App() -> impl IntoView {
    view! {
        <Router>
            <Routes fallback=|| view! { <LostPage/> }>
                <Route path=path!("/join/:code") view=JoinPage/>
                <ParentRoute path=path!("") view=Frame>
                    <Route path=path!("") view=HomePage/>
                    <Route path=path!("g/:id") view=ChatPage/>
                    <Route path=path!("packets/:order_no") view=DetailsPage/>
                    <Route path=path!("wallet") view=WalletPage/>
                    <Route path=path!("me") view=MePage/>
                </ParentRoute>
            </Routes>
        </Router>
        <Toast/>
    }
}

/// Shows the screens to those who are signed in, and the welcome page in their
/// place, under the same address, to everybody else.
#[component]
fn Frame() -> impl IntoView {
    let who = Memo::new(|_| match session::session() {
        Session::Unknown => Who::Unknown,
        Session::SignedOut { ended } => Who::Nobody { ended },
        Session::SignedIn(_) => Who::Somebody,
        Session::Failed(failure) => Who::Away(failure),
    });
    move || match who.get() {
        Who::Unknown => view! { <p class="splash" role="status">{tr!(loading)}</p> }.into_any(),
        Who::Nobody { ended } => view! { <WelcomePage ended=ended/> }.into_any(),
        Who::Away(_) => view! { <Away/> }.into_any(),
        Who::Somebody => view! { <Shell/> }.into_any(),
    }
}

/// As much of the session as decides what is shown; a new balance must not build
/// the screens anew.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    Unknown,
    Nobody { ended: bool },
    Somebody,
    Away(Failure),
}

#[component]
fn Away() -> impl IntoView {
    view! {
        <main class="page-alone">
            <Empty
                scene=Scene::Away
                title=Signal::derive(|| lang().server_away().to_owned())
                lead=Signal::derive(|| lang().server_away_lead().to_owned())
            >
                <button class="button primary" on:click=|_| session::retry()>{tr!(retry)}</button>
            </Empty>
        </main>
    }
}

/// The rail or tabs, the list of groups, and the screen.
#[component]
fn Shell() -> impl IntoView {
    let location = use_location();
    let pane = move || match location.pathname.get().as_str() {
        "/" => "list",
        "/wallet" | "/me" => "tab",
        _ => "deep",
    };
    Scope::new().spawn(async {
        loop {
            if browser::is_visible() {
                groups::refresh().await;
            }
            tasks::sleep_ms(GROUPS_POLL_MS).await;
        }
    });
    view! {
        <a class="skip" href="#content">{tr!(skip_to_content)}</a>
        <div class="shell" data-pane=pane>
            <Rail/>
            <GroupsPane/>
            <main class="main" id="content" tabindex="-1"><Outlet/></main>
        </div>
    }
}

#[component]
fn Rail() -> impl IntoView {
    let avatar = Memo::new(|_| session::me().map(|me| me.user.avatar));
    view! {
        <nav class="rail" aria-label=tr!(nav_label)>
            <span class="rail-me">
                {move || avatar.get().map(|avatar| view! { <Avatar name=avatar/> })}
            </span>
            <span class="rail-item" data-testid="nav-groups">
                <A href="/" exact=true><Pic icon=Icon::Chats/><span>{tr!(nav_groups)}</span></A>
            </span>
            <span class="rail-item" data-testid="nav-wallet">
                <A href="/wallet"><Pic icon=Icon::Wallet/><span>{tr!(nav_wallet)}</span></A>
            </span>
            <span class="rail-item">
                <A href="/me"><Pic icon=Icon::Person/><span>{tr!(nav_me)}</span></A>
            </span>
            <span class="rail-space"></span>
            <Switches/>
        </nav>
    }
}

/// Language and theme.
#[component]
pub(crate) fn Switches() -> impl IntoView {
    let theme_label =
        move || if theme::is_dark() { lang().theme_to_light() } else { lang().theme_to_dark() };
    view! {
        <span class="switches">
            <button
                type="button"
                class="icon-button"
                data-testid="lang-switch"
                aria-label=tr!(lang_switch)
                on:click=|_| i18n::toggle()
            >
                <span class="lang-mark">{tr!(lang_short)}</span>
            </button>
            <button
                type="button"
                class="icon-button"
                data-testid="theme-switch"
                aria-label=theme_label
                on:click=|_| theme::toggle()
            >
                {move || {
                    let icon = if theme::is_dark() { Icon::Sun } else { Icon::Moon };
                    view! { <Pic icon=icon/> }
                }}
            </button>
        </span>
    }
}
