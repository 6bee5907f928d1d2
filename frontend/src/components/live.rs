//! Parts of views that follow signals.

use leptos::prelude::*;

/// A part that is there or not, as signals say. The same as the bare closure, but one
/// type for all of them: the module holds once what makes a closure part of a page.
pub(crate) fn live(part: impl Fn() -> Option<AnyView> + Send + 'static) -> AnyView {
    erased(Box::new(part))
}

fn erased(part: Box<dyn Fn() -> Option<AnyView> + Send>) -> AnyView {
    (move || part()).into_any()
}
