//! Possible splits, computed by the code that will cut the packet.

use core::fmt::Write as _;

use hongbao_shared::{Fen, Kind, Splitter, Terms, fairness::Seed};
use leptos::prelude::*;

use super::Form;
use crate::{
    art::Icon,
    browser,
    components::{Pic, live, memo, press, spoken, words},
    i18n::{lang, tr},
    money::yuan,
};

/// Samples at a time.
const SAMPLES: usize = 4;
/// Bars that still can be told apart on a phone.
const BARS_MAX: usize = 100;

fn seeds() -> Vec<Seed> {
    (0..SAMPLES).filter_map(|_| browser::random_bytes()).map(Seed::from_bytes).collect()
}

/// One line, which unfolds; none where all shares are equal.
#[component]
pub(super) fn Preview(form: Form) -> impl IntoView {
    let rolled = RwSignal::new(seeds());
    let terms = memo(move || {
        let terms = form.terms().ok().filter(|terms| terms.kind() == Kind::Lucky)?;
        let (low, high) = terms.share_range();
        (low < high).then_some((terms, low, high))
    });
    let differs = memo(move || terms.get().is_some());
    let range = move || {
        let (terms, low, high) = terms.get()?;
        let mean = Fen::new(terms.total().get() / u64::from(terms.shares())).unwrap_or_default();
        Some(lang().share_range(low, high, mean))
    };
    live(move || {
        differs.get().then(|| view! {
        <details class="preview" data-testid="send-preview">
            <summary>
                <span class="preview-range" data-testid="send-range" aria-live="polite">{words(move || range().unwrap_or_default())}</span>
                <Pic icon=Icon::Next/>
            </summary>
            <header class="preview-head">
                <h3>{tr!(preview)}</h3>
                <button
                    type="button"
                    class="chip"
                    data-testid="send-reroll"
                    on:click=press(move |_| rolled.set(seeds()))
                >
                    <Pic icon=Icon::Dice/>
                    {tr!(reroll)}
                </button>
            </header>
            {live(move || terms.get().map(|(terms, ..)| {
                rolled
                    .get()
                    .iter()
                    .enumerate()
                    .map(|(n, seed)| view! { <Sample number=n + 1 shares=sample(&terms, seed)/> })
                    .collect_view()
                    .into_any()
            }))}
            {live(move || terms.get().filter(|(terms, ..)| terms.shares() as usize > BARS_MAX).map(|_| view! {
                <p class="muted small">{tr!(first_of_many, BARS_MAX)}</p>
            }.into_any()))}
            <p class="muted small">{tr!(preview_later)}" "{tr!(preview_lead)}</p>
        </details>
    }.into_any())
    })
}

fn sample(terms: &Terms, seed: &Seed) -> Vec<Fen> {
    Splitter::new(terms, seed).take(BARS_MAX).collect()
}

/// One possible split: a bar per share, the best in gold.
#[component]
fn Sample(number: usize, shares: Vec<Fen>) -> impl IntoView {
    let least = shares.iter().min().copied().unwrap_or_default();
    let most = shares.iter().max().copied().unwrap_or_default();
    let svg = bars(&shares, least, most);
    view! {
        <figure class="sample">
            <div
                class="sample-bars"
                role="img"
                aria-label=spoken(move || lang().sample_label(number, least, most))
                inner_html=svg
            ></div>
            <figcaption class="money" aria-hidden="true">
                <span class="sample-most">{yuan(most)}</span>
                <span class="sample-least">{yuan(least)}</span>
            </figcaption>
        </figure>
    }
}

/// As one string: a hundred bars as Leptos nodes would be rebuilt at every key.
fn bars(shares: &[Fen], least: Fen, most: Fen) -> String {
    let mut svg = format!(
        r#"<svg viewBox="0 0 {} 100" preserveAspectRatio="none" focusable="false">"#,
        shares.len() * 10
    );
    let mut crowned = false;
    for (at, share) in shares.iter().enumerate() {
        // A share of one fen is still a share: it gets a sliver.
        let height = share.get().saturating_mul(100).checked_div(most.get()).unwrap_or(0).max(2);
        let best = !crowned && *share == most && least < most;
        crowned |= best;
        // Writing to a String cannot fail.
        write!(
            svg,
            r#"<rect x="{}" y="{}" width="8" height="{height}" class="{}"/>"#,
            at * 10 + 1,
            100 - height.min(100),
            if best { "best" } else { "bar-share" },
        )
        .ok();
    }
    svg.push_str("</svg>");
    svg
}
