//! The lane in front of the ledger: all postings that wait go into one transaction, so
//! that the busier it is, the less each costs.

use hongbao_domain::{
    Refusal, crash,
    runtime::{Clock, Tasks},
    store::{
        StoreError,
        ledger::{LedgerStore, PostOutcome, PostRefusal, Posting, TransferKind},
    },
};
use hongbao_shared::ErrorCode;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

/// The most credits and refunds in one transaction; also the most in one call.
pub const BATCH_MAX: usize = 1_000;
/// The most payments and top-ups in one transaction. Both have room in every batch, so
/// that neither ever waits for the other to run dry.
pub const PAYMENTS_PER_BATCH_MAX: usize = 500;
/// The most calls that wait, for each of the two queues.
pub const QUEUE_MAX: usize = 4_096;
/// How often a batch whose outcome is unknown is repeated by its keys.
const UNKNOWN_RETRIES_MAX: u32 = 5;
/// How long to wait before each repetition.
const UNKNOWN_RETRY_WAIT: Duration = Duration::from_millis(200);
/// When clients should come back.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What became of one posting; an error is a fault of ours that no repetition mends.
pub(super) type Done = Result<PostOutcome, Arc<StoreError>>;

struct Job {
    postings: Vec<Posting>,
    answer: oneshot::Sender<Result<Vec<Done>, Refusal>>,
}

/// The way into the lane.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    interactive: mpsc::Sender<Job>,
    credits: mpsc::Sender<Job>,
    stop: CancellationToken,
    stopped: CancellationToken,
}

impl Lane {
    pub(super) fn start(store: Arc<dyn LedgerStore>, clock: Arc<dyn Clock>, tasks: &Tasks) -> Self {
        let (interactive, interactive_queue) = mpsc::channel(QUEUE_MAX);
        let (credits, credit_queue) = mpsc::channel(QUEUE_MAX);
        let lane = Self {
            interactive,
            credits,
            stop: CancellationToken::new(),
            stopped: CancellationToken::new(),
        };
        let worker = Worker {
            store,
            clock,
            interactive: interactive_queue,
            credits: credit_queue,
            carried: None,
            stop: lane.stop.clone(),
            answers: true,
        };
        let stopped = lane.stopped.clone();
        tasks.spawn(async move {
            // Also if the worker panics: nobody shall wait for it then.
            let _guard = stopped.drop_guard();
            worker.run().await;
        });
        lane
    }

    /// A payment or a top-up: somebody waits for it, so it goes before credits, and a
    /// full queue refuses it at once.
    pub(super) async fn interactive(&self, posting: Posting) -> Result<PostOutcome, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.interactive
            .try_send(Job { postings: vec![posting], answer })
            .map_err(|_| unavailable("the ledger's queue is full or closed"))?;
        let done = answered.await.map_err(|_| lost())??;
        match done.into_iter().next() {
            Some(Ok(outcome)) => Ok(outcome),
            Some(Err(fault)) => Err(Refusal::internal(anyhow::anyhow!("{fault:?}"))),
            None => Err(lost()),
        }
    }

    /// What the house gives: can come later, and leaves half of the queue to those who pay.
    pub(super) async fn gift(&self, posting: Posting) -> Result<PostOutcome, Refusal> {
        if self.interactive.capacity() < QUEUE_MAX / 2 {
            return Err(unavailable("the ledger's queue is for those who pay"));
        }
        self.interactive(posting).await
    }

    /// Up to [`BATCH_MAX`] credits or refunds; waits where the queue is full, which
    /// slows delivery down to what the ledger can take.
    pub(super) async fn credits(&self, postings: Vec<Posting>) -> Result<Vec<Done>, Refusal> {
        if postings.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        self.credits
            .send(Job { postings, answer })
            .await
            .map_err(|_| unavailable("the ledger's queue is closed"))?;
        answered.await.map_err(|_| lost())?
    }

    pub(super) async fn shutdown(&self) {
        self.stop.cancel();
        self.stopped.cancelled().await;
    }
}

fn unavailable(why: &'static str) -> Refusal {
    Refusal::new(ErrorCode::Unavailable).retry_after(RETRY_AFTER).cause(anyhow::anyhow!(why))
}

/// It may have happened; the same again, under its key, tells.
fn lost() -> Refusal {
    unavailable("the ledger's lane ended without an answer")
}

