//! The wallet: balance, top-up, statement.

use hongbao_shared::{
    Fen,
    api::wallet::{Entry, EntryKind},
};
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    art::{Icon, Scene},
    browser,
    components::{Empty, Fault, Link, More, Pic, TopUpForm, live, memo, press, rows, words},
    i18n::{Lang, lang, tr},
    money::{signed_yuan, yuan},
    route::{Route, Side},
    state::session,
    tasks::{self, Scope},
};

/// How soon money on its way is asked for again; each time twice as late.
const PENDING_POLL_MS: u32 = 1_000;
const PENDING_POLL_MS_MAX: u32 = 15_000;

#[component]
pub(crate) fn WalletPage() -> impl IntoView {
    let statement = Statement::new();
    let tops_up = memo(|| !session::limits().max_top_up_fen.is_zero());
    let balance = memo(|| session::me().and_then(|me| me.balance_fen));
    let refresh = Callback::new(move |()| statement.restart());
    view! {
        <div class="page" data-testid="wallet">
            <header class="bar"><h1 class="bar-title">{tr!(wallet_title)}</h1></header>
            <div class="page-body">
                <section class="balance-card">
                    <p class="balance-label">{tr!(balance)}</p>
                    <p class="balance money" data-testid="wallet-balance" aria-live="polite">
                        {words(move || balance.get().map_or_else(|| "…".to_owned(), yuan))}
                    </p>
                    <div role="status">
                        {live(move || {
                            let pending = statement.pending_fen.get();
                            (!pending.is_zero()).then(|| view! {
                                <p class="balance-pending" data-testid="wallet-pending">
                                    {words(move || lang().on_its_way(pending))}
                                </p>
                            }.into_any())
                        })}
                    </div>
                    <span class="balance-records" data-testid="records-link">
                        <Link to=Route::Records(Side::Received)>
                            <Pic icon=Icon::Packet/><span>{tr!(records_title)}</span><Pic icon=Icon::Next/>
                        </Link>
                    </span>
                </section>
                {live(move || tops_up.get().then(|| view! {
                    <section class="panel">
                        <h2>{tr!(top_up_title)}</h2>
                        <TopUpForm on_done=refresh/>
                    </section>
                }.into_any()))}
                <section class="panel">
                    <h2>{tr!(statement)}</h2>
                    <StatementView statement/>
                </section>
            </div>
        </div>
    }
}

/// The lines read so far.
#[derive(Clone, Copy)]
struct Statement {
    entries: RwSignal<Option<Vec<Entry>>>,
    /// Counts how often it was read anew, which makes every line another one.
    turn: RwSignal<u32>,
    cursor: RwSignal<Option<String>>,
    pending_fen: RwSignal<Fen>,
    failure: RwSignal<Option<Failure>>,
    busy: RwSignal<bool>,
    scope: Scope,
}

impl Statement {
    fn new() -> Self {
        let statement = Self {
            entries: RwSignal::new(None),
            turn: RwSignal::new(0),
            cursor: RwSignal::new(None),
            pending_fen: RwSignal::new(Fen::ZERO),
            failure: RwSignal::new(None),
            busy: RwSignal::new(false),
            scope: Scope::new(),
        };
        statement.restart();
        statement
    }

    fn restart(self) {
        self.scope.spawn(async move {
            self.ask_wallet().await;
            match api::entries(None).await {
                Ok(page) => {
                    self.turn.update(|turn| *turn = turn.wrapping_add(1));
                    self.entries.set(Some(page.items));
                    self.cursor.set(page.next_cursor);
                    self.failure.set(None);
                }
                Err(problem) => self.failure.set(Some(problem)),
            }
            self.await_pending().await;
        });
    }

    async fn ask_wallet(self) {
        if let Ok(wallet) = api::wallet().await {
            session::set_balance(wallet.balance_fen);
            // Not told while the lists cannot be read: then it is what it was.
            if let Some(pending) = wallet.pending_fen {
                self.pending_fen.set(pending);
            }
        }
    }

