//! What administrators see and hear of the ledger (R-API-3, R-MONEY-1).

use crate::{
    batches::Lane,
    contract::{fen, order, payment, user},
    faulty::Fault,
};
use hongbao_domain::store::ledger::credit_key;
use hongbao_engine::ledger::CreditClaim;
use hongbao_shared::{ErrorCode, Fen, Limits};
use metrics::LocalRecorderGuard;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use std::{
    io,
    sync::{Arc, LazyLock, Mutex},
};
use tracing::{
    Dispatch,
    subscriber::{DefaultGuard, NoSubscriber},
};

/// While there is one subscriber alone, `tracing` asks the thread that first comes to an
/// event whether anybody listens, and remembers its no for all: a test that runs beside
/// would silence the log of this one. With a second subscriber it asks them all.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// This thread's log, as a single-threaded test has it to itself.
struct Log {
    written: Written,
    _listens: DefaultGuard,
}

impl Log {
    fn start() -> Self {
        LazyLock::force(&SECOND);
        let written = Written::default();
        let writer = written.clone();
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
        let subscriber = log.finish();
        Self { written, _listens: tracing::subscriber::set_default(subscriber) }
    }

    fn count(&self, words: &str) -> usize {
        let written = self.written.0.lock().unwrap();
        String::from_utf8_lossy(&written).matches(words).count()
    }
}

fn measured(recorder: &PrometheusRecorder) -> (PrometheusHandle, LocalRecorderGuard<'_>) {
    (recorder.handle(), metrics::set_default_local_recorder(recorder))
}

fn claim(seq: u32, amount: u64) -> CreditClaim {
    CreditClaim { order_no: order(1), seq, user_id: user(2), amount: fen(amount) }
}

/// Not once for each of the thousand calls that meet it.
#[tokio::test]
async fn an_outage_is_told_once_and_so_is_its_end() {
    let (log, recorder) = (Log::start(), PrometheusBuilder::new().build_recorder());
    let (metrics, _guard) = measured(&recorder);
    let lane = Lane::start();
    lane.top_up(1, 5, "first").await.unwrap();
    assert_eq!((log.count("does not answer"), log.count("answers again")), (0, 0));
    for (outage, retries) in [(1, "a"), (2, "b")] {
        lane.store.next([Fault::Unavailable; 3]);
        for _ in 0..3 {
            assert_eq!(lane.top_up(1, 5, retries).await, Err(ErrorCode::Unavailable));
            assert_eq!(log.count("the ledger's database does not answer"), outage);
            assert!(metrics.render().contains("\nhongbao_ledger_up 0"));
        }
        for _ in 0..3 {
            lane.top_up(1, 5, retries).await.unwrap();
            assert_eq!(log.count("the ledger's database answers again"), outage);
            assert!(metrics.render().contains("\nhongbao_ledger_up 1"));
        }
        assert_eq!(log.count("the ledger's database does not answer"), outage);
    }
}

/// A wallet that holds too little is ordinary, and so is a client that uses a key again for
/// another top-up (R-CTRL-6); an escrow that holds too little is not, and neither is a key of
/// ours that stands for something else.
#[tokio::test]
async fn only_what_should_not_be_raises_an_alarm() {
    let log = Log::start();
    let lane = Lane::start();
    lane.top_up(1, 100, "k").await.unwrap();
    lane.top_up(1, 100, "k").await.unwrap();
    lane.ledger.pay(payment(1, user(1), 60, 3, &[1])).await.unwrap();
    lane.ledger.pay(payment(1, user(1), 60, 3, &[2])).await.unwrap_err();
    lane.ledger.pay(payment(2, user(1), 60, 3, &[])).await.unwrap_err();
    lane.ledger.credit(vec![claim(0, 20)]).await.unwrap();
    assert_eq!(log.count("a posting was refused"), 0);

    assert_eq!(lane.top_up(1, 101, "k").await, Err(ErrorCode::KeyReused));
    assert_eq!(log.count("a posting was refused"), 0);
    lane.ledger.credit(vec![claim(1, 41)]).await.unwrap();
    assert_eq!(log.count("a posting was refused"), 1);
    assert_eq!(log.count(&credit_key(order(1), 1)), 1);
    lane.ledger.refund(order(1), user(1), fen(41), fen(0)).await.unwrap();
    assert_eq!(log.count("a posting was refused"), 2);

    assert_eq!(log.count("a posting failed"), 0);
    lane.store.poison(credit_key(order(1), 2));
    lane.ledger.credit(vec![claim(2, 5), claim(3, 5)]).await.unwrap();
    assert_eq!(log.count("a posting failed"), 1);
    assert_eq!(log.count(&credit_key(order(1), 2)), 1);
}

#[tokio::test]
async fn postings_are_counted_by_kind_and_outcome() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let (metrics, _guard) = measured(&recorder);
    let lane = Lane::start();
    let limits = Limits { max_top_up_fen: Fen::MAX, ..Limits::default() };
    let most = Fen::MAX.signed();
    lane.ledger.top_up(user(1), most, "k", &limits).await.unwrap();
    lane.ledger.top_up(user(1), most, "k", &limits).await.unwrap();
    lane.ledger.top_up(user(1), 1, "k", &limits).await.unwrap_err();
    lane.ledger.top_up(user(1), 1, "more", &limits).await.unwrap_err();
    lane.ledger.pay(payment(1, user(1), 60, 3, &[1])).await.unwrap();
    lane.ledger.pay(payment(1, user(1), 60, 3, &[2])).await.unwrap_err();
    lane.ledger.pay(payment(2, user(9), 60, 3, &[])).await.unwrap_err();
    let credits = vec![claim(0, 20), claim(1, 20), claim(0, 20), claim(2, 0), claim(3, 21)];
    lane.ledger.credit(credits).await.unwrap();
    lane.ledger.refund(order(1), user(1), fen(20), fen(0)).await.unwrap();
    lane.store.next([Fault::LostReply, Fault::LostReply]);
    lane.ledger.refund(order(1), user(1), fen(20), fen(0)).await.unwrap();
    lane.store.poison(credit_key(order(1), 9));
    lane.ledger.credit(vec![claim(9, 1)]).await.unwrap();

    let rendered = metrics.render();
    for (kind, outcome, count) in [
        ("top_up", "posted", 1),
        ("top_up", "repeated", 1),
        ("top_up", "key_conflict", 1),
        ("top_up", "out_of_range", 1),
        ("pay", "posted", 1),
        ("pay", "client_seed_differs", 1),
        ("pay", "insufficient_balance", 1),
        ("credit", "posted", 2),
        ("credit", "repeated", 1),
        ("credit", "nothing_to_move", 1),
        ("credit", "insufficient_balance", 1),
        ("refund", "posted", 1),
        ("refund", "repeated", 1),
    ] {
        let name = "hongbao_ledger_postings_total";
        let sample = format!("{name}{{kind=\"{kind}\",outcome=\"{outcome}\"}} {count}\n");
        assert!(rendered.contains(&sample), "{sample} in\n{rendered}");
    }
    assert!(rendered.contains("\nhongbao_ledger_unknown_retries_total 2\n"), "{rendered}");
    assert!(rendered.contains("\nhongbao_ledger_faults_total 1\n"), "{rendered}");
}
