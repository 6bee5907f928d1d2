//! The screens whose code the browser fetches when they are opened.

use futures::future::FutureExt as _;
use hongbao_shared::{GroupId, OrderNo};
use leptos::prelude::*;

use crate::{
    lazy::{loaded, page, parts},
    pages::{DetailsPage, GroupPage, JoinPage, MePage, OpsPage, RecordsPage, WalletPage},
    route::Side,
};

parts! {
    more: load_wallet, fn wallet() { view! { <WalletPage/> } }
    more: load_records, fn records(side: Side) { view! { <RecordsPage side/> } }
    more: load_me, fn me() { view! { <MePage/> } }
    more: load_group, fn group(id: GroupId) { view! { <GroupPage id/> } }
    more: load_details, fn details(order_no: OrderNo) { view! { <DetailsPage order_no/> } }
    join: load_join, fn join(code: String) { view! { <JoinPage code/> } }
    ops: load_ops, fn ops() { view! { <OpsPage/> } }
}

/// `/join/{code}`: a part of its own, for whoever comes by an invitation has seen nothing yet.
pub(super) fn join_page(code: String) -> AnyView {
    page(|| loaded(load_join()), move || join(code.clone()).boxed_local())
}

/// `/wallet`.
pub(super) fn wallet_page() -> AnyView {
    page(|| loaded(load_wallet()), || wallet().boxed_local())
}

/// `/wallet/received`, `/wallet/sent`.
pub(super) fn records_page(side: Side) -> AnyView {
    page(|| loaded(load_records()), move || records(side).boxed_local())
}

/// `/me`.
pub(super) fn me_page() -> AnyView {
    page(|| loaded(load_me()), || me().boxed_local())
}

/// `/g/{id}/info`.
pub(super) fn group_page(id: GroupId) -> AnyView {
    page(|| loaded(load_group()), move || group(id).boxed_local())
}

/// `/ops`.
pub(super) fn ops_page() -> AnyView {
    page(|| loaded(load_ops()), || ops().boxed_local())
}

/// `/packets/{order_no}`.
pub(super) fn details_page(order_no: OrderNo) -> AnyView {
    page(|| loaded(load_details()), move || details(order_no).boxed_local())
}
