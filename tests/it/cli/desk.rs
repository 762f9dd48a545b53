//! A console in a real terminal (a pseudo-terminal), as somebody sits at it: keys in, a screen out.

use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::program::{Program, Served, fixture};

/// How long a screen may take to show what is expected of it; reached only where the test fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a terminal is silent when everything that was under way has been written.
const QUIET: Duration = Duration::from_millis(300);

/// A console in a terminal that somebody looks at.
pub struct Desk {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn std::io::Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    raw: Vec<u8>,
}

impl Desk {
    /// Opens `skydeck console` with more words after it.
    pub fn open(program: &Program, columns: u16, rows: u16, words: &[&str]) -> Desk {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_skydeck"));
        command.arg("console");
        command.args(words);
        Desk::of(command, program, columns, rows)
    }

    /// Runs any command in a terminal of this size.
    pub fn of(mut command: CommandBuilder, program: &Program, columns: u16, rows: u16) -> Desk {
        let size = PtySize { rows, cols: columns, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).unwrap();
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (name, value) in program.environment() {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4_096];
            // The other end is gone when the program is; Linux tells that as an error.
            while let Ok(read @ 1..) = reader.read(&mut chunk) {
                if send.send(chunk[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(rows, columns, 0);
        Desk { child, master: pair.master, keys, output, screen, raw: Vec::new() }
    }

    pub fn press(&mut self, keys: &str) -> &mut Desk {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        self
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> &mut Desk {
        let until = Instant::now() + PATIENCE;
        while !self.contents().contains(text) {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{text:?} is not on the screen:\n{}", self.contents());
                }
            }
        }
        self
    }

    /// Waits until the screen no longer shows a text.
    #[track_caller]
    pub fn no_longer_sees(&mut self, text: &str) -> &mut Desk {
        let until = Instant::now() + PATIENCE;
        while self.contents().contains(text) {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{text:?} is still on the screen:\n{}", self.contents());
                }
            }
        }
        self
    }

    /// What the screen shows.
    pub fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Changes the size of the terminal.
    pub fn resize(&mut self, columns: u16, rows: u16) -> &mut Desk {
        self.master.resize(PtySize { rows, cols: columns, ..PtySize::default() }).unwrap();
        self.screen.screen_mut().set_size(rows, columns);
        self
    }

    /// Bytes written in a span of time, once everything that was under way has been.
    pub fn written_within(&mut self, span: Duration) -> usize {
        while let Ok(bytes) = self.output.recv_timeout(QUIET) {
            self.take(&bytes);
        }
        let until = Instant::now() + span;
        let mut count = 0;
        while let Ok(bytes) = self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
            count += bytes.len();
            self.take(&bytes);
        }
        count
    }

    /// Sends the process a signal.
    pub fn signal(&mut self, signal: rustix::process::Signal) -> &mut Desk {
        let id = self.child.process_id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).unwrap()));
        rustix::process::kill_process(id.unwrap(), signal).unwrap();
        self
    }

    /// Waits for the end of the program; gives its exit code and everything it wrote.
    pub fn end(mut self) -> (u32, String) {
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.take(&bytes);
        }
        (self.child.wait().unwrap().exit_code(), String::from_utf8_lossy(&self.raw).into_owned())
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.raw.extend_from_slice(bytes);
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// The administrator's environment, which holds the server's data; the server, with submissions that are ready; and a
/// maintainer's environment.
pub fn marketplace(packages: &[&str]) -> (Program, Served, Program) {
    let home = Program::new();
    let served = home.serve();
    let home = home.with("SKYDECK_SERVER", served.url.clone()).with("SKYDECK_TOKEN", served.token.clone().unwrap());
    for package in packages {
        home.succeed(&["submit", &fixture(package), "--wait"]);
    }
    home.succeed(&["admin", "account", "create", "maria", "--role", "maintainer"]);
    let made = home.json(&["admin", "token", "create", "maria"]);
    let maria = Program::new()
        .with("SKYDECK_SERVER", served.url.clone())
        .with("SKYDECK_TOKEN", made["secret"].as_str().unwrap());
    (home, served, maria)
}
