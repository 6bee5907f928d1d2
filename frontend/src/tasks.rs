//! Async work that ends with the screen that started it.
//!
//! A signal that is read after its screen has gone panics, and a poll that outlives
//! its screen never stops. Both are impossible for work started through a [`Scope`]:
//! the scope belongs to the screen's reactive owner, and each piece of its work waits
//! for the scope's end beside whatever else it waits for. Nobody keeps a list of them.

use std::{future::Future, time::Duration};

use futures::{
    channel::oneshot,
    future::{self, FutureExt as _, LocalBoxFuture, Shared},
};
use leptos::prelude::{StoredValue, WithValue as _};

use crate::browser;

/// The lifetime of one screen or component: it ends when its owner drops it.
#[derive(Clone, Copy)]
pub(crate) struct Scope(StoredValue<(oneshot::Sender<()>, End)>);

/// Comes when the scope has gone.
type End = Shared<oneshot::Receiver<()>>;

impl Scope {
    /// Ends with the component that calls this.
    pub(crate) fn new() -> Self {
        let (alive, end) = oneshot::channel();
        Self(StoredValue::new((alive, end.shared())))
    }

    /// Runs `work` until it is done or the component is gone. After that it is
    /// dropped at the place where it waits; none of its code runs again.
    pub(crate) fn spawn(self, work: impl Future<Output = ()> + 'static) {
        self.spawn_boxed(Box::pin(work));
    }

    /// Not generic, so that the module holds it once.
    fn spawn_boxed(self, work: LocalBoxFuture<'static, ()>) {
        if let Some(end) = self.0.try_with_value(|(_, end)| end.clone()) {
            detach(async move {
                // The end is asked for first: what has gone is never polled again.
                future::select(end, work).await;
            });
        }
    }
}

/// Runs `work` until it is done, whatever becomes of the screen.
pub(crate) fn detach(work: impl Future<Output = ()> + 'static) {
    detach_boxed(Box::pin(work));
}

fn detach_boxed(work: LocalBoxFuture<'static, ()>) {
    wasm_bindgen_futures::spawn_local(work);
}

/// Waits.
pub(crate) async fn sleep_ms(ms: u32) {
    gloo_timers::future::sleep(Duration::from_millis(ms.into())).await;
}

/// Half to one and a half times as long: what meets everybody in the same moment does not bring
/// everybody back in the same moment.
pub(crate) fn spread(ms: u32) -> u32 {
    let chance = browser::random_bytes().map_or(128, |bytes| u32::from(bytes[0]));
    ms / 2 + ms.saturating_mul(chance) / 256
}
