//! Moments as people read them, by the browser's own `Intl`.

use hongbao_shared::Timestamp;
use js_sys::{Date, Object, Reflect};
use wasm_bindgen::JsValue;

use super::Lang;

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
    date(one).to_date_string() == date(other).to_date_string()
}

fn is_today(at: Timestamp) -> bool {
    date(at).to_date_string() == Date::new_0().to_date_string()
}

fn is_this_year(at: Timestamp) -> bool {
    date(at).get_full_year() == Date::new_0().get_full_year()
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