struct Worker {
    store: Arc<dyn LedgerStore>,
    clock: Arc<dyn Clock>,
    interactive: mpsc::Receiver<Job>,
    credits: mpsc::Receiver<Job>,
    /// Credits that had no room in the last batch.
    carried: Option<Job>,
    stop: CancellationToken,
    /// Did the database answer last time? So that an outage is logged once.
    answers: bool,
}

impl Worker {
    async fn run(mut self) {
        while let Some(jobs) = self.next_batch().await {
            self.enter(jobs).await;
        }
    }

    /// Waits for work; `None` once the lane was stopped and nothing is left.
    async fn next_batch(&mut self) -> Option<Vec<Job>> {
        let mut payments = Vec::new();
        let mut credits: Vec<Job> = self.carried.take().into_iter().collect();
        if credits.is_empty() {
            loop {
                let closed = self.interactive.is_closed();
                tokio::select! {
                    biased;
                    () = self.stop.cancelled(), if !closed => {
                        self.interactive.close();
                        self.credits.close();
                    }
                    Some(job) = self.interactive.recv() => { payments.push(job); break; }
                    Some(job) = self.credits.recv() => { credits.push(job); break; }
                    else => return None,
                }
            }
        }
        while payments.len() < PAYMENTS_PER_BATCH_MAX {
            let Ok(job) = self.interactive.try_recv() else { break };
            payments.push(job);
        }
        let mut room = BATCH_MAX.saturating_sub(credits.iter().map(|job| job.postings.len()).sum());
        while room > 0 {
            let Ok(job) = self.credits.try_recv() else { break };
            if job.postings.len() > room {
                self.carried = Some(job);
                break;
            }
            room = room.saturating_sub(job.postings.len());
            credits.push(job);
        }
        payments.append(&mut credits);
        Some(payments)
    }

    async fn enter(&mut self, mut jobs: Vec<Job>) {
        let sizes: Vec<usize> = jobs.iter().map(|job| job.postings.len()).collect();
        let postings: Vec<Posting> =
            jobs.iter_mut().flat_map(|job| std::mem::take(&mut job.postings)).collect();
        let started = Instant::now();
        let mut done = self.post(postings).await.into_iter();
        metrics::histogram!("hongbao_ledger_batch_seconds").record(started.elapsed());
        for (job, size) in jobs.into_iter().zip(sizes) {
            // Take all of the job's first: collecting into a `Result` stops at the first
            // error and would leave the rest to the next job.
            let own: Vec<Result<Done, Refusal>> = done.by_ref().take(size).collect();
            let done: Result<Vec<Done>, Refusal> = own.into_iter().collect();
            // Whoever asked may have gone; what is in the books is in the books.
            drop(job.answer.send(done));
        }
    }

    /// The outcome of every posting, in order.
    async fn post(&mut self, postings: Vec<Posting>) -> Vec<Result<Done, Refusal>> {
        let mut all = Vec::with_capacity(postings.len());
        let mut waiting = vec![postings];
        while let Some(mut batch) = waiting.pop() {
            match self.post_until_known(&batch).await {
                Ok(outcomes) => {
                    self.notice_answer(None);
                    report(&batch, &outcomes);
                    all.extend(outcomes.into_iter().map(|outcome| Ok(Ok(outcome))));
                }
                Err(error @ (StoreError::Unavailable(_) | StoreError::Unknown(_))) => {
                    self.notice_answer(Some(&error));
                    all.extend(batch.iter().map(|_| {
                        Err(Refusal::new(ErrorCode::Unavailable)
                            .retry_after(RETRY_AFTER)
                            .cause(anyhow::anyhow!("{error:?}")))
                    }));
                }
                // Something in the batch is bad: find it by halving, so that it spoils
                // nothing but itself.
                Err(_) if batch.len() > 1 => {
                    let second = batch.split_off(batch.len() / 2);
                    waiting.push(second);
                    waiting.push(batch);
                }
                Err(error) => {
                    let key = batch.first().map(Posting::key).unwrap_or_default();
                    metrics::counter!("hongbao_ledger_faults_total").increment(1);
                    tracing::error!(ledger.key = key, error = ?error, "a posting failed");
                    let error = Arc::new(error);
                    all.extend(batch.iter().map(|_| Ok(Err(error.clone()))));
                }
            }
        }
        all
    }

