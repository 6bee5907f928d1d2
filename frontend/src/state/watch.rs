//! News about one's groups while no chat is open.

use futures::future::LocalBoxFuture;
use hongbao_shared::api::live;

use super::{
    groups,
    stream::{self, Listener, News},
};
use crate::api::Failure;

struct Watch;

/// Keeps the list of groups fresh for as long as it is polled.
pub(crate) async fn groups() {
    // A refusal for good has ended the session, and with it whoever polls this.
    stream::follow(Watch).await;
}

impl Listener for Watch {
    fn path(&self) -> String {
        "/events".to_owned()
    }

    fn hear(&self, news: News) -> Result<(), Failure> {
        if news.name == live::GROUPS {
            groups::news();
        }
        Ok(())
    }

    fn opened(&self) {
        // What happened before the stream was there.
        groups::news();
    }

    fn check(&self) -> LocalBoxFuture<'static, Result<(), Failure>> {
        Box::pin(groups::refresh())
    }
}
