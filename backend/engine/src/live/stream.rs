use super::{Frame, Live, Viewer, frame::frames};
use crate::groups::{Growth, Listener};
use futures::{Stream, stream};
use hongbao_shared::{ErrorCode, GroupId, MessageId};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Entries that one look into a log covers.
const PART: u32 = 100;
/// Whoever is more entries behind reads the newest page again.
const BEHIND_MAX: i64 = 500;
/// After a look the next one waits this long; in a quiet group it has passed.
const LOOK_AGAIN_MIN: Duration = Duration::from_millis(80);
/// And as often this long as people listen to the same group: about a thousand looks a
/// second into one log, however many they are.
const LOOK_AGAIN_PER_LISTENER: Duration = Duration::from_millis(1);
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(1);
/// Hints come this much apart: each makes its reader ask for the list of all groups.
const HINT_AGAIN: Duration = Duration::from_secs(1);
/// How often a stream looks whether its session is still good, in memory mostly.
const SESSION_EVERY: Duration = Duration::from_secs(5);
/// How often it looks into the log though nothing has woken it: entries that came
/// through another node, or whose poster was gone before anybody could be told.
const UNASKED_EVERY: Duration = Duration::from_secs(15);

/// Where a reader is in a log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log {
    group: GroupId,
    up_to: MessageId,
    /// The reader has to begin anew.
    reset: bool,
}

impl Log {
    /// After `after`; without one, with what comes after `newest`.
    pub(super) fn begin(group: GroupId, after: Option<MessageId>, newest: MessageId) -> Self {
        let up_to = after.unwrap_or(newest);
        // An entry that is still to come is of a log that is no more.
        let reset = up_to > newest || is_far(up_to, newest);
        Self { group, up_to: if reset { newest } else { up_to }, reset }
    }
}

/// One stream.
#[derive(Debug)]
pub(super) struct Reader {
    live: Arc<Live>,
    viewer: Viewer,
    listener: Listener,
    growth: Growth,
    log: Option<Log>,
    stop: CancellationToken,
    ready: VecDeque<Frame>,
    ended: bool,
    /// The log may have grown.
    look: bool,
    looked_at: Instant,
    /// How long to wait before the next look.
    pause: Duration,
    hinted_at: Option<Instant>,
    session_at: Instant,
}

/// Why a reader wakes up.
enum Woken {
    End,
    Replaced,
    Grown,
    Hinted,
    Time,
}

impl Reader {
    pub(super) fn new(
        live: Arc<Live>,
        viewer: Viewer,
        (listener, growth): (Listener, Growth),
        log: Option<Log>,
        stop: CancellationToken,
    ) -> Self {
        // At once, so that whoever is cut off before anything happens goes on here.
        let first = log.map(
            |Log { up_to, reset, .. }| {
                if reset { Frame::reset(up_to) } else { Frame::place(up_to) }
            },
        );
        let now = Instant::now();
        Self {
            live,
            viewer,
            listener,
            growth,
            log,
            stop,
            ready: first.into_iter().collect(),
            ended: false,
            look: log.is_some(),
            looked_at: now,
            pause: Duration::ZERO,
            hinted_at: None,
            session_at: now,
        }
    }

    /// The stream itself. Nothing happens in it but when the next frame is asked for.
    pub(super) fn frames(self) -> impl Stream<Item = Frame> + Send + use<> {
        stream::unfold(self, async |mut reader| {
            while reader.ready.is_empty() && !reader.ended {
                reader.fill().await;
            }
            reader.ready.pop_front().map(|frame| (frame, reader))
        })
    }

    /// Waits for something, and makes frames of it.
    async fn fill(&mut self) {
        let woken = self.woken().await;
        if matches!(woken, Woken::End) || !self.is_signed_in().await {
            self.ended = true;
            return;
        }
        match woken {
            Woken::Hinted => {
                self.hinted_at = Some(Instant::now());
                self.ready.extend(self.listener.take_hints().into_iter().map(Frame::hint));
            }
            Woken::Grown => self.look = true,
            Woken::Replaced => {
                self.ready.push_back(Frame::replaced());
                self.ended = true;
                return;
            }
            Woken::Time | Woken::End => {}
        }
        if let Some(log) = self.log
            && self.look_at() <= Instant::now()
        {
            self.look(log).await;
        }
    }

    async fn woken(&mut self) -> Woken {
        let mut time = self.session_at + SESSION_EVERY;
        if self.log.is_some() {
            time = time.min(self.look_at());
        }
        let hint_at = self.hinted_at.map_or(self.looked_at, |at| at + HINT_AGAIN);
        let listener = &self.listener;
        // None of these is lost when another is first.
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Woken::End,
            () = listener.replaced() => Woken::Replaced,
            () = sleep_until(time) => Woken::Time,
            () = self.growth.grown(), if !self.look => Woken::Grown,
            () = async { listener.hinted().await; sleep_until(hint_at).await } => Woken::Hinted,
        }
    }

    /// When to look into the log next, unless it grows before.
    fn look_at(&self) -> Instant {
        self.looked_at + if self.look { self.pause } else { UNASKED_EVERY }
    }

    /// Is the session still good? While that is not to be had, it is.
    async fn is_signed_in(&mut self) -> bool {
        self.session_at = Instant::now();
        let session = self.live.accounts.authenticate(&self.viewer.token).await;
        !matches!(session, Ok(None))
    }

    /// Reads on in the log.
    async fn look(&mut self, log: Log) {
        let live = &self.live;
        let newest = self.growth.newest().unwrap_or(log.up_to);
        if is_far(log.up_to, newest) {
            self.ready.push_back(Frame::reset(newest));
            self.move_to(log, newest, false);
            return;
        }
        let (user, cards) = (self.viewer.user, &*live.cards);
        match live.groups.log_after(user, log.group, log.up_to, PART, cards).await {
            Ok(part) => {
                self.ready.extend(frames(&part.events));
                let said = self.ready.back().map_or(Some(log.up_to), |frame| frame.id);
                if said != Some(part.up_to) {
                    // Entries that the reader may not see are behind them as well.
                    self.ready.push_back(Frame::place(part.up_to));
                }
                self.move_to(log, part.up_to, part.more);
            }
            Err(refusal) if refusal.code == ErrorCode::GroupNotFound => {
                self.ready.push_back(Frame::gone());
                self.ended = true;
            }
            Err(refusal) => {
                tracing::debug!(%refusal, "a stream cannot read its log");
                self.look = true;
                self.looked_at = Instant::now();
                self.pause = LOOK_AGAIN_MAX;
            }
        }
    }

    fn move_to(&mut self, log: Log, up_to: MessageId, more: bool) {
        self.log = Some(Log { up_to, ..log });
        self.look = more;
        self.looked_at = Instant::now();
        self.pause = if more {
            // As fast as the reader takes it.
            Duration::ZERO
        } else {
            let listeners = u32::try_from(self.listener.audience()).unwrap_or(u32::MAX);
            let all = LOOK_AGAIN_PER_LISTENER.saturating_mul(listeners);
            all.clamp(LOOK_AGAIN_MIN, LOOK_AGAIN_MAX)
        };
    }
}

/// Is there more between the two than is read entry by entry?
fn is_far(up_to: MessageId, newest: MessageId) -> bool {
    let behind = newest.get().saturating_sub(up_to.get());
    behind > BEHIND_MAX
}
