use super::{Deliver, Delivered};
use crate::bell::{Bell, Ear, Heard};
use hongbao_domain::{
    crash::{self, Step},
    planted::Bug,
    runtime::{BackOff, Clock},
    store::{
        StoreError,
        outbox::{Destination, Outbox, OutboxRow, Settled},
    },
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A delivery that takes longer than this may be done twice.
const LEASE: Duration = Duration::from_mins(1);
/// How long a worker sleeps without a ring; rows that wait for a retry, and rows
/// of other nodes, are found by this.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const BACK_OFF: BackOff =
    BackOff { first: Duration::from_millis(250), max: Duration::from_mins(1) };

/// How many looks that find nothing pass before one looks for rows that are due further
/// ahead than a lease or a pause can last.
const LOOKS_PER_PULL: u32 = 60;
/// How long after its commit a row is tried again that this version cannot read: a node of a
/// later one may have written it beside this one, and delivers it (R-MONEY-6).
const UNREAD_FOR: Duration = Duration::from_hours(1);
/// Clocks of nodes differ by less, or somebody should know.
const CLOCKS_DIFFER: Duration = Duration::from_mins(1);

/// How eagerly a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long to let rows gather after a ring; larger batches cost less.
    pub gather: Duration,
    /// While it rings again and again, rows gather on for as long as this: what is not
    /// urgent lets a burst of opens go by. Beyond it, it takes its share of the machine.
    pub gather_max: Duration,
    /// How many rows one round takes.
    pub rows_max: u32,
    /// How long to rest after a round, in hundredths of the time it took: what is
    /// not urgent must not take the machine from those who open.
    pub rest_percent: u32,
    /// By how much rows may be put off on purpose.
    pub later: Duration,
}

impl Pace {
    /// At once.
    pub const EAGER: Self = Self {
        gather: Duration::ZERO,
        gather_max: Duration::ZERO,
        rows_max: 64,
        rest_percent: 0,
        later: Duration::ZERO,
    };
}

/// Delivers the rows of one destination of one database.
#[derive(Debug)]
pub struct Worker {
    /// Whose outbox.
    pub outbox: Arc<dyn Outbox>,
    /// Which destination.
    pub destination: Destination,
    /// How to tell it.
    pub deliver: Arc<dyn Deliver>,
    /// Rung after commits.
    pub bell: Arc<Bell>,
    /// How eagerly.
    pub pace: Pace,
    /// Tells what is due.
    pub clock: Arc<dyn Clock>,
}

