//! The built program in an environment of its own: folders that are gone afterwards, and nothing of this shell.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use skydeck::store::{Store, StoreConfig};

use crate::harness::one_reviewer_is_enough;
use crate::schema::Schema;

/// An environment to run the program in.
pub struct Program {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
    schema: Option<Schema>,
}

/// What one run did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub error: String,
}

/// A server that runs as a process of its own; it is killed when dropped.
pub struct Served {
    child: Child,
    pub url: String,
    pub token: Option<String>,
}

impl Program {
    pub fn new() -> Program {
        Program::on(Schema::where_wanted())
    }

    /// One whose marketplace is kept in a schema, where one is given.
    pub fn on(schema: Option<Schema>) -> Program {
        Program { folder: tempfile::tempdir().unwrap(), variables: Vec::new(), schema }
    }

    /// The same with a variable set.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Program {
        self.variables.push((name, value.into()));
        self
    }

    /// A place in the environment's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in the environment's folder.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skydeck"));
        command.args(words).env_clear().current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        command
    }

    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("SKYDECK_CONFIG_DIR", self.path("config").display().to_string()),
            ("SKYDECK_DATA_DIR", self.path("data").display().to_string()),
        ];
        all.extend(self.schema.as_ref().map(|schema| ("SKYDECK_DATABASE_URL", schema.url())));
        all.extend(self.variables.iter().cloned());
        all
    }

    pub fn run(&self, words: &[&str]) -> Ran {
        Ran::of(&self.command(words).output().unwrap())
    }

    /// Runs with a text on standard input.
    pub fn run_with_input(&self, words: &[&str], input: &str) -> Ran {
        let mut command = self.command(words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran::of(&child.wait_with_output().unwrap())
    }

    /// Runs, and has to succeed.
    pub fn succeed(&self, words: &[&str]) -> Ran {
        let ran = self.run(words);
        assert_eq!(ran.code, 0, "{words:?}: {ran:?}");
        ran
    }

    /// Runs with `--json`, has to succeed, and reads what was printed.
    pub fn json(&self, words: &[&str]) -> Value {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        self.succeed(&words).json()
    }

    /// Starts a server on a free port and waits for the lines it prints at first.
    pub fn serve(&self) -> Served {
        self.serve_at("127.0.0.1:0")
    }

    /// The schema that its marketplace is kept in.
    pub fn schema(&self) -> &Schema {
        self.schema.as_ref().expect("a program on PostgreSQL")
    }

    /// The same at an address, such as that of one which was killed.
    pub fn serve_at(&self, address: &str) -> Served {
        if !self.path("data/audit.key").exists() {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let postgres = self.schema.as_ref().map(|schema| schema.url().parse().unwrap());
            let store = Store::open(StoreConfig { postgres, ..StoreConfig::in_folder(self.path("data")) }).unwrap();
            runtime.block_on(one_reviewer_is_enough(&store));
            store.close();
        }
        self.launch(address)
    }

    /// The same on a marketplace that is left as the program makes it.
    pub fn launch(&self, address: &str) -> Served {
        let is_first = !self.path("data/administrator.token").exists();
        let mut command = self.command(&["serve", "--listen", address]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut line = |start: &str| lines.next().and_then(|line| line.strip_prefix(start).map(str::to_owned));
        let url = line("listening on ");
        let token = if is_first { line("administrator token: ") } else { None };
        let Some(url) = url.filter(|_| token.is_some() == is_first) else {
            let mut error = String::new();
            child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
            panic!("the server did not start: {error}");
        };
        Served { child, url, token }
    }
}

impl Ran {
    pub fn of(output: &std::process::Output) -> Ran {
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            error: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It ended with this code, and its message has each of these in it.
    pub fn expect(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        for part in parts {
            assert!(self.error.contains(part), "{part:?} is not in {self:?}");
        }
    }
}

impl Served {
    /// Tells it to stop as a service manager does; gives its exit code and its log.
    pub fn stop(mut self) -> (i32, String) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), log)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file of the repository's fixtures.
pub fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name).display().to_string()
}
