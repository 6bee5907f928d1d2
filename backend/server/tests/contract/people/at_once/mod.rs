//! Many at the same moment, as from several nodes: on one log, one group, one person.

mod groups;
mod logs;
mod users;

use std::future::Future;

/// All at once; the answers in the order of the tasks.
async fn all<T: Send + 'static>(
    tasks: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = tasks.map(tokio::spawn).collect();
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}
