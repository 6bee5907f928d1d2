//! Which screen the address names, and how to get from one to another.
//!
//! Own and small: the screens are a closed set, so that an address is a value that
//! is matched exhaustively, and the general router took a sixth of the first visit's
//! budget for what stands here.

use std::sync::LazyLock;

use hongbao_shared::{GroupId, OrderNo};
use leptos::prelude::{ArcRwSignal, Get as _, GetUntracked as _, Set as _};
use wasm_bindgen::{JsValue, closure::Closure};

use crate::{browser, overlay};

/// A screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/`: the list of groups.
    Home,
    /// `/g/{id}`: a chat.
    Chat(GroupId),
    /// `/g/{id}/info`: who is in a group.
    Group(GroupId),
    /// `/packets/{order_no}`: a packet's details.
    Packet(OrderNo),
    /// `/wallet`.
    Wallet,
    /// `/wallet/received`, `/wallet/sent`: the two lists.
    Records(Side),
    /// `/me`.
    Me,
    /// `/ops`: for administrators.
    Ops,
    /// `/join/{code}`: an invitation.
    Join(String),
    /// Anything else.
    Lost,
}

/// One of the two lists (R-LIST-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Shares that one opened.
    Received,
    /// Packets that one sent.
    Sent,
}

impl Route {
    /// The one at this address.
    pub(crate) fn of(path: &str) -> Self {
        let mut parts = path.trim_matches('/').split('/');
        let route = match (parts.next(), parts.next(), parts.next()) {
            (Some(""), None, None) => Some(Self::Home),
            (Some("g"), Some(id), None) => id.parse().ok().map(Self::Chat),
            (Some("g"), Some(id), Some("info")) => id.parse().ok().map(Self::Group),
            (Some("packets"), Some(order_no), None) => order_no.parse().ok().map(Self::Packet),
            (Some("wallet"), None, None) => Some(Self::Wallet),
            (Some("wallet"), Some("received"), None) => Some(Self::Records(Side::Received)),
            (Some("wallet"), Some("sent"), None) => Some(Self::Records(Side::Sent)),
            (Some("me"), None, None) => Some(Self::Me),
            (Some("ops"), None, None) => Some(Self::Ops),
            (Some("join"), Some(code), None) => Some(Self::Join(code.to_owned())),
            _ => None,
        };
        route.filter(|_| parts.next().is_none()).unwrap_or(Self::Lost)
    }

    /// Its address.
    pub(crate) fn href(&self) -> String {
        match self {
            Self::Home | Self::Lost => "/".to_owned(),
            Self::Chat(id) => format!("/g/{id}"),
            Self::Group(id) => format!("/g/{id}/info"),
            Self::Packet(order_no) => format!("/packets/{order_no}"),
            Self::Wallet => "/wallet".to_owned(),
            Self::Records(Side::Received) => "/wallet/received".to_owned(),
            Self::Records(Side::Sent) => "/wallet/sent".to_owned(),
            Self::Me => "/me".to_owned(),
            Self::Ops => "/ops".to_owned(),
            Self::Join(code) => format!("/join/{code}"),
        }
    }
}

static ROUTE: LazyLock<ArcRwSignal<Route>> =
    LazyLock::new(|| ArcRwSignal::new(Route::of(&browser::path())));

/// The screen that is shown; whoever reads it follows.
pub(crate) fn current() -> Route {
    ROUTE.get()
}

/// Is it the list of groups?
pub(crate) fn is_home() -> bool {
    ROUTE.get_untracked() == Route::Home
}

/// Follows the browser's own back and forward.
pub(crate) fn start() {
    let on_pop = Closure::<dyn Fn()>::new(|| {
        let route = Route::of(&browser::path());
        if !overlay::popped(route == ROUTE.get_untracked()) {
            show(route);
        }
    });
    browser::on_popstate(&on_pop);
    overlay::step_over();
    // Listens for as long as the page lives.
    on_pop.forget();
}

/// Goes to another screen; back leads here.
pub(crate) fn go(route: Route) {
    if ROUTE.get_untracked() != route {
        let href = route.href();
        if overlay::gives_way() {
            overlay::put(&href);
        } else if let Some(history) = browser::history() {
            history.push_state_with_url(&JsValue::NULL, "", Some(&href)).ok();
        }
        show(route);
    }
}

/// Goes to another screen in place of this one; back skips this one.
pub(crate) fn go_instead(route: Route) {
    overlay::replace(&route.href());
    show(route);
}

fn show(route: Route) {
    if ROUTE.get_untracked() != route {
        ROUTE.set(route);
    }
}

#[cfg(test)]
mod tests {
    use super::Route;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn addresses_lead_there_and_back() {
        for path in [
            "/",
            "/g/42",
            "/g/42/info",
            "/packets/S0000000000001F",
            "/wallet",
            "/wallet/received",
            "/wallet/sent",
            "/me",
            "/ops",
            "/join/abc-1",
        ] {
            let route = Route::of(path);
            assert_ne!(route, Route::Lost, "{path}");
            assert_eq!(route.href(), path);
        }
    }

    #[wasm_bindgen_test]
    fn anything_else_is_lost() {
        for path in [
            "/g",
            "/g/x",
            "/g/1/2",
            "/packets/S0000000000001G",
            "/wallets",
            "/wallet/x",
            "/g/1/info/2",
            "/join",
            "/a/b",
        ] {
            assert_eq!(Route::of(path), Route::Lost, "{path}");
        }
    }
}
