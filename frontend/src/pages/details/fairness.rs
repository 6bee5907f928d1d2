//! The fairness check, computed in this browser by the shared code (R-FAIR-6).

use hongbao_shared::{
    api::packets::PacketDetails,
    fairness::ServerSeed,
    proof::{self, Report, ShareCheck, Unprovable},
};
use leptos::prelude::*;

use super::load::Loaded;
use crate::{
    api::Failure,
    art::Icon,
    components::{Fault, Pic, live, press, words},
    i18n::{Lang, lang, tr},
    money::yuan,
    state::payments,
};

/// Rows of a very large packet that are drawn; those that do not match always are.
const ROWS_MAX: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Checked { report: Report, kept_matches: Option<bool> },
    Unprovable(Unprovable),
}

fn examine(details: &PacketDetails) -> Outcome {
    match proof::check(details) {
        Ok(report) => {
            let kept = payments::kept_commitment(details.order_no);
            let kept_matches = kept.map(|kept| kept == details.fairness.commitment);
            Outcome::Checked { report, kept_matches }
        }
        Err(reason) => Outcome::Unprovable(reason),
    }
}

#[component]
pub(super) fn FairnessPanel(details: PacketDetails, loaded: Loaded) -> impl IntoView {
    let outcome = RwSignal::new(None::<Outcome>);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<Failure>);
    let check = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        loaded.whole(move |answer| {
            match answer {
                Ok(details) => outcome.set(Some(examine(&details))),
                Err(problem) => failure.set(Some(problem)),
            }
            busy.set(false);
        });
    };
    let fairness = details.fairness;
    let server_seed = fairness.server_seed.as_ref().map(ServerSeed::to_hex);
    let is_over = server_seed.is_some();
    let client_seed = fairness.client_seed.to_hex();
    view! {
        <section class="panel fairness" data-testid="fairness">
            <h2><Pic icon=Icon::Shield/>{tr!(fair_title)}</h2>
            <p class="muted">{tr!(fair_lead)}</p>
            <dl class="seeds">
                <dt>{tr!(fair_commitment)}</dt>
                <dd>{fairness.commitment.to_hex()}</dd>
                <dt>{tr!(fair_client_seed)}</dt>
                <dd>{words(move || {
                    if client_seed.is_empty() {
                        lang().fair_client_seed_none().to_owned()
                    } else {
                        client_seed.clone()
                    }
                })}</dd>
                <dt>{tr!(fair_server_seed)}</dt>
                <dd>{words(move || server_seed.clone().unwrap_or_else(|| lang().fair_shown_later().to_owned()))}</dd>
            </dl>
            {if is_over {
                view! {
                    <button
                        type="button"
                        class="button primary"
                        data-testid="fairness-check"
                        disabled=busy
                        on:click=press(check)
                    >
                        {words(move || if busy.get() { lang().fair_checking() } else { lang().fair_check() })}
                    </button>
                }.into_any()
            } else {
                view! { <p class="notice">{tr!(fair_later)}</p> }.into_any()
            }}
            <Fault failure=failure/>
            <div aria-live="polite">
                {live(move || outcome.get().map(|outcome| match outcome {
                    Outcome::Checked { report, kept_matches } => {
                        view! { <Verdict report kept_matches/> }.into_any()
                    }
                    Outcome::Unprovable(reason) => view! {
                        <p class="fault" data-testid="error-sentence">
                            {words(move || unprovable(lang(), reason))}
                        </p>
                    }.into_any(),
                }))}
            </div>
            <h3>{tr!(fair_limits_title)}</h3>
            <p class="muted small">{tr!(fair_limits)}</p>
        </section>
    }
}

fn unprovable(lang: Lang, reason: Unprovable) -> &'static str {
    match reason {
        Unprovable::StillOpen => lang.fair_later(),
        Unprovable::SeedWithheld => lang.fair_withheld(),
        Unprovable::UnknownAlgorithm => lang.fair_unknown_algorithm(),
        Unprovable::AmountsHidden => lang.amounts_hidden(),
        Unprovable::ClaimsIncomplete => lang.fair_incomplete(),
        Unprovable::ImpossibleTerms => lang.fair_impossible(),
    }
}

#[component]
fn Verdict(report: Report, kept_matches: Option<bool>) -> impl IntoView {
    let ok = report.is_ok() && kept_matches != Some(false);
    let (commitment, totals) = (report.commitment_matches, report.totals_match);
    let rows: Vec<(usize, ShareCheck)> = report
        .shares
        .into_iter()
        .enumerate()
        .filter(|(at, share)| *at < ROWS_MAX || !share.matches())
        .collect();
    view! {
        <div class="verdict" class:bad=!ok data-testid="fairness-result" data-ok=ok.to_string()>
            <p class="verdict-head">
                <Pic icon=if ok { Icon::Check } else { Icon::Cross }/>
                {words(move || if ok { lang().fair_ok() } else { lang().fair_bad() })}
            </p>
            {(!ok).then(|| view! { <p>{tr!(fair_bad_lead)}</p> })}
            <ul class="verdict-points">
                {point(commitment, Lang::fair_commitment_ok, Lang::fair_commitment_bad)}
                {kept_matches.map(|same| point(same, Lang::fair_kept_ok, Lang::fair_kept_bad))}
                {point(totals, Lang::fair_totals_ok, Lang::fair_totals_bad)}
            </ul>
            <h3>{tr!(fair_shares)}</h3>
            <ol class="checks">
                {rows.into_iter().map(|(at, share)| check_row(at, share)).collect_view()}
            </ol>
        </div>
    }
}

type Words = fn(Lang) -> &'static str;

fn point(ok: bool, good: Words, bad: Words) -> impl IntoView {
    view! {
        <li class:bad=!ok>
            <Pic icon=if ok { Icon::Check } else { Icon::Cross }/>
            {words(move || if ok { good(lang()) } else { bad(lang()) })}
        </li>
    }
}

fn check_row(at: usize, share: ShareCheck) -> impl IntoView {
    let ok = share.matches();
    let expected = share.expected;
    view! {
        <li class="check" class:bad=!ok data-testid="fairness-share" data-ok=ok.to_string()>
            <span class="check-mark" role="img" aria-label=if ok { "✓" } else { "✗" }>
                <Pic icon=if ok { Icon::Check } else { Icon::Cross }/>
            </span>
            <span>{tr!(share_number, at + 1)}</span>
            <span class="money">
                {words(move || share.paid.map_or_else(|| lang().fair_unopened().to_owned(), yuan))}
            </span>
            <span class="check-expected money">
                {words(move || {
                    let differs = (share.paid != Some(expected)).then_some(expected);
                    differs.map(|expected| lang().fair_expected(expected)).unwrap_or_default()
                })}
            </span>
        </li>
    }
}
