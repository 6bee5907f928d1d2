//! `/wallet/received`, `/wallet/sent`: the packets of a year (R-LIST-1).

mod chart;
mod load;
mod rows;

use leptos::prelude::*;

use crate::{
    art::{Icon, Scene},
    components::{Empty, Fault, Link, More, Pic, live, memo, press, rows, words},
    i18n::{Lang, lang, tr},
    money::yuan,
    route::{Route, Side},
};

use chart::Chart;
use load::{Records, Year};
use rows::Line;

#[component]
pub(crate) fn RecordsPage(side: Side) -> impl IntoView {
    let records = Records::start(side);
    let year = records.year;
    view! {
        <div class="page" data-testid="records">
            <header class="bar">
                <span class="icon-button page-back">
                    <Link to=Route::Wallet><Pic icon=Icon::Back/><span class="sr-only">{tr!(back)}</span></Link>
                </span>
                <h1 class="bar-title">{tr!(records_title)}</h1>
                {live(move || year.get().map(|year| view! { <YearChoice year records/> }.into_any()))}
            </header>
            <div class="page-body">
                <nav class="segments records-tabs" aria-label=tr!(records_title)>
                    <span class="segment" data-testid="records-received">
                        <Link to=Route::Records(Side::Received)>{tr!(records_received)}</Link>
                    </span>
                    <span class="segment" data-testid="records-sent">
                        <Link to=Route::Records(Side::Sent)>{tr!(records_sent)}</Link>
                    </span>
                </nav>
                {live(move || year.get().map(|year| view! { <Summary year side/> }.into_any()))}
                <section class="panel" aria-label=tr!(records_list)>
                    <List records side/>
                    <Fault failure=records.failure/>
                    {live(move || records.failure.get().is_some().then(|| view! {
                        <button type="button" class="button" on:click=press(move |_| records.retry())>{tr!(retry)}</button>
                    }.into_any()))}
                </section>
            </div>
        </div>
    }
}

#[component]
fn YearChoice(year: Year, records: Records) -> impl IntoView {
    let chosen = year.number;
    view! {
        <label class="year">
            <span class="sr-only">{tr!(records_year)}</span>
            <select
                data-testid="records-year"
                on:change=move |event| {
                    if let Ok(year) = event_target_value(&event).parse() {
                        records.choose(year);
                    }
                }
            >
                {year.years.into_iter().map(|year| view! {
                    <option value=year.to_string() selected=year == chosen>{year.to_string()}</option>
                }).collect_view()}
            </select>
        </label>
    }
}

/// Total, number, best lucks, and the months.
#[component]
fn Summary(year: Year, side: Side) -> impl IntoView {
    let (count, lucks, number) = (year.count, year.best_lucks, year.number);
    let label = move || match side {
        Side::Received => lang().received_in(number),
        Side::Sent => lang().sent_in(number),
    };
    view! {
        <section class="panel records-sum">
            <h2 class="muted">{words(label)}</h2>
            <p class="records-total money" data-testid="records-total">{yuan(year.total_fen)}</p>
            <p class="records-counts">
                <span data-testid="records-count">{words(move || lang().packets(count))}</span>
                // Luck is in what one opens.
                {(side == Side::Received).then(|| view! {
                    <span class="records-lucks" data-testid="records-lucks">
                        <Pic icon=Icon::Crown/>
                        {words(move || lang().best_lucks(lucks))}
                    </span>
                })}
            </p>
            <Chart year/>
        </section>
    }
}

#[component]
fn List(records: Records, side: Side) -> impl IntoView {
    let empty = memo(move || records.items.with(|items| items.as_ref().map(Vec::is_empty)));
    view! {
        {live(move || Some(match empty.get() {
            None => view! { <p class="muted" role="status">{tr!(loading)}</p> }.into_any(),
            Some(true) => view! {
                <Empty
                    scene=Scene::Quiet
                    title=match side {
                        Side::Received => Lang::received_none,
                        Side::Sent => Lang::sent_none,
                    }
                    lead=match side {
                        Side::Received => Lang::received_none_lead,
                        Side::Sent => Lang::sent_none_lead,
                    }
                />
            }
            .into_any(),
            Some(false) => view! {
                <ul class="entries">
                    {rows(
                        move || {
                            let items = records.items.get().unwrap_or_default();
                            items.into_iter().enumerate().collect()
                        },
                        |(number, _)| (i64::try_from(*number).unwrap_or(i64::MAX), 0),
                        |(_, item)| view! { <Line item/> }.into_any(),
                    )}
                </ul>
            }
            .into_any(),
        }))}
        {live(move || records.cursor.get().map(|_| view! {
            <More busy=records.busy on_more=Callback::new(move |()| records.more())/>
        }.into_any()))}
    }
}
