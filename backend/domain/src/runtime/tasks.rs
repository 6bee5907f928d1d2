use crate::planted::Bug;
use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
};

use futures::FutureExt;
use tokio::{runtime::Handle, task::JoinHandle};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerWaitFuture},
};

/// Tasks that end together, none of which may end by a panic unnoticed (R-CTRL-5): a lane that
/// is gone refuses its shard's packets for ever, a worker that is gone delivers nothing, and
/// all else goes on as if nothing were wrong.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    fallen: Fallen,
}

/// Whether a task has panicked, or found that all must end: shared by all [`Tasks`] of an application.
#[derive(Clone, Debug, Default)]
pub struct Fallen(Arc<First>);

#[derive(Debug, Default)]
struct First {
    /// The type of the first that did, which names its function, or what was found.
    why: OnceLock<&'static str>,
    told: CancellationToken,
}

impl Fallen {
    /// Waits until all must end; the task that has panicked, or why.
    pub async fn wait(&self) -> &'static str {
        self.0.told.cancelled().await;
        self.why().unwrap_or_default()
    }

    /// The first task that has panicked, or why else all must end.
    pub fn why(&self) -> Option<&'static str> {
        self.0.why.get().copied()
    }

    fn note(&self, task: &'static str, panic: &(dyn Any + Send)) {
        if Bug::PanicIsUnnoticed.is_planted() {
            return;
        }
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
        let message = message.unwrap_or("no message");
        metrics::counter!("hongbao_tasks_panicked_total").increment(1);
        tracing::error!(task, message, "a task has panicked: this node has to end");
        self.end(task);
    }

    /// Has all end in good order, for a reason that has been logged.
    pub fn end(&self, why: &'static str) {
        let _later = self.0.why.set(why);
        self.0.told.cancel();
    }
}

impl Tasks {
    /// Of their own; nobody looks whether one has panicked.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells `fallen` of a task that panics.
    pub fn telling(fallen: &Fallen) -> Self {
        Self { tracker: TaskTracker::new(), fallen: fallen.clone() }
    }

    /// A group that ends by itself, whose panics are told to the same.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self::telling(&self.fallen)
    }

    /// Starts a task.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(noticed(task, self.fallen.clone()))
    }

    /// Starts a task on another runtime.
    pub fn spawn_on<F>(&self, task: F, runtime: &Handle) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn_on(noticed(task, self.fallen.clone()), runtime)
    }

    /// No more tasks will come.
    pub fn close(&self) {
        self.tracker.close();
    }

    /// Waits until all have ended, after [`Tasks::close`].
    pub fn wait(&self) -> TaskTrackerWaitFuture<'_> {
        self.tracker.wait()
    }
}

async fn noticed<F: Future<Output = ()>>(task: F, fallen: Fallen) {
    // Nothing of it is looked at any more: the node ends.
    if let Err(panic) = AssertUnwindSafe(task).catch_unwind().await {
        fallen.note(std::any::type_name::<F>(), &*panic);
    }
}
