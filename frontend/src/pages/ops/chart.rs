//! Lines over time, drawn here: a chart is one string of SVG and a list of what its lines say now.

use core::fmt::Write as _;

use hongbao_shared::api::history::{History, HistorySeries, HistoryUnit};
use leptos::prelude::*;

use crate::{
    components::{live, words},
    i18n::{Lang, lang, text, tr},
};

const WIDTH: usize = 300;
const HEIGHT: i64 = 80;
/// More than this many colours nobody tells apart; the busiest lines are drawn.
const LINES_MAX: usize = 6;

/// A chart: its title, and the series that are its lines.
struct Plan {
    id: &'static str,
    title: fn(Lang) -> &'static str,
    series: fn(&HistorySeries) -> bool,
}

const PLANS: [Plan; 9] = [
    Plan {
        id: "traffic",
        title: Lang::ops_traffic,
        series: |line| matches!(line.name.as_str(), "opens" | "sends" | "grabs"),
    },
    Plan {
        id: "refusals",
        title: Lang::ops_refusals,
        series: |line| line.name.starts_with("refusals"),
    },
    Plan { id: "shards", title: Lang::ops_shards, series: |line| line.name == "opens_by_shard" },
    Plan { id: "batch", title: Lang::ops_batch, series: |line| line.name == "batch" },
    Plan { id: "commit", title: Lang::ops_commit, series: |line| line.name == "commit" },
    Plan { id: "waiting", title: Lang::ops_waiting, series: |line| line.name == "waiting" },
    Plan { id: "dead", title: Lang::ops_dead, series: |line| line.name == "dead" },
    Plan { id: "memory", title: Lang::ops_memory, series: |line| line.name == "from_memory" },
    Plan { id: "streams", title: Lang::ops_streams, series: |line| line.name == "streams" },
];

#[component]
pub(super) fn Charts(history: RwSignal<Option<History>>) -> impl IntoView {
    live(move || {
        Some(match history.get() {
            None => view! { <p class="muted" role="status">{tr!(loading)}</p> }.into_any(),
            Some(history) if history.at.is_empty() => view! {
                <p class="panel muted" role="status" data-testid="ops-no-data">{tr!(ops_no_data)}</p>
            }
            .into_any(),
            Some(history) => {
                let charts = PLANS.iter().map(|plan| chart(plan, &history));
                view! { <div class="ops-charts" data-testid="ops-charts">{charts.collect_view()}</div> }
                    .into_any()
            }
        })
    })
}

fn chart(plan: &Plan, history: &History) -> AnyView {
    let mut lines: Vec<HistorySeries> =
        history.series.iter().filter(|line| (plan.series)(line)).cloned().collect();
    lines.sort_by_key(|line| core::cmp::Reverse(sum(line)));
    lines.truncate(LINES_MAX);
    // A line keeps its colour when another one becomes busier.
    lines.sort_by(|one, other| (&one.name, &one.of).cmp(&(&other.name, &other.of)));
    let most = lines.iter().map(highest).max().unwrap_or_default();
    let unit = lines.first().map_or(HistoryUnit::Items, |line| line.unit);
    let svg = drawn(&lines, most);
    let title = plan.title;
    let ends = history.at.first().copied().zip(history.at.last().copied());
    let is_quiet = most == 0;
    view! {
        <figure class="panel ops-chart" data-testid=format!("ops-chart-{}", plan.id)>
            <figcaption class="ops-chart-head">
                <span class="ops-chart-title">{text(title)}</span>
                <span class="muted small">
                    {words(move || if is_quiet {
                        lang().ops_quiet().to_owned()
                    } else {
                        lang().ops_highest(&shown(most, unit))
                    })}
                </span>
            </figcaption>
            <div class="ops-lines" aria-hidden="true" inner_html=svg></div>
            {ends.map(|(first, last)| view! {
                <p class="ops-times muted" aria-hidden="true">
                    <span>{words(move || lang().moment(first))}</span>
                    <span>{words(move || lang().moment(last))}</span>
                </p>
            })}
            <ul class="ops-legend">
                {lines.into_iter().enumerate().map(|(at, line)| legend(at, line)).collect_view()}
            </ul>
        </figure>
    }
    .into_any()
}

