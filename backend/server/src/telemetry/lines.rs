//! Where log lines go: a queue in front of standard error, and one thread that writes.
//!
//! Nothing about the log may stop the service (R-STORE-4). Written where they arise, lines
//! would stop it in three ways: whoever reads them is slow, and every request waits for that;
//! whoever read them is gone, or their disk is full, and the library that cannot write says so
//! by a macro that panics, also within the panic's own hook. So writing here always succeeds.
//! What the queue has no room for, and what standard error does not take, is counted.

use std::{
    io::{self, Write},
    sync::{
        LazyLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};
use tracing_subscriber::fmt::MakeWriter;

/// How many lines could not be written.
pub(super) const LOST: &str = "hongbao_log_lines_lost_total";
/// What may wait to be written, in bytes. A burst of errors fits; a reader that stands still
/// costs no more memory than this.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// What a line takes beside its text, about.
const LINE_OVERHEAD_BYTES: usize = 64;
/// How long the end of the process waits for the last lines to be taken.
const FLUSH_PATIENCE: Duration = Duration::from_secs(1);

static LINES: LazyLock<Lines> = LazyLock::new(Lines::start);

enum Item {
    Line(Vec<u8>),
    Flush(mpsc::SyncSender<()>),
}

struct Lines {
    /// `None` if the system gave no thread: then there is no log.
    queue: Option<mpsc::Sender<Item>>,
    waiting_bytes: AtomicUsize,
    lost: AtomicU64,
}

impl Lines {
    fn start() -> Self {
        let (queue, items) = mpsc::channel();
        let writer = thread::Builder::new().name("log".to_owned()).spawn(move || write(&items));
        Self {
            queue: writer.is_ok().then_some(queue),
            waiting_bytes: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
        }
    }

    fn push(&self, line: &[u8]) {
        let bytes = cost(line);
        let waiting = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let sent = waiting.saturating_add(bytes) <= WAITING_BYTES_MAX
            && self
                .queue
                .as_ref()
                .is_some_and(|queue| queue.send(Item::Line(line.to_vec())).is_ok());
        if !sent {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.lose();
        }
    }

    fn lose(&self) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        // Of a process that measures nothing, nobody will ask.
        metrics::counter!(LOST).absolute(lost);
    }
}

fn cost(line: &[u8]) -> usize {
    line.len().saturating_add(LINE_OVERHEAD_BYTES)
}

/// The thread that writes; it may wait for whoever reads for as long as that takes.
fn write(items: &mpsc::Receiver<Item>) {
    for item in items {
        match item {
            Item::Line(line) => {
                if io::stderr().write_all(&line).is_err() {
                    LINES.lose();
                }
                LINES.waiting_bytes.fetch_sub(cost(&line), Ordering::Relaxed);
            }
            // Whoever asked may have lost patience.
            Item::Flush(done) => drop(done.try_send(())),
        }
    }
}

/// A line on standard error, whatever becomes of it.
pub(crate) fn line(text: &str) {
    LINES.push(format!("{text}\n").as_bytes());
}

/// Waits for what has been logged so far to be written, though not for ever.
pub(crate) fn flush() {
    let (done, written) = mpsc::sync_channel(1);
    let asked = LINES.queue.as_ref().is_some_and(|queue| queue.send(Item::Flush(done)).is_ok());
    if asked {
        // Lost patience, or written: there is nothing more to be done about it.
        let _late = written.recv_timeout(FLUSH_PATIENCE);
    }
}

/// What the logging library writes its lines into, each whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToLines;

impl MakeWriter<'_> for ToLines {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        Self
    }
}

impl Write for ToLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LINES.push(line);
        Ok(line.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
