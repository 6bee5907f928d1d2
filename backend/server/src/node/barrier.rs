//! Nobody writes while a backup begins to read (R-STORE-6).
//!
//! Whoever serves the data folder has the writers wait, not the backup: one that is stopped,
//! or that dies, would hold the locks of databases that others live of. The server lets go of
//! them after a second, whatever the backup does, and tells it whether it was in time; one that
//! was not has seen several moments, and fails. Where nobody serves, a backup does it itself,
//! and nobody starts to serve meanwhile.

use super::{
    folder::Lock,
    places::{DATABASES, SOCKET},
};
use anyhow::{Context, bail, ensure};
use hongbao_config::Config;
use hongbao_engine::files::entries;
use hongbao_storage::Barrier;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// A server that begins or ends holds the folder's lock, and answers not yet or no more.
const ATTEMPTS_MAX: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// The writers of a data folder wait.
#[derive(Debug)]
pub(super) enum Held {
    /// Nobody serves it; no other process begins to.
    Here(Lock, Barrier),
    /// Its server does.
    #[cfg(unix)]
    There(asked::Hold),
}

impl Held {
    /// Has the writers wait. An error if someone works on the folder who does not know how to,
    /// and if they never pause.
    pub(super) async fn begin(config: &Config) -> anyhow::Result<Self> {
        let mut attempts = 0;
        loop {
            #[cfg(unix)]
            if let Some(hold) = asked::Hold::ask(&config.storage.data).await? {
                return Ok(Self::There(hold));
            }
            let data = &config.storage.data;
            if let Some(lock) = Lock::share(config) {
                return Ok(Self::Here(lock, hold(data).await?));
            }
            attempts += 1;
            ensure!(attempts < ATTEMPTS_MAX, "another process works on {}", data.display());
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Lets them write; an error if they did so before.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        match self {
            Self::Here(_lock, barrier) => barrier.end().await,
            #[cfg(unix)]
            Self::There(hold) => hold.end().await,
        }
    }
}

async fn hold(data: &Path) -> anyhow::Result<Barrier> {
    Barrier::begin(&databases(&data.join(DATABASES))?).await
}

/// The database files of a folder, in order.
pub(super) fn databases(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = entries(folder)?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "sqlite"));
    files.sort_unstable();
    Ok(files)
}

/// By a socket in the data folder, which is its owner's alone.
#[cfg(unix)]
pub(super) mod asked {
    use super::{Context, Duration, Path, PathBuf, SOCKET, bail, ensure, hold};
    use hongbao_engine::files;
    use std::{
        fs::{self, File, Permissions},
        io,
        os::{fd::AsRawFd, unix::fs::PermissionsExt},
    };
    use tokio::net::{UnixListener, UnixStream};
    use tokio_util::sync::CancellationToken;

    /// How long writers wait for a backup at most. It needs a few milliseconds.
    const HELD_MAX: Duration = Duration::from_secs(1);
    /// How long a backup waits for a server that finds no pause, or is stopped.
    const ANSWER_WITHIN: Duration = Duration::from_mins(1);

    /// The writers wait.
    const HELD: u8 = b'h';
    /// The backup has begun to read all files.
    const LOOKED: u8 = b'l';
    /// They waited until then.
    const KEPT: u8 = b'k';

    /// Where the socket is. The names of sockets are short, those of folders need not be: by
    /// the folder that is open, where the system knows such names.
    #[derive(Debug)]
    struct Address {
        path: PathBuf,
        _folder: File,
    }

    impl Address {
        fn of(data: &Path) -> io::Result<Self> {
            let folder = File::open(data)?;
            let short = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
            let path = if short.exists() { short } else { data.to_owned() }.join(SOCKET);
            Ok(Self { path, _folder: folder })
        }
    }

    /// Has writers wait for whoever asks, one after the other.
    pub(in super::super) async fn serve(data: PathBuf, stop: CancellationToken) {
        let listener = match listen(&data) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::warn!(%error, "no backup can be made while this server runs");
                return;
            }
        };
        loop {
            let asked = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                asked = listener.accept() => asked,
            };
            let answered = match asked {
                Ok((stream, _)) => answer(&stream, &data).await,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = answered {
                tracing::warn!(%error, "a backup could not begin");
                tokio::time::sleep(super::PAUSE).await;
            }
        }
        // The next server does so if this one cannot; whoever copies a folder at rest need not
        // meet a socket.
        let _left_over = files::remove_if_there(&data.join(SOCKET));
    }

    /// Whoever holds the folder's lock is the only one who listens: what is there is left over.
    fn listen(data: &Path) -> io::Result<UnixListener> {
        files::remove_if_there(&data.join(SOCKET))?;
        let address = Address::of(data)?;
        let listener = UnixListener::bind(&address.path)?;
        fs::set_permissions(data.join(SOCKET), Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    async fn answer(stream: &UnixStream, data: &Path) -> anyhow::Result<()> {
        let barrier = hold(data).await?;
        let looked = tokio::time::timeout(HELD_MAX, async {
            say(stream, HELD).await?;
            hear(stream).await
        });
        let looked = looked.await;
        barrier.end().await?;
        let heard = looked.context("it was not through in time")??;
        ensure!(heard == Some(LOOKED), "it went away");
        Ok(say(stream, KEPT).await?)
    }

    /// The server of a folder has its writers wait.
    #[derive(Debug)]
    pub(in super::super) struct Hold(UnixStream);

    impl Hold {
        /// `None` where nobody serves.
        pub(super) async fn ask(data: &Path) -> anyhow::Result<Option<Self>> {
            let address = Address::of(data)?;
            let stream = match UnixStream::connect(&address.path).await {
                Ok(stream) => stream,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                    ) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error).context("cannot reach the server"),
            };
            match tokio::time::timeout(ANSWER_WITHIN, hear(&stream)).await {
                Ok(Ok(Some(HELD))) => Ok(Some(Self(stream))),
                Ok(_) => bail!("the server found no pause for a backup; its log may say why"),
                Err(_) => bail!("the server of this folder does not answer"),
            }
        }

        pub(super) async fn end(self) -> anyhow::Result<()> {
            let kept = tokio::time::timeout(ANSWER_WITHIN, async {
                say(&self.0, LOOKED).await?;
                hear(&self.0).await
            });
            ensure!(
                matches!(kept.await, Ok(Ok(Some(KEPT)))),
                "the backup took too long to begin, and the server went on: nothing was copied"
            );
            Ok(())
        }
    }

    async fn say(stream: &UnixStream, what: u8) -> io::Result<()> {
        loop {
            stream.writable().await?;
            match stream.try_write(&[what]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                said => return said.map(drop),
            }
        }
    }

    /// `None` if the other one is gone.
    async fn hear(stream: &UnixStream) -> io::Result<Option<u8>> {
        let mut heard = [0];
        loop {
            stream.readable().await?;
            match stream.try_read(&mut heard) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Ok((read? > 0).then_some(heard[0])),
            }
        }
    }
}
