//! The wallet: balance, top-up, statement.

use hongbao_shared::api::wallet::{Entry, EntryKind};
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    art::Scene,
    components::{Empty, Fault, Link, TopUpForm},
    i18n::{lang, tr},
    money::{signed_yuan, yuan},
    route::Route,
    state::session,
    tasks::Scope,
};

#[component]
pub(crate) fn WalletPage() -> impl IntoView {
    let statement = Statement::new();
    let balance = Memo::new(|_| session::me().map(|me| me.balance_fen));
    let refresh = Callback::new(move |()| statement.restart());
    view! {
        <div class="page" data-testid="wallet">
            <header class="bar"><h1 class="bar-title">{tr!(wallet_title)}</h1></header>
            <div class="page-body">
                <section class="balance-card">
                    <p class="balance-label">{tr!(balance)}</p>
                    <p class="balance money" data-testid="wallet-balance" aria-live="polite">
                        {move || balance.get().map(yuan)}
                    </p>
                </section>
                <section class="panel">
                    <h2>{tr!(top_up_title)}</h2>
                    <TopUpForm on_done=refresh/>
                </section>
                <section class="panel">
                    <h2>{tr!(statement)}</h2>
                    {move || statement.show()}
                </section>
            </div>
        </div>
    }
}

/// The lines read so far.
#[derive(Clone, Copy)]
struct Statement {
    entries: RwSignal<Option<Vec<Entry>>>,
    cursor: RwSignal<Option<String>>,
    failure: RwSignal<Option<Failure>>,
    busy: RwSignal<bool>,
    scope: Scope,
}

impl Statement {
    fn new() -> Self {
        let statement = Self {
            entries: RwSignal::new(None),
            cursor: RwSignal::new(None),
            failure: RwSignal::new(None),
            busy: RwSignal::new(false),
            scope: Scope::new(),
        };
        statement.restart();
        statement
    }

    fn restart(self) {
        self.scope.spawn(async move {
            session::refresh_balance().await;
            match api::entries(None).await {
                Ok(page) => {
                    self.entries.set(Some(page.items));
                    self.cursor.set(page.next_cursor);
                    self.failure.set(None);
                }
                Err(problem) => self.failure.set(Some(problem)),
            }
        });
    }

    fn more(self) {
        let Some(cursor) = self.cursor.get_untracked().filter(|_| !self.busy.get_untracked())
        else {
            return;
        };
        self.busy.set(true);
        self.scope.spawn(async move {
            match api::entries(Some(&cursor)).await {
                Ok(page) => {
                    self.entries.update(|entries| {
                        entries.get_or_insert_default().extend(page.items);
                    });
                    self.cursor.set(page.next_cursor);
                    self.failure.set(None);
                }
                Err(problem) => self.failure.set(Some(problem)),
            }
            self.busy.set(false);
        });
    }

    fn show(self) -> impl IntoView {
        let list = match self.entries.get() {
            None => view! { <p class="muted" role="status">{tr!(loading)}</p> }.into_any(),
            Some(entries) if entries.is_empty() => view! {
                <Empty
                    scene=Scene::Quiet
                    title=Signal::derive(|| lang().statement_empty().to_owned())
                    lead=Signal::derive(|| lang().statement_empty_lead().to_owned())
                />
            }
            .into_any(),
            Some(entries) => view! {
                <ul class="entries">
                    {entries.into_iter().map(|entry| view! { <Line entry/> }).collect_view()}
                </ul>
            }
            .into_any(),
        };
        view! {
            {list}
            <Fault failure=self.failure/>
            {move || self.failure.get().is_some().then(|| view! {
                <button class="button" on:click=move |_| self.restart()>{tr!(retry)}</button>
            })}
            {move || self.cursor.get().is_some().then(|| view! {
                <button class="button" disabled=move || self.busy.get() on:click=move |_| self.more()>
                    {tr!(load_more)}
                </button>
            })}
        }
    }
}

#[component]
fn Line(entry: Entry) -> impl IntoView {
    let why = move || match entry.kind {
        EntryKind::TopUp => lang().entry_top_up(),
        EntryKind::Pay => lang().entry_pay(),
        EntryKind::Credit => lang().entry_credit(),
        EntryKind::Refund => lang().entry_refund(),
    };
    let words = view! {
        <span class="entry-words">
            <span class="entry-why">{why}</span>
            <span class="entry-when">{move || lang().moment(entry.at)}</span>
        </span>
        <span class="entry-money">
            <span class="entry-amount money" class:income=entry.amount_fen.is_positive()>
                {signed_yuan(entry.amount_fen)}
            </span>
            <span class="entry-after money">{move || lang().balance_after(entry.balance_fen)}</span>
        </span>
    };
    view! {
        <li class="entry" data-testid="wallet-entry">
            {match entry.order_no {
                Some(order_no) => {
                    view! { <Link to=Route::Packet(order_no)>{words}</Link> }.into_any()
                }
                None => view! { <span class="entry-still">{words}</span> }.into_any(),
            }}
        </li>
    }
}
