//! Which screen the address names, and how to get from one to another.
//!
//! Own and small: the screens are a closed set, so that an address is a value that
//! is matched exhaustively, and the general router took a sixth of the first visit's
//! budget for what stands here.

use std::sync::LazyLock;

use hongbao_shared::{GroupId, OrderNo};
use leptos::prelude::{ArcRwSignal, Get as _, GetUntracked as _, Set as _};
use wasm_bindgen::{JsValue, closure::Closure};

use crate::browser;

/// A screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/`: the list of groups.
    Home,
    /// `/g/{id}`: a chat.
    Chat(GroupId),
    /// `/packets/{order_no}`: a packet's details.
    Packet(OrderNo),
    /// `/wallet`.
    Wallet,
    /// `/me`.
    Me,
    /// `/join/{code}`: an invitation.
    Join(String),
    /// Anything else.
    Lost,
}

impl Route {
    fn of(path: &str) -> Self {
        let mut parts = path.trim_matches('/').split('/');
        let route = match (parts.next(), parts.next()) {
            (Some(""), None) => Some(Self::Home),
            (Some("g"), Some(id)) => id.parse().ok().map(Self::Chat),
            (Some("packets"), Some(order_no)) => order_no.parse().ok().map(Self::Packet),
            (Some("wallet"), None) => Some(Self::Wallet),
            (Some("me"), None) => Some(Self::Me),
            (Some("join"), Some(code)) => Some(Self::Join(code.to_owned())),
            _ => None,
        };
        route.filter(|_| parts.next().is_none()).unwrap_or(Self::Lost)
    }

    /// Its address.
    pub(crate) fn href(&self) -> String {
        match self {
            Self::Home | Self::Lost => "/".to_owned(),
            Self::Chat(id) => format!("/g/{id}"),
            Self::Packet(order_no) => format!("/packets/{order_no}"),
            Self::Wallet => "/wallet".to_owned(),
            Self::Me => "/me".to_owned(),
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

/// Follows the browser's own back and forward.
pub(crate) fn start() {
    let on_pop = Closure::<dyn Fn()>::new(|| show(Route::of(&browser::path())));
    browser::on_popstate(&on_pop);
    // Listens for as long as the page lives.
    on_pop.forget();
}

/// Goes to another screen; back leads here.
pub(crate) fn go(route: Route) {
    if ROUTE.get_untracked() != route {
        if let Some(history) = browser::history() {
            history.push_state_with_url(&JsValue::NULL, "", Some(&route.href())).ok();
        }
        show(route);
    }
}

/// Goes to another screen in place of this one; back skips this one.
pub(crate) fn go_instead(route: Route) {
    if let Some(history) = browser::history() {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&route.href())).ok();
    }
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
        for path in ["/", "/g/42", "/packets/S0000000000001F", "/wallet", "/me", "/join/abc-1"] {
            let route = Route::of(path);
            assert_ne!(route, Route::Lost, "{path}");
            assert_eq!(route.href(), path);
        }
    }

    #[wasm_bindgen_test]
    fn anything_else_is_lost() {
        for path in
            ["/g", "/g/x", "/g/1/2", "/packets/S0000000000001G", "/wallets", "/join", "/a/b"]
        {
            assert_eq!(Route::of(path), Route::Lost, "{path}");
        }
    }
}
