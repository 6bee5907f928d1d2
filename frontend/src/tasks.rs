//! Async work that ends with the screen that started it.
//!
//! A signal that is read after its screen has gone panics, and a poll that outlives
//! its screen never stops. Both are impossible for work started through a [`Scope`].

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::{AbortHandle, Abortable, LocalBoxFuture};
use leptos::prelude::{StoredValue, WithValue as _, on_cleanup};

/// The lifetime of one screen or component.
#[derive(Clone, Copy)]
pub(crate) struct Scope(StoredValue<Handles>);

type Handles = Arc<Mutex<Vec<AbortHandle>>>;

impl Scope {
    /// Ends with the component that calls this.
    pub(crate) fn new() -> Self {
        let handles = Handles::default();
        let at_end = Arc::clone(&handles);
        on_cleanup(move || {
            for handle in at_end.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
                handle.abort();
            }
        });
        Self(StoredValue::new(handles))
    }

    /// Runs `work` until it is done or the component is gone. After that it is
    /// dropped at the place where it waits; none of its code runs again.
    pub(crate) fn spawn(self, work: impl Future<Output = ()> + 'static) {
        self.spawn_boxed(Box::pin(work));
    }

    /// Not generic, so that the module holds it once.
    fn spawn_boxed(self, work: LocalBoxFuture<'static, ()>) {
        let (handle, registration) = AbortHandle::new_pair();
        let kept = self.0.try_with_value(|handles| {
            let mut handles = handles.lock().unwrap_or_else(PoisonError::into_inner);
            handles.retain(|handle| !handle.is_aborted());
            // Bounds the list for a screen that stays open for days: what is this old is done.
            if handles.len() >= 64 {
                handles.remove(0);
            }
            handles.push(handle);
        });
        if kept.is_some() {
            let work = Abortable::new(work, registration);
            detach(async move {
                work.await.ok();
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
