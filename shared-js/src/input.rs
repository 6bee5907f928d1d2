//! Reading objects from JavaScript, field by field, so that every complaint names its field.

use hongbao_shared::{Fen, Kind};
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::refusal::Refusal;

/// 2^53 − 1, `Number.MAX_SAFE_INTEGER`: above it, neighbouring integers are one number.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// An argument object.
pub(crate) struct Fields<'a> {
    object: &'a JsValue,
}

impl<'a> Fields<'a> {
    /// A misspelt optional field would otherwise be a silent default, so unknown ones are refused.
    pub(crate) fn of(object: &'a JsValue, known: &[&str]) -> Result<Self, Refusal> {
        let Some(plain) = object.dyn_ref::<Object>() else {
            return Err(Refusal::argument("expected an object"));
        };
        for key in Object::keys(plain).iter().filter_map(|key| key.as_string()) {
            if !known.contains(&key.as_str()) {
                let known = known.join(", ");
                return Err(Refusal::argument(format!(
                    "there is no field {key}; there are {known}"
                )));
            }
        }
        Ok(Self { object })
    }

    fn get(&self, name: &str) -> Result<Option<JsValue>, Refusal> {
        let value = Reflect::get(self.object, &name.into())
            .map_err(|_| Refusal::argument(format!("{name} cannot be read")))?;
        Ok(if value.is_undefined() || value.is_null() { None } else { Some(value) })
    }

    fn required(&self, name: &str) -> Result<JsValue, Refusal> {
        self.get(name)?.ok_or_else(|| Refusal::argument(format!("{name} is missing")))
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let text = value.as_string();
        text.map(Some).ok_or_else(|| Refusal::argument(format!("{name} must be a string")))
    }

    pub(crate) fn whole(&self, name: &str) -> Result<i64, Refusal> {
        whole(name, &self.required(name)?)
    }

    pub(crate) fn whole_or(&self, name: &str, default: i64) -> Result<i64, Refusal> {
        self.get(name)?.map_or(Ok(default), |value| whole(name, &value))
    }

    pub(crate) fn fen_or(&self, name: &str, default: Fen) -> Result<Fen, Refusal> {
        let fen = self.whole_or(name, default.signed())?;
        Fen::from_signed(fen)
            .ok_or_else(|| Refusal::argument(format!("{name} must not be negative")))
    }

    pub(crate) fn kind(&self) -> Result<Kind, Refusal> {
        match self.required("kind")?.as_string().as_deref() {
            Some("lucky") => Ok(Kind::Lucky),
            Some("equal") => Ok(Kind::Equal),
            Some("exclusive") => Ok(Kind::Exclusive),
            _ => Err(Refusal::argument("kind must be lucky, equal or exclusive")),
        }
    }
}

fn whole(name: &str, value: &JsValue) -> Result<i64, Refusal> {
    let number = value.as_f64().filter(|number| {
        number.trunc().to_bits() == number.to_bits() && (-MAX_SAFE..=MAX_SAFE).contains(number)
    });
    let Some(number) = number else {
        return Err(Refusal::argument(format!(
            "{name} must be a whole number between -(2^53 - 1) and 2^53 - 1"
        )));
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number in the safe range, see above"
    )]
    Ok(number as i64)
}
