//! Parts of views that follow signals.

use std::sync::Arc;

use leptos::{
    ev::{MouseEvent, SubmitEvent},
    prelude::*,
};

/// A part that is there or not, as signals say. The same as the bare closure, but one
/// type for all of them: the module holds once what makes a closure part of a page.
pub(crate) fn live(part: impl Fn() -> Option<AnyView> + Send + 'static) -> AnyView {
    erased(Box::new(part))
}

fn erased(part: Box<dyn Fn() -> Option<AnyView> + Send>) -> AnyView {
    (move || part()).into_any()
}

/// Words that change, with the language for instance. One type for all of them.
pub(crate) fn words<T: Into<String>>(text: impl Fn() -> T + Send + 'static) -> AnyView {
    erased_words(Box::new(move || text().into()))
}

fn erased_words(text: Box<dyn Fn() -> String + Send>) -> AnyView {
    (move || text()).into_any()
}

/// What makes a row the same row.
pub(crate) type Key = (i64, i64);

type Drawn = (Key, Box<dyn FnOnce() -> AnyView + Send>);

/// Rows that come, go and move one by one. One type for all lists.
pub(crate) fn rows<T: Send + 'static>(
    each: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: fn(&T) -> Key,
    draw: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let draw = Arc::new(draw);
    erased_rows(Box::new(move || {
        let drawn = |item| -> Drawn {
            let draw = Arc::clone(&draw);
            (key(&item), Box::new(move || draw(item)))
        };
        each().into_iter().map(drawn).collect()
    }))
}

fn erased_rows(each: Box<dyn Fn() -> Vec<Drawn> + Send + Sync>) -> AnyView {
    view! { <For each=move || each() key=|(key, _)| *key children=|(_, draw)| draw()/> }.into_any()
}

/// What a click does. One type for all of them, like everything here.
pub(crate) fn press(act: impl FnMut(MouseEvent) + 'static) -> Box<dyn FnMut(MouseEvent)> {
    Box::new(act)
}

/// What submitting a form does.
pub(crate) fn submits(act: impl FnMut(SubmitEvent) + 'static) -> Box<dyn FnMut(SubmitEvent)> {
    Box::new(act)
}

/// An attribute of words that change.
pub(crate) fn spoken<T: Into<String>>(
    text: impl Fn() -> T + Send + 'static,
) -> Box<dyn Fn() -> String + Send> {
    Box::new(move || text().into())
}

/// An attribute that is there or not.
pub(crate) fn flag(is_set: impl Fn() -> bool + Send + 'static) -> Box<dyn Fn() -> bool + Send> {
    Box::new(is_set)
}

/// What is done whenever the signals change that it reads. One type for all of them.
pub(crate) fn effect(act: impl Fn() + 'static) {
    erased_effect(Box::new(act));
}

fn erased_effect(act: Box<dyn Fn()>) {
    Effect::new(move |_| act());
}

/// A value made from signals, told on when it differs. One type for each kind of value.
pub(crate) fn memo<T: Clone + PartialEq + Send + Sync + 'static>(
    value: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    erased_memo(Box::new(value))
}

fn erased_memo<T: Clone + PartialEq + Send + Sync + 'static>(
    value: Box<dyn Fn() -> T + Send + Sync>,
) -> Memo<T> {
    Memo::new(move |_| value())
}
