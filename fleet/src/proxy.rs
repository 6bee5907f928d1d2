use anyhow::Result;
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU16, Ordering},
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
    open: Mutex<Open>,
}

/// The connections that there are.
#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: BTreeMap<u64, [TcpStream; 2]>,
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
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&accepting);
                thread::spawn(move || state.serve(client));
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
        for connection in self.state.open().connections.values() {
            end(connection);
        }
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

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(self: Arc<Self>, client: TcpStream) {
        if self.moving() == Fault::Refuse {
            return;
        }
        let target = self.target.load(Ordering::SeqCst);
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else { return };
        let streams = || Ok::<_, std::io::Error>([client.try_clone()?, server.try_clone()?]);
        let (Ok(known), Ok([to_client, from_server])) = (streams(), streams()) else { return };
        let number = {
            let mut open = self.open();
            open.next += 1;
            let number = open.next;
            open.connections.insert(number, known);
            number
        };
        // Whoever ended all connections before this one was known did not end it.
        if *self.lock() != Fault::Refuse && self.target.load(Ordering::SeqCst) == target {
            let replies = Arc::clone(&self);
            let answering = thread::spawn(move || replies.pump(from_server, to_client, true));
            self.pump(client, server, false);
            let _ended = answering.join();
        }
        self.open().connections.remove(&number);
    }

    /// Moves bytes until either side ends.
    fn pump(&self, mut from: TcpStream, mut to: TcpStream, replies: bool) {
        let mut buffer = vec![0; 64 * 1024];
        let _quick = to.set_nodelay(true);
        while let Ok(count @ 1..) = from.read(&mut buffer) {
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
        end(&[from, to]);
    }
}

/// Both directions; whoever reads or writes them notices at once.
fn end(connection: &[TcpStream; 2]) {
    for stream in connection {
        let _ended = stream.shutdown(Shutdown::Both);
    }
}
