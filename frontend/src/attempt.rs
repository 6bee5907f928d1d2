//! What a person has the app do: once at a time, and its failure is shown where they asked for it.

use futures::future::LocalBoxFuture;
use leptos::prelude::*;

use crate::{api::Failure, tasks::Scope};

/// Something that is tried, as often as it takes. It ends with the component that makes this.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    scope: Scope,
    /// It is being tried.
    pub(crate) busy: RwSignal<bool>,
    /// Why it was not done.
    pub(crate) failure: RwSignal<Option<Failure>>,
}

impl Attempt {
    pub(crate) fn new() -> Self {
        let (busy, failure) = (RwSignal::new(false), RwSignal::new(None));
        Self { scope: Scope::new(), busy, failure }
    }

    /// Tries it with `work`, which does not begin while it is being tried.
    pub(crate) fn run(self, work: impl Future<Output = Result<(), Failure>> + 'static) {
        self.run_boxed(Box::pin(work));
    }

    /// Not generic, so that the module holds it once.
    fn run_boxed(self, work: LocalBoxFuture<'static, Result<(), Failure>>) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.failure.set(None);
        self.scope.spawn(async move {
            let failure = work.await.err();
            // The component may have gone with what was done.
            self.busy.try_set(false);
            if failure.is_some() {
                self.failure.try_set(failure);
            }
        });
    }
}
