//! Live: what a browser hears without asking (R-WEB-1). A stream is a reader of a log
//! that sleeps between entries: nothing is queued for it, so a slow one stalls itself
//! alone, and one that comes back goes on where it was.

mod frame;
mod stream;

pub use frame::Frame;

use crate::{
    accounts::Accounts,
    groups::{CardStates, Groups},
};
use futures::Stream;
use hongbao_domain::Refusal;
use hongbao_shared::{ErrorCode, GroupId, MessageId, UserId};
use std::sync::Arc;
use stream::{Log, Reader};
use tokio_util::sync::CancellationToken;

/// Who asks for a stream.
#[derive(Clone)]
pub struct Viewer {
    /// Who it is.
    pub user: UserId,
    /// The token of the session, with which the stream ends; never logged.
    pub token: String,
}

impl std::fmt::Debug for Viewer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Viewer").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Opens streams.
#[derive(Debug)]
pub struct Live {
    groups: Arc<Groups>,
    accounts: Arc<Accounts>,
    cards: Arc<dyn CardStates>,
}

impl Live {
    /// Reads the logs of `groups`, with cards as `cards` knows them.
    pub fn new(groups: Arc<Groups>, accounts: Arc<Accounts>, cards: Arc<dyn CardStates>) -> Self {
        Self { groups, accounts, cards }
    }

    /// What happens in a group from now on, or after an entry of its log, and hints at
    /// the reader's other groups. Ends with the session, with the membership, or with
    /// `stop`. `group_not_found`, and `unavailable` where too many streams are open.
    pub async fn group(
        self: &Arc<Self>,
        viewer: Viewer,
        group: GroupId,
        after: Option<MessageId>,
        stop: CancellationToken,
    ) -> Result<impl Stream<Item = Frame> + Send + use<>, Refusal> {
        if !self.groups.is_member(group, viewer.user).await? {
            return Err(ErrorCode::GroupNotFound.into());
        }
        // Before the log is looked at, so that nothing falls between.
        let ears = self.groups.wakes().listen(viewer.user, Some(group))?;
        let newest = self.groups.newest_id(group).await?;
        let log = Log::begin(group, after, newest);
        Ok(Reader::new(Arc::clone(self), viewer, ears, Some(log), stop).frames())
    }

    /// Hints at the reader's groups alone. Ends with the session, or with `stop`.
    /// `unavailable` where too many streams are open.
    pub fn hints(
        self: &Arc<Self>,
        viewer: Viewer,
        stop: CancellationToken,
    ) -> Result<impl Stream<Item = Frame> + Send + use<>, Refusal> {
        let ears = self.groups.wakes().listen(viewer.user, None)?;
        Ok(Reader::new(Arc::clone(self), viewer, ears, None, stop).frames())
    }
}
