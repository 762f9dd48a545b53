//! The console in a real terminal, against a real server: two people, a lost server, kept drafts, and the way out.

use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

use super::program::{Program, Served, fixture};

/// How long a screen may take to show what is expected of it; reached only where the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A console in a terminal that somebody looks at.
struct Desk {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn std::io::Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    raw: Vec<u8>,
}

impl Desk {
    fn open(program: &Program, columns: u16, rows: u16) -> Desk {
        let size = PtySize { rows, cols: columns, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_skydeck"));
        command.arg("console");
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
            drop(pair.master);
        });
        Desk { child, keys, output, screen: vt100::Parser::new(rows, columns, 0), raw: Vec::new() }
    }

    fn press(&mut self, keys: &str) -> &mut Desk {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        self
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    fn sees(&mut self, text: &str) -> &mut Desk {
        let until = Instant::now() + PATIENCE;
        while !self.screen.screen().contents().contains(text) {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{text:?} is not on the screen:\n{}", self.screen.screen().contents());
                }
            }
        }
        self
    }

    /// Ends the process by a signal and waits for its end.
    fn signal(&mut self, signal: rustix::process::Signal) -> &mut Desk {
        let id = self.child.process_id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).unwrap()));
        rustix::process::kill_process(id.unwrap(), signal).unwrap();
        self
    }

    /// Waits for the end of the program; gives its exit code and everything it wrote.
    fn end(mut self) -> (u32, String) {
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

/// The administrator's environment, which holds the server's data; the server, with submissions that are ready; and a
/// maintainer's environment.
fn marketplace(packages: &[&str]) -> (Program, Served, Program) {
    let program = Program::new();
    let served = program.serve();
    let program =
        program.with("SKYDECK_SERVER", served.url.clone()).with("SKYDECK_TOKEN", served.token.clone().unwrap());
    for package in packages {
        program.succeed(&["submit", &fixture(package), "--wait"]);
    }
    let maintainer = maintainer(&program, "maria");
    (program, served, maintainer)
}

fn maintainer(program: &Program, name: &str) -> Program {
    program.succeed(&["admin", "account", "create", name, "--role", "maintainer"]);
    let made = program.json(&["admin", "token", "create", name]);
    let server = program.environment().into_iter().find(|(name, _)| *name == "SKYDECK_SERVER").unwrap().1;
    Program::new().with("SKYDECK_SERVER", server).with("SKYDECK_TOKEN", made["secret"].as_str().unwrap())
}

#[test]
fn a_submission_is_claimed_read_and_run_and_the_other_console_follows() {
    let packages = ["extensions/ban-hammer/ban-hammer.skypkg", "extensions/dice/dice.skypkg"];
    let (administrator, _served, maria) = marketplace(&packages);
    let mut other = Desk::open(&administrator, 160, 45);
    other.sees("2 waiting").sees("live");
    let mut desk = Desk::open(&maria, 80, 24);
    desk.sees("2 waiting").sees("live").press("/scope:ban\r").sees("1 waiting").press("c").sees("is yours");
    other.sees("maria");
    desk.press("\r").sees("REACHABLE").press("d").sees("member_ban").sees("Fuel");
    desk.press("hh").sees("do: ").press("q");
    let (code, raw) = desk.end();
    assert_eq!(code, 0, "{raw}");
    assert!(raw.contains("\u{1b}[?1049l"), "the terminal is not given back: {raw:?}");
    other.press("q");
    assert_eq!(other.end().0, 0);
}

#[test]
fn what_is_typed_outlives_the_server_and_the_console() {
    let (_administrator, served, maria) = marketplace(&["extensions/dice/dice.skypkg"]);
    let mut desk = Desk::open(&maria, 80, 24);
    desk.sees("1 waiting").press("C").sees("yours").press("x").sees("which reason").press("\r");
    desk.sees("characters").press("Say what you keep").sees("Say what you keep");
    drop(served);
    desk.sees("offline").sees("Say what you keep").press("\u{13}").sees("no connection");
    desk.signal(rustix::process::Signal::TERM);
    let (code, raw) = desk.end();
    assert_eq!(code, 0, "{raw}");
    assert!(raw.contains("\u{1b}[?1049l"));
    let mut again = Desk::open(&maria, 80, 24);
    again.sees("Kept from last time").sees("reject dice").press("\u{1b}").sees("offline").press("q");
    assert_eq!(again.end().0, 0);
}