impl Worker {
    /// Works until `stop`; then once more until nothing that is due is left.
    pub async fn run(self, stop: CancellationToken) {
        // Whatever an earlier run left behind counts as a ring.
        let mut ear = self.bell.listen(self.destination);
        let mut looks: u32 = 0;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                rung = tokio::time::timeout(LOOK_EVERY, ear.ring()) => {
                    if rung.is_ok() {
                        if stop.run_until_cancelled(self.gather(&mut ear)).await.is_none() {
                            break;
                        }
                    } else {
                        looks = looks.wrapping_add(1);
                        if looks.is_multiple_of(LOOKS_PER_PULL) {
                            self.pull_in().await;
                        }
                    }
                }
            }
            self.deliver_due(Until::NotFull, &mut ear, &stop).await;
        }
        // Whatever rings from now on comes too late for us; what has rung has not, and
        // nobody else brings what was to come later, on purpose or after a pause.
        if self.outbox.has_one_owner() {
            self.pull_in_beyond(Duration::ZERO).await;
        }
        self.deliver_due(Until::Idle, &mut ear, &stop).await;
    }

    /// A clock that was ahead may have put rows off for as long as it was wrong.
    async fn pull_in(&self) {
        let longest = LEASE.max(BACK_OFF.max).max(self.pace.later);
        self.pull_in_beyond(longest + CLOCKS_DIFFER).await;
    }

    async fn pull_in_beyond(&self, ahead: Duration) {
        if Bug::WrongClockStays.is_planted() {
            return;
        }
        let now = self.clock.now();
        let beyond = now.plus(ahead);
        if let Err(error) = self.outbox.pull_in(self.destination, now, beyond).await {
            tracing::debug!(%error, "rows that are due too late stay so for now");
        }
    }

    /// Waits until it has not rung for a while, or for long enough; not with what comes
    /// first.
    async fn gather(&self, ear: &mut Ear) {
        let Pace { gather, gather_max, .. } = self.pace;
        if gather.is_zero() {
            return;
        }
        let first = Instant::now();
        while ear.listen_for(gather).await == Heard::Rings && first.elapsed() < gather_max {}
    }

    /// Delivers what is due, round after round, unless something is down.
    async fn deliver_due(&self, until: Until, ear: &mut Ear, stop: &CancellationToken) {
        loop {
            let started = Instant::now();
            match self.round(stop).await {
                Ok(Round::Told { full }) if full || until == Until::Idle => {}
                Ok(_) => return,
                // Again and again, as long as it is down: that is told by the board.
                Err(error) => {
                    let destination = self.destination.as_str();
                    if error.is_final() {
                        tracing::warn!(%error, destination, "outbox cannot be read");
                    } else {
                        tracing::debug!(%error, destination, "outbox cannot be read or settled");
                    }
                    return;
                }
            }
            let rest = started.elapsed() * self.pace.rest_percent / 100;
            if until == Until::NotFull && !rest.is_zero() {
                ear.listen_for(rest).await;
            }
        }
    }

    async fn round(&self, stop: &CancellationToken) -> Result<Round, StoreError> {
        let now = self.clock.now();
        let leased = Instant::now();
        crash::before(Step::Lease);
        let rows = self.outbox.lease(self.destination, now, LEASE, self.pace.rows_max).await?;
        if rows.is_empty() {
            return Ok(Round::Idle);
        }
        crash::after(Step::Lease);
        if Bug::SettleBeforeDelivery.is_planted() {
            self.outbox.settle(rows.iter().map(|row| (row.id, Settled::Done)).collect()).await?;
        }
        let delivered = self.deliver.deliver(&rows).await;
        assert_eq!(delivered.len(), rows.len(), "every row has its outcome");
        let something_is_down = delivered.iter().any(|one| matches!(one, Delivered::Again(_)));
        let full = u32::try_from(rows.len()) == Ok(self.pace.rows_max);
        let settled = rows.iter().zip(delivered).map(|(row, one)| (row.id, self.settle(row, one)));
        let settled: Vec<_> = settled.collect();
        crash::before(Step::Settle);
        self.settle_leased(settled, leased, stop).await?;
        crash::after(Step::Settle);
        Ok(if something_is_down { Round::InTheWay } else { Round::Told { full } })
    }

    /// A database that stops taking writes in between gets the outcomes as soon as it takes
    /// some again: what waits for it alone need not wait until the lease has run out too. A
    /// worker that is to end tries once more, and no longer.
    async fn settle_leased(
        &self,
        settled: Vec<(i64, Settled)>,
        leased: Instant,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        while leased.elapsed() + LOOK_EVERY < LEASE {
            match self.outbox.settle(settled.clone()).await {
                Err(error) if !error.is_final() => {
                    tracing::debug!(%error, "outcomes are settled later");
                }
                result => return result,
            }
            if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
                break;
            }
        }
        self.outbox.settle(settled).await
    }

    fn settle(&self, row: &OutboxRow, delivered: Delivered) -> Settled {
        let destination = self.destination.as_str();
        let at = self.clock.now();
        let delivered = match delivered {
            Delivered::Unread { payload, error } if at < row.created_at.plus(UNREAD_FOR) => {
                Delivered::Rest { payload, error }
            }
            Delivered::Unread { payload, error } => Delivered::Never { payload, error },
            read => read,
        };
        let outcome = match &delivered {
            Delivered::Done => "done",
            Delivered::Again(_) | Delivered::Rest { .. } => "again",
            Delivered::Never { .. } | Delivered::Unread { .. } => "dead",
        };
        metrics::counter!("hongbao_outbox_rows_total",
            "destination" => destination, "outcome" => outcome)
        .increment(1);
        let due_at = at.plus(BACK_OFF.after(row.attempts));
        match delivered {
            Delivered::Done => Settled::Done,
            Delivered::Again(error) => {
                tracing::warn!(destination, row = row.id, error, "delivery is tried again");
                Settled::Retry { due_at, error }
            }
            Delivered::Rest { payload, error } => {
                tracing::warn!(destination, row = row.id, error, "delivery is partly done");
                Settled::Rest { payload, due_at, error }
            }
            Delivered::Never { payload, error } | Delivered::Unread { payload, error } => {
                tracing::error!(destination, row = row.id, error, "delivery needs somebody");
                Settled::Dead { payload, error, at }
            }
        }
    }
}