fn legend(at: usize, line: HistorySeries) -> AnyView {
    let now = line.values.last().copied().flatten();
    let unit = line.unit;
    view! {
        <li>
            <span class=format!("ops-key ops-line-{at}") aria-hidden="true"></span>
            <span class="clip">{words(move || called(&line))}</span>
            <span class="ops-now">{now.map_or_else(|| "–".to_owned(), |now| shown(now, unit))}</span>
        </li>
    }
    .into_any()
}

fn called(line: &HistorySeries) -> String {
    match (line.name.as_str(), line.of.as_str()) {
        ("opens", _) => lang().ops_opens().to_owned(),
        ("sends", _) => lang().ops_sends().to_owned(),
        ("grabs", _) => lang().ops_grabs().to_owned(),
        (name, "") => name.strip_prefix("refusals_").unwrap_or(lang().ops_all()).to_owned(),
        (_, of) => lang().ops_destination(of).to_owned(),
    }
}

fn sum(line: &HistorySeries) -> i64 {
    line.values.iter().flatten().fold(0, |sum, value| sum.saturating_add(*value))
}

fn highest(line: &HistorySeries) -> i64 {
    line.values.iter().flatten().copied().max().unwrap_or_default().max(0)
}

/// Thousandths as people read them: `1,250`, `12.5`, `0.04`.
fn shown(thousandths: i64, unit: HistoryUnit) -> String {
    let (whole, rest) = (thousandths / 1000, (thousandths % 1000).unsigned_abs());
    let number = match whole {
        100.. => grouped(whole),
        10..100 => format!("{whole}.{}", rest / 100),
        _ => format!("{whole}.{:02}", rest / 10),
    };
    let number = match number.split_once('.') {
        Some((whole, rest)) if rest.bytes().all(|digit| digit == b'0') => whole.to_owned(),
        _ => number,
    };
    match unit {
        HistoryUnit::PerSecond => format!("{number}/s"),
        HistoryUnit::Items => number,
        HistoryUnit::Milliseconds => format!("{number} ms"),
        HistoryUnit::Percent => format!("{number}%"),
    }
}

fn grouped(whole: i64) -> String {
    let digits = whole.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Lines that end where nothing was measured and begin again after it.
fn drawn(lines: &[HistorySeries], most: i64) -> String {
    let mut svg = format!(
        r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" focusable="false"><path class="ops-floor" d="M0 {HEIGHT}H{WIDTH}"/>"#
    );
    for (at, line) in lines.iter().enumerate() {
        let steps = line.values.len().saturating_sub(1).max(1);
        let mut path = String::new();
        let mut is_down = false;
        for (point, value) in line.values.iter().enumerate() {
            let Some(value) = value else {
                is_down = false;
                continue;
            };
            let x = point * WIDTH / steps;
            // A line's half stays within the picture at the top.
            let y =
                HEIGHT - value.max(&0).saturating_mul(HEIGHT - 3).checked_div(most).unwrap_or(0);
            // A point alone is a line of no length, which a round cap shows. Writing to a
            // String cannot fail.
            let alone = if is_down { "" } else { "h0" };
            write!(path, "{}{x} {y}{alone}", if is_down { 'L' } else { 'M' }).ok();
            is_down = true;
        }
        write!(svg, r#"<path class="ops-line ops-line-{at}" d="{path}"/>"#).ok();
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::{HistorySeries, HistoryUnit, drawn, shown};
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn numbers_are_as_long_as_they_need_to_be() {
        for (thousandths, text) in [
            (0, "0"),
            (40, "0.04"),
            (1_500, "1.50"),
            (12_540, "12.5"),
            (100_900, "100"),
            (1_250_000, "1,250"),
        ] {
            assert_eq!(shown(thousandths, HistoryUnit::Items), text);
        }
        assert_eq!(shown(2_000, HistoryUnit::PerSecond), "2/s");
    }

    #[wasm_bindgen_test]
    fn a_line_stops_where_nothing_was_measured() {
        let values = vec![Some(0), None, Some(10), Some(20)];
        let line = HistorySeries {
            name: "opens".to_owned(),
            of: String::new(),
            unit: HistoryUnit::PerSecond,
            values,
        };
        let svg = drawn(&[line], 20);
        assert!(svg.contains("d=\"M0 80h0M200 42h0L300 3\""), "{svg}");
    }
}
