//! Moments as people read them, by the browser's own `Intl`.

use std::sync::LazyLock;

use hongbao_shared::Timestamp;
use js_sys::{Date, Object, Reflect};
use leptos::prelude::{ArcRwSignal, GetUntracked as _, Set as _, Track as _};
use wasm_bindgen::JsValue;

use super::Lang;
use crate::tasks;

/// How often it is looked whether another day has begun. A machine that slept does not say so,
/// and a timer until midnight would have slept as well.
const LOOK_MS: u32 = 1_000;

/// The reader's day, by the browser's name for it.
static TODAY: LazyLock<ArcRwSignal<String>> = LazyLock::new(|| ArcRwSignal::new(day(&now())));

/// Has moments said anew when another day begins: what was said by the clock alone was yesterday.
pub(super) fn start() {
    tasks::detach(async {
        loop {
            tasks::sleep_ms(LOOK_MS).await;
            let today = day(&now());
            if TODAY.get_untracked() != today {
                TODAY.set(today);
            }
        }
    });
}

fn now() -> Date {
    Date::new_0()
}

fn day(date: &Date) -> String {
    date.to_date_string().into()
}

/// For whoever says a moment by it: they follow the days.
fn today() -> Date {
    TODAY.track();
    now()
}

fn date(at: Timestamp) -> Date {
    // Milliseconds since 1970 are exact in a double for 285,000 years.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let millis = at.millis() as f64;
    Date::new(&JsValue::from_f64(millis))
}

/// The names of `Intl` and how each is shown.
type Options = [(&'static str, &'static str)];

const CLOCK: [(&str, &str); 2] = [("hour", "2-digit"), ("minute", "2-digit")];
const DAY: [(&str, &str); 2] = [("month", "short"), ("day", "numeric")];

fn format(lang: Lang, at: Timestamp, options: &[&Options]) -> String {
    let object = Object::new();
    for (name, value) in options.iter().copied().flatten() {
        // A plain object takes every property.
        Reflect::set(&object, &(*name).into(), &(*value).into()).ok();
    }
    Reflect::set(&object, &"hourCycle".into(), &"h23".into()).ok();
    let format: js_sys::Function = match Reflect::get(&date(at), &"toLocaleString".into()) {
        Ok(function) => function.into(),
        Err(_) => return String::new(),
    };
    format
        .call2(&date(at), &lang.tag().into(), &object)
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

/// Are both on the same day here, in the reader's own time zone?
pub(crate) fn is_same_day(one: Timestamp, other: Timestamp) -> bool {
    day(&date(one)) == day(&date(other))
}

fn is_today(at: Timestamp) -> bool {
    day(&date(at)) == day(&today())
}

fn is_this_year(at: Timestamp) -> bool {
    date(at).get_full_year() == today().get_full_year()
}

impl Lang {
    /// `20:15` today, `7 Feb, 20:15` this year, `7 Feb 2024, 20:15` before.
    pub(crate) fn moment(self, at: Timestamp) -> String {
        if is_today(at) { self.clock(at) } else { self.day_and_clock(at) }
    }

    /// `20:15`.
    pub(crate) fn clock(self, at: Timestamp) -> String {
        format(self, at, &[&CLOCK])
    }

    /// `20:15:07`.
    pub(crate) fn clock_s(self, at: Timestamp) -> String {
        format(self, at, &[&CLOCK, &[("second", "2-digit")]])
    }

    /// `7 Feb, 20:15`; of another year `7 Feb 2024, 20:15`.
    pub(crate) fn day_and_clock(self, at: Timestamp) -> String {
        let year: &Options = if is_this_year(at) { &[] } else { &[("year", "numeric")] };
        format(self, at, &[year, &DAY, &CLOCK])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn another_year_is_said() {
        let now_ms = Date::now();
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
        let now = Timestamp::from_millis(now_ms as i64);
        let before: Timestamp = "2019-02-07T12:15:00.000Z".parse().unwrap();
        let this_year = Date::new_0().get_full_year().to_string();
        for lang in [Lang::En, Lang::Zh] {
            assert!(lang.moment(before).contains("2019"), "{}", lang.moment(before));
            assert!(!lang.day_and_clock(now).contains(&this_year), "{}", lang.day_and_clock(now));
        }
    }
}
