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

fn format(lang: Lang, at: Timestamp, options: &[(&str, &str)]) -> String {
    let object = Object::new();
    for (name, value) in options {
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

/// Is it the same day here, in the reader's own time zone?
fn is_today(at: Timestamp) -> bool {
    date(at).to_date_string() == Date::new_0().to_date_string()
}

impl Lang {
    /// `20:15` today, `2/7 20:15` before.
    pub(crate) fn moment(self, at: Timestamp) -> String {
        if is_today(at) { self.clock(at) } else { self.day_and_clock(at) }
    }

    /// `20:15`.
    pub(crate) fn clock(self, at: Timestamp) -> String {
        format(self, at, &[("hour", "2-digit"), ("minute", "2-digit")])
    }

    /// `20:15:07`.
    pub(crate) fn clock_s(self, at: Timestamp) -> String {
        format(self, at, &[("hour", "2-digit"), ("minute", "2-digit"), ("second", "2-digit")])
    }

    /// `7 Feb, 20:15`.
    pub(crate) fn day_and_clock(self, at: Timestamp) -> String {
        format(
            self,
            at,
            &[("month", "short"), ("day", "numeric"), ("hour", "2-digit"), ("minute", "2-digit")],
        )
    }
}