    /// A lost answer to a commit is unknown, not failed: the same batch again tells by
    /// its keys what happened.
    async fn post_until_known(&self, batch: &[Posting]) -> Result<Vec<PostOutcome>, StoreError> {
        let mut unknown = false;
        let mut retries = 0;
        let steps = crash::of_ledger(|kind| batch.iter().any(|posting| posting.kind() == kind));
        loop {
            crash::before_all(&steps);
            let error = match self.store.post(batch.to_vec(), self.clock.now()).await {
                Ok(outcomes) if outcomes.len() == batch.len() => {
                    crash::after_all(&steps);
                    return Ok(outcomes);
                }
                Ok(outcomes) => StoreError::Corrupt(format!(
                    "{} outcomes for {} postings",
                    outcomes.len(),
                    batch.len()
                )),
                Err(error) => error,
            };
            unknown |= matches!(error, StoreError::Unknown(_));
            let transient = matches!(error, StoreError::Unknown(_) | StoreError::Unavailable(_));
            if !unknown || !transient || retries == UNKNOWN_RETRIES_MAX {
                return Err(error);
            }
            retries += 1;
            metrics::counter!("hongbao_ledger_unknown_retries_total").increment(1);
            sleep(UNKNOWN_RETRY_WAIT).await;
        }
    }

    fn notice_answer(&mut self, error: Option<&StoreError>) {
        metrics::gauge!("hongbao_ledger_up").set(if error.is_none() { 1.0 } else { 0.0 });
        match error {
            None if !self.answers => tracing::info!("the ledger's database answers again"),
            Some(error) if self.answers => {
                tracing::error!(error = ?error, "the ledger's database does not answer");
            }
            _ => {}
        }
        self.answers = error.is_none();
    }
}

/// Counts what happened, and tells administrators what should not have. Postings are counted, not
/// transfers: a fee counts with its payment or refund, and a refund whose fee follows later, as a
/// node of the version before leaves it, counts as posted twice.
fn report(batch: &[Posting], outcomes: &[PostOutcome]) {
    let size = u32::try_from(batch.len()).unwrap_or(u32::MAX);
    metrics::histogram!("hongbao_ledger_batch_postings").record(f64::from(size));
    let mut counts: BTreeMap<(TransferKind, &'static str), u64> = BTreeMap::new();
    for (posting, outcome) in batch.iter().zip(outcomes) {
        *counts.entry((posting.kind(), outcome_name(outcome))).or_default() += 1;
        if let Err(refusal) = outcome {
            alarm(posting, *refusal);
        }
    }
    for ((kind, outcome), count) in counts {
        metrics::counter!(
            "hongbao_ledger_postings_total", "kind" => kind.as_str(), "outcome" => outcome
        )
        .increment(count);
    }
}

fn outcome_name(outcome: &PostOutcome) -> &'static str {
    match outcome {
        Ok(posted) if posted.repeated => "repeated",
        Ok(_) => "posted",
        Err(PostRefusal::InsufficientBalance { .. }) => "insufficient_balance",
        Err(PostRefusal::KeyConflict) => "key_conflict",
        Err(PostRefusal::ClientSeedDiffers) => "client_seed_differs",
        Err(PostRefusal::PreOrderExpired) => "preorder_expired",
        Err(PostRefusal::SendCapReached { .. }) => "send_cap_reached",
        Err(PostRefusal::OutOfRange) => "out_of_range",
        Err(PostRefusal::NothingToMove) => "nothing_to_move",
    }
}

/// A wallet that holds too little is ordinary; an escrow that does is not, and neither is a
/// key that stands for something else (R-MONEY-1), unless the client chose it: whoever reuses
/// the key of a top-up is told, and could else fill the log with our errors.
fn alarm(posting: &Posting, refusal: PostRefusal) {
    let is_ours = match posting.kind() {
        TransferKind::TopUp => false,
        TransferKind::Pay => refusal == PostRefusal::KeyConflict,
        TransferKind::Credit
        | TransferKind::Refund
        | TransferKind::Fee
        | TransferKind::FeeRefund => true,
    };
    if is_ours {
        tracing::error!(
            ledger.key = posting.key(),
            ledger.debit = %posting.debit(),
            ledger.credit = %posting.credit_account(),
            ledger.amount_fen = posting.amount().get(),
            refusal = %refusal,
            "a posting was refused"
        );
    }
}
