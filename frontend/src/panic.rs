//! What happens when the app itself breaks.
//!
//! After a panic nothing of the WASM may run again, so the page that says so is
//! static: `index.html` holds it hidden, in both languages, with a plain link to
//! reload. Money is safe: every call that moves some is repeatable by its key.

use wasm_bindgen::JsValue;

/// Shows the static panel on the first panic.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        crate::browser::hide("boot");
        crate::browser::show("broken");
        crate::browser::log_error(&JsValue::from_str(&info.to_string()));
    }));
}
