//! The store as the rest of the program holds it: closures go in, and come back when they are done for good.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;
use std::{io, thread};

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::backup::{self, BackupReport};
use super::blobs::{self, Blobs, Swept};
use super::error::{OpenError, StoreError};
use super::files;
use super::inbox::Inbox;
use super::job::Work;
use super::lock::{self, FolderLock};
use super::open::{self, StoreConfig};
use super::postgres::{self, Listener, PostgresUrl, Worker};
use super::sqlite::{self, Counters, Reader, Writer};
use super::tx::{Purpose, Tx};
use crate::domain::audit::AuditKey;
use crate::domain::limits::ORPHAN_BLOB_KEPT_MS;
use crate::domain::time::Timestamp;

/// Threads that read, at least and at most; in between, as many as there are processors.
const READERS: std::ops::RangeInclusive<usize> = 2..=8;
/// Threads that read PostgreSQL, and as many that write it; each has a connection once it is needed.
const POSTGRES_THREADS: u32 = 8;

/// An open marketplace; clones share it, and the last one to go closes it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

/// What was done since the start, and what waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Transactions that read.
    pub reads: u64,
    /// Transactions that were committed.
    pub writes: u64,
    /// Transactions that were undone: refused, rehearsed or failed.
    pub undone: u64,
    /// Commits; one carries many transactions where many come at once.
    pub batches: u64,
    /// Transactions that wait to read.
    pub reads_waiting: usize,
    /// Transactions that wait to write.
    pub writes_waiting: usize,
}

struct Shared {
    config: StoreConfig,
    key: AuditKey,
    blobs: Blobs,
    writes: Arc<Inbox>,
    reads: Arc<Inbox>,
    counters: Arc<Counters>,
    newest_event: watch::Receiver<i64>,
    closing: Arc<AtomicBool>,
    running: Mutex<Option<Running>>,
}

/// The threads, and the lock that is given back only after they ended.
struct Running {
    threads: Vec<JoinHandle<()>>,
    _lock: FolderLock,
}

impl Store {
    /// Opens a data folder, and makes what is missing in it.
    ///
    /// # Errors
    /// [`OpenError`], each with what to do about it.
    pub fn open(config: StoreConfig) -> Result<Store, OpenError> {
        match config.postgres.clone() {
            None => Store::open_embedded(config),
            Some(url) => Store::open_postgres(config, Arc::new(url)),
        }
    }

    fn open_embedded(config: StoreConfig) -> Result<Store, OpenError> {
        let opened = open::open(&config, clock())?;
        let path = config.database();
        let refused = |source| OpenError::Database { path: path.clone(), source };
        let blobs = Blobs::in_folder(&config.blobs()).map_err(refused)?;
        let (newest_event_sender, newest_event) = watch::channel(opened.newest_event);
        let mut shared = Shared::new(config, opened.key, blobs, newest_event);
        let writer = Writer {
            connection: opened.connection,
            key: shared.key.clone(),
            inbox: shared.writes.clone(),
            acknowledge: shared.config.acknowledge,
            counters: shared.counters.clone(),
            newest_event: newest_event_sender,
        };
        let connections = (0..readers()).map(|_| sqlite::connect_reading(&path)).collect::<Result<Vec<_>, _>>();
        let connections = connections.map_err(|error| refused(StoreError::of_sqlite(&error, "opening to read")))?;
        let mut threads = Vec::new();
        for (number, connection) in connections.into_iter().enumerate() {
            let (key, inbox, counters) = (shared.key.clone(), shared.reads.clone(), shared.counters.clone());
            let reader = Reader { connection, key, inbox, counters };
            threads.push(start(format!("store-read-{number}"), move || reader.run(), &shared, &path)?);
        }
        threads.push(start("store-write".to_owned(), move || writer.run(), &shared, &path)?);
        shared.running = Mutex::new(Some(Running { threads, _lock: opened.lock }));
        Ok(Store { shared: Arc::new(shared) })
    }

    fn open_postgres(config: StoreConfig, url: Arc<PostgresUrl>) -> Result<Store, OpenError> {
        let folder = config.data_dir.clone();
        files::make_private_folder(&folder).map_err(OpenError::files("create", &folder))?;
        let lock = lock::share(&folder)?;
        files::make_private_folder(&config.blobs()).map_err(OpenError::files("create", config.blobs()))?;
        let refused = |source| OpenError::Database { path: config.blobs(), source };
        let blobs = Blobs::in_folder(&config.blobs()).map_err(refused)?;
        // On a thread of its own, for whoever opens a store may be running async code, where the driver cannot.
        let opened = thread::scope(|scope| scope.spawn(|| postgres::open(&config, &url, clock())).join());
        let opened = opened.map_err(|_| OpenError::Postgres {
            database: url.to_string(),
            what: "opening it panicked".to_owned(),
            cure: "report this with the lines above; it is a mistake in skydeck",
        })??;
        let (newest_event_sender, newest_event) = watch::channel(opened.newest_event);
        let mut shared = Shared::new(config, opened.key, blobs, newest_event);
        let channel = postgres::channel_name(&opened.schema);
        let mut threads = Vec::new();
        for number in 0..2 * POSTGRES_THREADS {
            let reads = number < POSTGRES_THREADS;
            let worker = Worker {
                number,
                url: url.clone(),
                channel: channel.clone(),
                key: shared.key.clone(),
                inbox: if reads { shared.reads.clone() } else { shared.writes.clone() },
                counters: shared.counters.clone(),
                newest_event: newest_event_sender.clone(),
            };
            let name = format!("store-{}-{number}", if reads { "read" } else { "write" });
            threads.push(start(name, move || worker.run(), &shared, &folder)?);
        }
        let closing = shared.closing.clone();
        let listener = Listener { url, channel, newest_event: newest_event_sender, closing };
        threads.push(start("store-listen".to_owned(), move || listener.run(), &shared, &folder)?);
        shared.running = Mutex::new(Some(Running { threads, _lock: lock }));
        Ok(Store { shared: Arc::new(shared) })
    }

