//! How parts of the app are fetched when they are opened.
//!
//! A first visit pays for what everybody sees at once: the welcome, the groups, the chat. What
//! stands in [`parts`] lies in modules of its own, with all the code that nothing else needs
//! (`xtask/src/chunks.rs` cuts them). One that cannot be fetched, because the line is down or the
//! server has a newer version by now, is asked for again, or the page is; it never ends the app.

use std::future::Future;

use futures::future::{FutureExt as _, LocalBoxFuture};
use leptos::prelude::*;

use crate::{
    api::version,
    art::Scene,
    browser,
    components::{Empty, Waiting, live, press},
    i18n::{Lang, text},
    tasks::Scope,
};

/// Why a part is not there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotLoaded;

#[cfg(not(test))]
impl From<wasm_split_helpers::SplitLoaderError> for NotLoaded {
    fn from(_: wasm_split_helpers::SplitLoaderError) -> Self {
        Self
    }
}

pub(crate) type Coming<T> = LocalBoxFuture<'static, Result<T, NotLoaded>>;

/// Makes each function one whose code lies in the module that the first name says, and another one
/// that fetches it. Unit tests run in one piece.
macro_rules! parts {
    ($($module:ident: $load:ident, fn $name:ident($($value:ident: $kind:ty),*) $body:block)*) => {$(
        #[cfg(not(test))]
        #[wasm_split_helpers::wasm_split($module, fallible, preload($load))]
        fn $name($($value: $kind),*) -> Result<AnyView, $crate::lazy::NotLoaded> {
            Ok($body.into_any())
        }

        #[cfg(test)]
        async fn $name($($value: $kind),*) -> Result<AnyView, $crate::lazy::NotLoaded> {
            Ok($body.into_any())
        }

        #[cfg(test)]
        async fn $load() -> Result<(), $crate::lazy::NotLoaded> {
            Ok(())
        }
    )*};
}

pub(crate) use parts;

/// What fetches a part says, in a box.
pub(crate) fn loaded<E: Into<NotLoaded>>(
    load: impl Future<Output = Result<(), E>> + 'static,
) -> Coming<()> {
    explained(load.map(|answer| answer.map_err(Into::into)).boxed_local())
}

/// Not generic, so that the module holds it once.
fn explained(load: Coming<()>) -> Coming<()> {
    async move {
        let answer = load.await;
        if answer.is_err() {
            version::part_failed().await;
        }
        answer
    }
    .boxed_local()
}

/// What is there is made without waiting, under the owner that it is to belong to.
pub(crate) fn at_once(part: Coming<AnyView>) -> AnyView {
    part.now_or_never().and_then(Result::ok).unwrap_or_else(|| ().into_any())
}

type Words = fn(Lang) -> &'static str;

/// A screen, or that it is on its way, or that it does not come.
pub(crate) fn page(
    load: fn() -> Coming<()>,
    make: impl Fn() -> Coming<AnyView> + Send + 'static,
) -> AnyView {
    // What has been fetched before is there at once.
    let there = RwSignal::new(load().now_or_never().and_then(Result::ok).map(Ok));
    let scope = Scope::new();
    let fetch = move || {
        there.set(None);
        scope.spawn(async move { there.set(Some(load().await)) });
    };
    if there.with_untracked(Option::is_none) {
        fetch();
    }
    live(move || {
        Some(match there.get() {
            Some(Ok(())) => at_once(make()),
            Some(Err(NotLoaded)) => {
                let old = version::is_old();
                let (title, more, button): (Words, Words, Words) = if old {
                    (Lang::new_version, Lang::new_version_lead, Lang::reload)
                } else {
                    (Lang::server_away, Lang::server_away_lead, Lang::retry)
                };
                let act = move |_| if old { browser::reload() } else { fetch() };
                view! {
                    <Empty scene=Scene::Away title lead=more>
                        <button class="button primary" data-testid="part-retry" on:click=press(act)>
                            {text(button)}
                        </button>
                    </Empty>
                }
                .into_any()
            }
            None => view! { <Waiting/> }.into_any(),
        })
    })
}