    /// Money on its way arrives within moments; then the lines change too.
    async fn await_pending(self) {
        let mut pause_ms = PENDING_POLL_MS;
        while !self.pending_fen.get_untracked().is_zero() {
            tasks::sleep_ms(pause_ms).await;
            pause_ms = pause_ms.saturating_mul(2).min(PENDING_POLL_MS_MAX);
            let before = self.pending_fen.get_untracked();
            if browser::is_visible() {
                self.ask_wallet().await;
            }
            if self.pending_fen.get_untracked() != before
                && let Ok(page) = api::entries(None).await
            {
                self.turn.update(|turn| *turn = turn.wrapping_add(1));
                self.entries.set(Some(page.items));
                self.cursor.set(page.next_cursor);
            }
        }
    }

    fn more(self) {
        let Some(cursor) = self.cursor.get_untracked().filter(|_| !self.busy.get_untracked())
        else {
            return;
        };
        self.busy.set(true);
        self.failure.set(None);
        let turn = self.turn.get_untracked();
        self.scope.spawn(async move {
            let answer = api::entries(Some(&cursor)).await;
            self.busy.set(false);
            // Read anew meanwhile: then this is no continuation of what is shown.
            if self.turn.get_untracked() != turn {
                return;
            }
            match answer {
                Ok(page) => {
                    self.entries.update(|entries| {
                        entries.get_or_insert_default().extend(page.items);
                    });
                    self.cursor.set(page.next_cursor);
                }
                Err(problem) => self.failure.set(Some(problem)),
            }
        });
    }

    fn keyed(self) -> Vec<((i64, i64), Entry)> {
        let turn = i64::from(self.turn.get_untracked());
        let entries = self.entries.get().unwrap_or_default();
        (0..).zip(entries).map(|(n, entry)| ((turn, n), entry)).collect()
    }
}

#[component]
fn StatementView(statement: Statement) -> impl IntoView {
    let empty = memo(move || statement.entries.with(|e| e.as_ref().map(Vec::is_empty)));
    view! {
        {live(move || Some(match empty.get() {
            None => view! { <p class="muted" role="status">{tr!(loading)}</p> }.into_any(),
            Some(true) => view! {
                <Empty
                    scene=Scene::Quiet
                    title=Lang::statement_empty
                    lead=Lang::statement_empty_lead
                />
            }
            .into_any(),
            Some(false) => view! {
                <ul class="entries">
                    {rows(
                        move || statement.keyed(),
                        |(key, _)| *key,
                        |(_, entry)| view! { <Line entry/> }.into_any(),
                    )}
                </ul>
            }
            .into_any(),
        }))}
        <Fault failure=statement.failure/>
        {live(move || statement.failure.get().is_some().then(|| view! {
            <button class="button" on:click=press(move |_| statement.restart())>{tr!(retry)}</button>
        }.into_any()))}
        {live(move || statement.cursor.get().map(|_| view! {
            <More busy=statement.busy on_more=Callback::new(move |()| statement.more())/>
        }.into_any()))}
    }
}

#[component]
fn Line(entry: Entry) -> impl IntoView {
    let why = move || match entry.kind.get() {
        Some(EntryKind::TopUp) => lang().entry_top_up(),
        Some(EntryKind::Welcome) => lang().entry_welcome(),
        Some(EntryKind::Allowance) => lang().entry_allowance(),
        Some(EntryKind::Grant) => lang().entry_grant(),
        Some(EntryKind::Pay) => lang().entry_pay(),
        Some(EntryKind::Credit) => lang().entry_credit(),
        Some(EntryKind::Refund) => lang().entry_refund(),
        Some(EntryKind::Fee) => lang().entry_fee(),
        Some(EntryKind::FeeRefund) => lang().entry_fee_refund(),
        None => lang().needs_newer(),
    };
    let words = view! {
        <span class="entry-words">
            <span class="entry-why">{words(why)}</span>
            <span class="entry-when">{words(move || lang().moment(entry.at))}</span>
        </span>
        <span class="entry-money">
            <span class="entry-amount money" class:income=entry.amount_fen.is_positive()>
                {signed_yuan(entry.amount_fen)}
            </span>
            <span class="entry-after money">{words(move || lang().balance_after(entry.balance_fen))}</span>
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
