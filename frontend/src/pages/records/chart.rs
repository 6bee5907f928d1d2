//! The year month by month.

use core::fmt::Write as _;

use crate::components::words;
use leptos::prelude::*;

use super::load::Year;
use crate::i18n::lang;

/// Bars for the eye, sentences for the ear.
#[component]
pub(super) fn Chart(year: Year) -> impl IntoView {
    let svg = bars(&year);
    let months = StoredValue::new(year.months);
    view! {
        <figure class="chart" data-testid="records-chart">
            <div class="chart-bars" aria-hidden="true" inner_html=svg></div>
            <div class="chart-months" aria-hidden="true">
                {(1..=12).map(|month| view! { <span>{month}</span> }).collect_view()}
            </div>
            <figcaption class="sr-only">
                {words(move || lang().chart_words(&months.get_value()))}
            </figcaption>
        </figure>
    }
}

/// As one string, like every picture.
fn bars(year: &Year) -> String {
    let most = year.months.iter().map(|month| month.total_fen.get()).max().unwrap_or_default();
    let mut svg =
        String::from(r#"<svg viewBox="0 0 120 100" preserveAspectRatio="none" focusable="false">"#);
    for (at, month) in year.months.iter().enumerate() {
        let total = month.total_fen.get();
        let height = total.saturating_mul(96).checked_div(most).unwrap_or(0);
        // A month with one fen still had a packet; a month without has a line.
        let (height, class) =
            if total == 0 { (1, "chart-none") } else { (height.max(4), "chart-bar") };
        // Writing to a String cannot fail.
        write!(
            svg,
            r#"<rect x="{}" y="{}" width="6" height="{height}" class="{class}"/>"#,
            at * 10 + 2,
            100 - height,
        )
        .ok();
    }
    svg.push_str("</svg>");
    svg
}
