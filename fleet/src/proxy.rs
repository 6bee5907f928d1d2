use anyhow::Result;
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// What a proxy does to what passes through it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: everything passes.
    #[default]
    None,
    /// Connections that there are end, and new ones are closed at once.
    Refuse,
    /// Nothing moves, in either direction, and nothing is closed; whoever connects waits.
    Stall,
    /// Every piece of a reply comes this much later.
    Delay(Duration),
    /// Of the next reply, this many bytes pass, and then its connection ends: whoever asked
    /// does not learn what became of it. After that everything passes again.
    Cut(usize),
}

/// A TCP proxy in front of a server, for what networks do to connections.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    target: AtomicU16,
    fault: Mutex<Fault>,
    changed: Condvar,
    /// Rises when all connections end; those of an earlier epoch close themselves.
    epoch: AtomicU64,
}

impl Proxy {
    /// In front of a port on this machine, on a port of its own.
    pub fn start(target: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State {
            target: AtomicU16::new(target),
            fault: Mutex::default(),
            changed: Condvar::new(),
            epoch: AtomicU64::new(0),
        });
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&accepting);
                thread::spawn(move || state.serve(&client));
            }
        });
        Ok(Self { port, state })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on, this happens.
    pub fn set(&self, fault: Fault) {
        *self.state.lock() = fault;
        if fault == Fault::Refuse {
            self.drop_all();
        }
        self.state.changed.notify_all();
    }

    /// Leads to another port from now on, as a proxy does that has found a new primary;
    /// connections to the old one end.
    pub fn switch_to(&self, target: u16) {
        self.state.target.store(target, Ordering::SeqCst);
        self.drop_all();
    }

    /// Ends all connections that there are.
    pub fn drop_all(&self) {
        self.state.epoch.fetch_add(1, Ordering::SeqCst);
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Fault> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while nothing moves.
    fn moving(&self) -> Fault {
        let stalled = |fault: &mut Fault| *fault == Fault::Stall;
        let waited = self.changed.wait_while(self.lock(), stalled);
        *waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(self: Arc<Self>, client: &TcpStream) {
        let epoch = self.epoch.load(Ordering::SeqCst);
        if self.moving() == Fault::Refuse {
            return;
        }
        let Ok(server) =
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.target.load(Ordering::SeqCst)))
        else {
            return;
        };
        let (Ok(from_client), Ok(to_client)) = (client.try_clone(), client.try_clone()) else {
            return;
        };
        let (Ok(from_server), Ok(to_server)) = (server.try_clone(), server.try_clone()) else {
            return;
        };
        let replies = Arc::clone(&self);
        thread::spawn(move || {
            replies.pump(from_server, to_client, epoch, true);
        });
        self.pump(from_client, to_server, epoch, false);
    }

    /// Moves bytes until either side ends, or this epoch does.
    fn pump(&self, mut from: TcpStream, mut to: TcpStream, epoch: u64, replies: bool) {
        // Wakes up now and then to see whether its epoch is over.
        const LOOK_EVERY: Duration = Duration::from_millis(20);
        let mut buffer = vec![0; 64 * 1024];
        let _timed = from.set_read_timeout(Some(LOOK_EVERY));
        let _quick = to.set_nodelay(true);
        while self.epoch.load(Ordering::SeqCst) == epoch {
            let count = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) =>
                {
                    continue;
                }
                Err(_) => break,
            };
            let fault = self.moving();
            let mut passes = buffer.get(..count).unwrap_or_default();
            let mut ends = false;
            match fault {
                Fault::Delay(delay) if replies => thread::sleep(delay),
                Fault::Cut(bytes) if replies => {
                    // One connection only: the first whose reply comes by.
                    let mut current = self.lock();
                    if *current == fault {
                        *current = Fault::None;
                        passes = passes.get(..bytes.min(count)).unwrap_or_default();
                        ends = true;
                    }
                }
                _ => {}
            }
            if to.write_all(passes).is_err() || ends {
                break;
            }
        }
        let _both = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}