    /// Runs a transaction that only looks, on one snapshot of the database.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError::Busy`] where too many wait.
    pub async fn read<T, E>(&self, work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        pass(&self.shared.reads, Purpose::Read, work).await
    }

    /// Runs a transaction that changes something; it is on the disk when this answers.
    ///
    /// An error or a panic in `work` undoes its own changes and nobody else's. `work` may be run more than once, so
    /// ids, random bytes and the time come into it from outside.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError`] where nothing could be committed.
    pub async fn write<T, E>(&self, work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        pass(&self.shared.writes, Purpose::Write, work).await
    }

    /// Runs a transaction as [`write`](Store::write) does, and undoes it.
    ///
    /// # Errors
    /// As [`write`](Store::write).
    pub async fn rehearse<T, E>(&self, work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        pass(&self.shared.writes, Purpose::Rehearse, work).await
    }

    /// The store of code.
    pub fn blobs(&self) -> &Blobs {
        &self.shared.blobs
    }

    /// The secret of the audit chain.
    pub fn audit_key(&self) -> &AuditKey {
        &self.shared.key
    }

    /// The folder that holds everything.
    pub fn data_dir(&self) -> &Path {
        &self.shared.config.data_dir
    }

    /// The newest committed event's number, and every later one.
    pub fn subscribe_events(&self) -> watch::Receiver<i64> {
        self.shared.newest_event.clone()
    }

    /// Copies database and code into a folder that is empty or not there, while work goes on.
    ///
    /// The audit key is not copied; the report says so.
    ///
    /// # Errors
    /// [`StoreError`] saying which file; on PostgreSQL always, since its own tools do it.
    pub async fn backup(&self, to: &Path) -> Result<BackupReport, StoreError> {
        if let Some(url) = &self.shared.config.postgres {
            let how = "save it with pg_dump, and after that copy the folder of codes";
            return Err(StoreError::Unavailable(format!("{url} is not a file to copy: {how}")));
        }
        let _held = self.shared.blobs.hold().await;
        let (config, to) = (self.shared.config.clone(), to.to_owned());
        let blobs = self.shared.blobs.folder().to_owned();
        let done = spawn_blocking(move || backup::copy(&config.database(), &blobs, &config.key(), &to)).await;
        done.unwrap_or_else(|error| Err(StoreError::Internal(format!("the backup ended early: {error}"))))
    }

    /// Removes the code that no version is made of and that was put long ago.
    ///
    /// # Errors
    /// [`StoreError`]; what was removed before stays removed.
    pub async fn sweep_blobs(&self, now: Timestamp) -> Result<Swept, StoreError> {
        let referenced = self.read(blobs::referenced).await?;
        self.blobs().sweep(now.plus_ms(-ORPHAN_BLOB_KEPT_MS), &referenced).await
    }

    /// What was done since the start, and what waits.
    pub fn stats(&self) -> StoreStats {
        let counters = &self.shared.counters;
        StoreStats {
            reads: counters.reads.load(Ordering::Relaxed),
            writes: counters.writes.load(Ordering::Relaxed),
            undone: counters.undone.load(Ordering::Relaxed),
            batches: counters.batches.load(Ordering::Relaxed),
            reads_waiting: self.shared.reads.waiting(),
            writes_waiting: self.shared.writes.waiting(),
        }
    }

    /// Lets nothing more in, ends what waits, and gives the folder back. Blocks for as long as that takes.
    pub fn close(&self) {
        self.shared.close();
    }
}

/// The time as this machine has it: for rows that no use case gave a time to.
pub(super) fn clock() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

async fn pass<T, E>(
    inbox: &Inbox,
    purpose: Purpose,
    work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (work, answer) = Work::new(purpose, work);
    inbox.push(Box::new(work))?;
    answer.await.unwrap_or_else(|_| Err(E::from(StoreError::Unavailable("it was closed meanwhile".to_owned()))))
}

fn readers() -> usize {
    thread::available_parallelism().map_or(*READERS.start(), usize::from).clamp(*READERS.start(), *READERS.end())
}

/// Starts a thread; where the system refuses, those started before it are sent home.
fn start(
    name: String,
    run: impl FnOnce() + Send + 'static,
    shared: &Shared,
    path: &Path,
) -> Result<JoinHandle<()>, OpenError> {
    thread::Builder::new().name(name).spawn(run).map_err(|error: io::Error| {
        shared.close();
        OpenError::files("start a thread for", path)(error)
    })
}

impl Shared {
    /// Everything but the threads.
    fn new(config: StoreConfig, key: AuditKey, blobs: Blobs, newest_event: watch::Receiver<i64>) -> Shared {
        Shared {
            config,
            key,
            blobs,
            writes: Arc::new(Inbox::new()),
            reads: Arc::new(Inbox::new()),
            counters: Arc::default(),
            newest_event,
            closing: Arc::default(),
            running: Mutex::new(None),
        }
    }

    fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.writes.close();
        self.reads.close();
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(running) = running else { return };
        for thread in running.threads {
            // The last clone may go inside a closure, on the very thread that would be waited for.
            if thread.thread().id() != thread::current().id() && thread.join().is_err() {
                tracing::error!("a thread of the store had panicked");
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.close();
    }
}