/// What a round found.
enum Round {
    /// Nothing was due.
    Idle,
    /// Something is down; what waits for it is not due at once.
    InTheWay,
    /// All rows are settled.
    Told { full: bool },
}

/// When to stop for now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// A round was not full: the next rows may gather again.
    NotFull,
    /// Nothing is due.
    Idle,
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use hongbao_domain::{
        runtime::SystemClock,
        store::outbox::{Backlog, FailedRow, Fate},
    };
    use hongbao_shared::Timestamp;

    /// Gives a row and takes no outcome, as on a disk that is full.
    #[derive(Debug)]
    struct Full;

    #[async_trait]
    impl Outbox for Full {
        async fn lease(
            &self,
            _: Destination,
            _: Timestamp,
            _: Duration,
            _: u32,
        ) -> Result<Vec<OutboxRow>, StoreError> {
            let created_at = Timestamp::from_millis(0);
            let payload = "[]".to_owned();
            Ok(vec![OutboxRow { id: 1, payload, created_at, attempts: 0 }])
        }

        async fn settle(&self, _: Vec<(i64, Settled)>) -> Result<(), StoreError> {
            Err(StoreError::Unavailable("the disk is full".into()))
        }

        fn has_one_owner(&self) -> bool {
            true
        }

        async fn pull_in(
            &self,
            _: Destination,
            _: Timestamp,
            _: Timestamp,
        ) -> Result<(), StoreError> {
            Ok(())
        }

        async fn next_due(&self, _: Destination) -> Result<Option<Timestamp>, StoreError> {
            Ok(None)
        }

        async fn backlog(&self, _: Destination) -> Result<Backlog, StoreError> {
            Ok(Backlog::default())
        }

        async fn failed(&self, _: Fate, _: i64, _: u32) -> Result<Vec<FailedRow>, StoreError> {
            Ok(Vec::new())
        }

        async fn revive(&self, _: i64, _: Timestamp) -> Result<Option<Destination>, StoreError> {
            Ok(None)
        }
    }

    #[derive(Debug)]
    struct Told;

    #[async_trait]
    impl Deliver for Told {
        async fn deliver(&self, rows: &[OutboxRow]) -> Vec<Delivered> {
            rows.iter().map(|_| Delivered::Done).collect()
        }
    }

    /// R-STORE-4: a node ends in good order also where nothing can be written.
    #[tokio::test(start_paused = true)]
    async fn a_worker_that_is_to_end_waits_for_no_room() {
        let worker = Worker {
            outbox: Arc::new(Full),
            destination: Destination::Credit,
            deliver: Arc::new(Told),
            bell: Arc::default(),
            pace: Pace::EAGER,
            clock: Arc::new(SystemClock),
        };
        let stop = CancellationToken::new();
        let working = tokio::spawn(worker.run(stop.clone()));
        tokio::time::sleep(LOOK_EVERY * 3).await;
        let stopped = Instant::now();
        stop.cancel();
        working.await.unwrap();
        assert_eq!(stopped.elapsed(), Duration::ZERO);
    }
}
