//! The store as the rest of the program holds it: closures go in, and come back when they are done for good.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;
use std::{io, thread};

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::backup::{self, BackupReport};
use super::blobs::{self, Blobs, Circumstances, Effort, StoredBlob, Swept};
use super::error::{OpenError, StoreError};
use super::files;
use super::inbox::Inbox;
use super::job::Work;
use super::lock::{self, FolderLock};
use super::needed_key::NeededKey;
use super::open::{self, StoreConfig};
use super::postgres::{self, Listener, PostgresUrl, Worker};
use super::sqlite::{self, Counters, Reader, Writer};
use super::tx::{Purpose, Tx};
use super::{needed_key, settings};
use crate::domain::audit::AuditKey;
use crate::domain::digest::Sha256Digest;
use crate::domain::entitlement::GrantKey;
use crate::domain::secret::SecretKey;
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
    /// Connections that are open.
    pub connections: u64,
    /// Connections that run a transaction.
    pub connections_busy: u64,
    /// Connections that there are at most.
    pub connections_max: u64,
    /// Bytes of the embedded database's write-ahead log; 0 on PostgreSQL, which keeps its own.
    pub wal_bytes: u64,
}

struct Shared {
    config: StoreConfig,
    key: AuditKey,
    blobs: Blobs,
    writes: Arc<Inbox>,
    reads: Arc<Inbox>,
    counters: Arc<Counters>,
    connections_max: u64,
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
        let (place, is_named, is_alone) = (config.place(), config.blob_place.is_some(), config.postgres.is_none());
        let store = match config.postgres.clone() {
            None => Store::open_embedded(config)?,
            Some(url) => Store::open_postgres(config, Arc::new(url))?,
        };
        let circumstances = Circumstances { is_alone, is_own_folder: is_alone && !is_named };
        let effort = if is_named { Effort::TryOut } else { Effort::LookAtId };
        blobs::tie(&store, &place, circumstances, effort)?;
        Ok(store)
    }

    fn open_embedded(config: StoreConfig) -> Result<Store, OpenError> {
        let opened = open::open(&config, clock())?;
        let path = config.database();
        let refused = |source| OpenError::Database { path: path.clone(), source };
        let blobs = open_blobs(&config)?;
        let (newest_event_sender, newest_event) = watch::channel(opened.newest_event);
        let mut shared = Shared::new(config, opened.key, blobs, newest_event);
        let writer = Writer {
            path: path.clone(),
            connection: Some(opened.connection),
            reads: shared.reads.clone(),
            readers: readers(),
            key: shared.key.clone(),
            inbox: shared.writes.clone(),
            acknowledge: shared.config.acknowledge,
            counters: shared.counters.clone(),
            newest_event: newest_event_sender,
        };
        let connections = (0..readers()).map(|_| sqlite::connect_reading(&path)).collect::<Result<Vec<_>, _>>();
        let connections = connections.map_err(|error| refused(StoreError::of_sqlite(&error, "opening to read")))?;
        shared.connections_max = connections.len() as u64 + 1;
        shared.counters.connections.store(shared.connections_max, Ordering::Relaxed);
        let mut threads = Vec::new();
        for (number, connection) in connections.into_iter().enumerate() {
            let (key, inbox, counters) = (shared.key.clone(), shared.reads.clone(), shared.counters.clone());
            let reader = Reader { path: path.clone(), connection: Some(connection), key, inbox, counters };
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
        config.make_blobs_folder()?;
        let blobs = open_blobs(&config)?;
        // On a thread of its own, for whoever opens a store may be running async code, where the driver cannot.
        let opened = thread::scope(|scope| scope.spawn(|| postgres::open(&config, &url, clock())).join());
        let opened = opened.map_err(|_| OpenError::Postgres {
            database: url.to_string(),
            what: "opening it panicked".to_owned(),
            cure: "report this with the lines above; it is a mistake in skydeck",
        })??;
        let (newest_event_sender, newest_event) = watch::channel(opened.newest_event);
        let mut shared = Shared::new(config, opened.key, blobs, newest_event);
        shared.connections_max = u64::from(2 * POSTGRES_THREADS);
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
                locks: shared.config.locks,
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

    /// Whether other servers may be working on the same database.
    pub fn is_shared(&self) -> bool {
        self.shared.config.postgres.is_some()
    }

    /// The key that secrets are encrypted with; made where no secret was ever encrypted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] saying what is wrong with its file.
    pub async fn secret_key(&self) -> Result<SecretKey, StoreError> {
        Ok(SecretKey::from_bytes(self.needed_key(&needed_key::SECRETS, self.shared.config.secret_key()).await?))
    }

    /// The key that grants of premium extensions are signed with; made where nothing was ever granted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] saying what is wrong with its file.
    pub async fn grant_key(&self) -> Result<GrantKey, StoreError> {
        Ok(GrantKey::from_bytes(self.needed_key(&needed_key::GRANTS, self.shared.config.grant_key()).await?))
    }

    async fn needed_key(&self, needed: &'static NeededKey, path: PathBuf) -> Result<[u8; 32], StoreError> {
        let kept = self.read(|tx| settings::get(tx, needed.fingerprint)).await?;
        let kept: Option<Sha256Digest> = kept.and_then(|text| text.parse().ok());
        let obtained = spawn_blocking(move || needed.obtain(&path, kept)).await;
        let key = obtained.unwrap_or_else(|error| Err(StoreError::Internal(error.to_string())))?;
        if kept.is_none() {
            let fingerprint = (needed.of)(key).to_string();
            let mine = fingerprint.clone();
            let first = self
                .write(move |tx| {
                    settings::set_once(tx, needed.fingerprint, &fingerprint)?;
                    settings::get(tx, needed.fingerprint)
                })
                .await?;
            if first != Some(mine) {
                let why = format!("another server made {} first; give every server the same file", needed.name);
                return Err(StoreError::Unavailable(why));
            }
        }
        Ok(key)
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
    /// The audit key is not copied, nor is code that is in a bucket; the report says so.
    ///
    /// # Errors
    /// [`StoreError`] saying which file; on PostgreSQL always, since its own tools do it.
    pub async fn backup(&self, to: &Path) -> Result<BackupReport, StoreError> {
        if let Some(url) = &self.shared.config.postgres {
            let how = format!("save it with pg_dump, and after that the codes ({})", self.shared.blobs.place());
            return Err(StoreError::Unavailable(format!("{url} is not a file to copy: {how}")));
        }
        let _held = self.shared.blobs.hold();
        let (config, to) = (self.shared.config.clone(), to.to_owned());
        let place = config.place();
        let keys = [config.key(), config.secret_key(), config.grant_key()];
        let copy = move || backup::copy(&config.database(), &place, [&keys[0], &keys[1], &keys[2]], &to);
        let done = spawn_blocking(copy).await;
        done.unwrap_or_else(|error| Err(StoreError::Internal(format!("the backup ended early: {error}"))))
    }

    /// Removes the code that no version is made of and that was put long ago.
    ///
    /// # Errors
    /// [`StoreError`]; what was removed before stays removed.
    pub async fn sweep_blobs(&self, now: Timestamp) -> Result<Swept, StoreError> {
        blobs::sweep(self, now).await
    }

    /// Stores a code before the transaction that names it, while no node of the marketplace removes it.
    ///
    /// # Errors
    /// As [`Blobs::put`], and [`StoreError::Busy`] while another node removes the same code.
    pub async fn put_blob(&self, code: Vec<u8>) -> Result<StoredBlob, StoreError> {
        blobs::put_guarded(self, code).await
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
            connections: counters.connections.load(Ordering::Relaxed),
            connections_busy: counters.busy.load(Ordering::Relaxed),
            connections_max: self.shared.connections_max,
            wal_bytes: self.wal_bytes(),
        }
    }

    fn wal_bytes(&self) -> u64 {
        if self.is_shared() {
            return 0;
        }
        let mut path = self.shared.config.database().into_os_string();
        path.push("-wal");
        std::fs::metadata(path).map_or(0, |file| file.len())
    }

    /// Lets nothing more in, ends what waits, and gives the folder back. Blocks for as long as that takes.
    pub fn close(&self) {
        self.shared.close();
    }
}

fn open_blobs(config: &StoreConfig) -> Result<Blobs, OpenError> {
    let place = config.place();
    Blobs::open(&place).map_err(|source| OpenError::Blobs {
        place: place.to_string(),
        what: source.to_string(),
        cure: "make the folder, or mount it; for a bucket, correct the variables that begin with AWS_",
    })
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
            connections_max: 0,
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
