//! Parts of the app that the browser fetches when they are opened.
//!
//! A first visit pays for what everybody sees at once: the welcome, the groups, the chat. What
//! stands here lies in modules of its own, with all the code that nothing else needs
//! (`xtask/src/chunks.rs` cuts them). One that cannot be fetched, because the line is down or the
//! server has a newer version by now, is asked for again; it never ends the app.

use std::future::Future;

use futures::future::{FutureExt as _, LocalBoxFuture};
use hongbao_shared::{GroupId, OrderNo, api::groups::Group};
use leptos::prelude::*;

use crate::{
    art::Scene,
    components::{Empty, live, press},
    i18n::{Lang, tr},
    pages::{self, CredentialsForm, Purpose, SendSheet},
    route::Side,
    tasks::Scope,
};

/// Why a part is not there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotLoaded;

#[cfg(not(test))]
impl From<wasm_split_helpers::SplitLoaderError> for NotLoaded {
    fn from(_: wasm_split_helpers::SplitLoaderError) -> Self {
        Self
    }
}

type Coming<T> = LocalBoxFuture<'static, Result<T, NotLoaded>>;

/// Makes each function one whose code lies in the module that the first name says, and another one
/// that fetches it. Unit tests run in one piece.
macro_rules! parts {
    ($($module:ident: $load:ident, fn $name:ident($($value:ident: $kind:ty),*) $body:block)*) => {$(
        #[cfg(not(test))]
        #[wasm_split_helpers::wasm_split($module, fallible, preload($load))]
        fn $name($($value: $kind),*) -> Result<AnyView, NotLoaded> {
            Ok($body.into_any())
        }

        #[cfg(test)]
        async fn $name($($value: $kind),*) -> Result<AnyView, NotLoaded> {
            Ok($body.into_any())
        }

        #[cfg(test)]
        async fn $load() -> Result<(), NotLoaded> {
            Ok(())
        }
    )*};
}

parts! {
    more: load_wallet, fn wallet() { view! { <pages::WalletPage/> } }
    more: load_records, fn records(side: Side) { view! { <pages::RecordsPage side/> } }
    more: load_me, fn me() { view! { <pages::MePage/> } }
    more: load_group, fn group(id: GroupId) { view! { <pages::GroupPage id/> } }
    join: load_join, fn join(code: String) { view! { <pages::JoinPage code/> } }
    account: load_credentials, fn credentials(purpose: Purpose) {
        view! { <CredentialsForm purpose on_done=Callback::new(|()| ())/> }
    }
    found: load_founding, fn founding(on_done: Callback<()>) { pages::founding(on_done) }
    ops: load_ops, fn ops() { view! { <pages::OpsPage/> } }
    more: load_details, fn details(order_no: OrderNo) { view! { <pages::DetailsPage order_no/> } }
    more: load_send, fn send(
        group_id: GroupId,
        group: RwSignal<Option<Group>>,
        on_close: Callback<()>
    ) {
        view! { <SendSheet group_id group on_close on_sent=on_close/> }
    }
}

/// `/join/{code}`: a part of its own, for whoever comes by an invitation has seen nothing yet.
pub(crate) fn join_page(code: String) -> AnyView {
    page(|| loaded(load_join()), move || join(code.clone()).boxed_local())
}

/// The form for a name and a password, for whoever has asked for it.
pub(crate) fn credentials_form(purpose: Purpose) -> AnyView {
    page(|| loaded(load_credentials()), move || credentials(purpose).boxed_local())
}

/// What the sheet for one more group holds.
pub(crate) fn new_group(on_done: Callback<()>) -> AnyView {
    page(|| loaded(load_founding()), move || founding(on_done).boxed_local())
}

/// `/wallet`.
pub(crate) fn wallet_page() -> AnyView {
    page(|| loaded(load_wallet()), || wallet().boxed_local())
}

/// `/wallet/received`, `/wallet/sent`.
pub(crate) fn records_page(side: Side) -> AnyView {
    page(|| loaded(load_records()), move || records(side).boxed_local())
}

/// `/me`.
pub(crate) fn me_page() -> AnyView {
    page(|| loaded(load_me()), || me().boxed_local())
}

/// `/g/{id}/info`.
pub(crate) fn group_page(id: GroupId) -> AnyView {
    page(|| loaded(load_group()), move || group(id).boxed_local())
}

/// `/ops`.
pub(crate) fn ops_page() -> AnyView {
    page(|| loaded(load_ops()), || ops().boxed_local())
}

/// `/packets/{order_no}`.
pub(crate) fn details_page(order_no: OrderNo) -> AnyView {
    page(|| loaded(load_details()), move || details(order_no).boxed_local())
}

/// Fetches what [`send_sheet`] shows: before the sheet opens, so that it opens whole.
pub(crate) fn fetch_send_sheet() -> Coming<()> {
    loaded(load_send())
}

/// The sheet that sends a packet. Nothing, should it not have been fetched.
pub(crate) fn send_sheet(
    id: GroupId,
    group: RwSignal<Option<Group>>,
    on_close: Callback<()>,
) -> AnyView {
    at_once(send(id, group, on_close).boxed_local())
}

fn loaded<E: Into<NotLoaded>>(load: impl Future<Output = Result<(), E>> + 'static) -> Coming<()> {
    load.map(|answer| answer.map_err(Into::into)).boxed_local()
}

/// What is there is made without waiting, under the owner that it is to belong to.
fn at_once(part: Coming<AnyView>) -> AnyView {
    part.now_or_never().and_then(Result::ok).unwrap_or_else(|| ().into_any())
}

/// A screen, or that it is on its way, or that it does not come.
fn page(load: fn() -> Coming<()>, make: impl Fn() -> Coming<AnyView> + Send + 'static) -> AnyView {
    // What has been fetched before is there at once.
    let there = RwSignal::new(load().now_or_never().and_then(Result::ok).map(Ok));
    let scope = Scope::new();
    let fetch = move || {
        there.set(None);
        scope.spawn(async move { there.set(Some(load().await)) });
    };
    if there.with_untracked(Option::is_none) {
        fetch();
    }
    live(move || {
        Some(match there.get() {
            Some(Ok(())) => at_once(make()),
            Some(Err(NotLoaded)) => view! {
                <Empty scene=Scene::Away title=Lang::server_away lead=Lang::server_away_lead>
                    <button class="button primary" data-testid="part-retry" on:click=press(move |_| fetch())>
                        {tr!(retry)}
                    </button>
                </Empty>
            }
            .into_any(),
            None => view! { <p class="splash" role="status">{tr!(loading)}</p> }.into_any(),
        })
    })
}
