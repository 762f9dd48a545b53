//! A PostgreSQL of a test's own, which can be stopped, started and robbed of its processes without harm to other tests.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use rustix::process::{Pid, Signal, geteuid, kill_process};

/// How long the server may take to answer.
const START_MAX: Duration = Duration::from_mins(1);

/// A running server with an empty database.
pub struct Cluster {
    programs: PathBuf,
    home: tempfile::TempDir,
    port: u16,
    owner: Option<(u32, u32)>,
    server: Option<Child>,
}

impl Cluster {
    /// Starts one; nothing, and a line that says what is left out, where tests on PostgreSQL are not asked for.
    pub fn start() -> Option<Cluster> {
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        if std::env::var_os("SKYDECK_TEST_POSTGRES").is_none_or(|url| url.is_empty()) {
            eprintln!("{test}: left out; set SKYDECK_TEST_POSTGRES=postgres://… to run it");
            return None;
        }
        let Some(programs) = programs() else {
            eprintln!(
                "{test}: left out; initdb of PostgreSQL is not installed, and it has to break a server of its own"
            );
            return None;
        };
        let home = tempfile::tempdir().expect("a folder");
        // PostgreSQL refuses to run as root, so root hands it to the user that its package makes.
        let owner = if geteuid().is_root() { Some(user("postgres")?) } else { None };
        if let Some((uid, gid)) = owner {
            chown(home.path(), Some(uid), Some(gid)).expect("the folder is handed over");
        }
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let mut cluster = Cluster { programs, home, port, owner, server: None };
        let made = cluster
            .command("initdb")
            .args(["-U", "skydeck", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"])
            .arg(cluster.data())
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        cluster.go_on();
        Some(cluster)
    }

    /// The address of its database.
    pub fn url(&self) -> String {
        format!("postgres://skydeck@127.0.0.1:{}/postgres", self.port)
    }

    /// A connection past the store; only on a thread that runs no async code.
    pub fn connect(&self) -> Client {
        let began = Instant::now();
        loop {
            match Client::connect(&self.url(), NoTls) {
                Ok(client) => return client,
                Err(error) => assert!(began.elapsed() < START_MAX, "{error}: {}", self.log()),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs statements past the store.
    pub fn run(&self, sql: &str) {
        std::thread::scope(|scope| {
            scope.spawn(|| self.connect().batch_execute(sql).expect("a statement")).join().expect("a thread");
        });
    }

    /// Ends the server at once, as a crash does.
    pub fn halt(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        signal(server.id(), Signal::QUIT);
        server.wait().expect("the server ends");
    }

    /// Starts the server again.
    pub fn go_on(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.home.path().join("log")).expect("a log");
        let server = self
            .command("postgres")
            .args(["-p", &self.port.to_string(), "-h", "127.0.0.1"])
            .args(["-c", "max_connections=200", "-c", "deadlock_timeout=50ms", "-k"])
            .arg(self.home.path())
            .arg("-D")
            .arg(self.data())
            .stderr(log)
            .stdout(Stdio::null())
            .spawn();
        self.server = Some(server.expect("PostgreSQL starts"));
        std::thread::scope(|scope| scope.spawn(|| drop(self.connect())).join().expect("a thread"));
    }

    /// The processes that serve connections of nodes.
    #[expect(clippy::unused_self, reason = "only who has a cluster may do this to it")]
    pub fn backends(&self, client: &mut Client) -> Option<Vec<i32>> {
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'skydeck' ORDER BY pid";
        client.query(sql, &[]).ok().map(|rows| rows.iter().map(|row| row.get(0)).collect())
    }

    /// `kill -9` of one of the server's processes, after which the server starts all of them anew.
    #[expect(clippy::unused_self, reason = "only who has a cluster may do this to it")]
    pub fn kill_backend(&self, pid: i32) {
        // Whether it still runs is as random as the moment.
        let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, Signal::KILL));
    }

    /// The folder of its files.
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.home.path());
        if let Some((uid, gid)) = self.owner {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.halt();
    }
}

/// The folder of the newest server's programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let version = |path: &Path| path.file_name().and_then(|name| name.to_string_lossy().parse::<u32>().ok());
    let newest = versions.max_by_key(|path| version(path)).map(|path| path.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest.into_iter().chain(std::env::split_paths(&path)).find(|folder| folder.join("initdb").exists())
}

/// Number and group of a user of this machine.
fn user(name: &str) -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn signal(process: u32, signal: Signal) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(pid, signal).expect("a signal");
}
