//! A copy of this bench as a process of its own, and what the system says of it.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::{env, fs};

use anyhow::{Context as _, Result, anyhow};

/// A running copy; it ends when its standard input is closed, which dropping this does.
pub struct Copy {
    child: Child,
    input: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
}

impl Copy {
    /// Starts this program again with these arguments; its standard error goes to `log`.
    pub fn start(arguments: &[&OsStr], log: Stdio) -> Result<Copy> {
        let mut command = Command::new(env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().context("the bench cannot start itself again")?;
        let input = child.stdin.take();
        let lines = BufReader::new(child.stdout.take().ok_or_else(|| anyhow!("a copy without an output"))?);
        Ok(Copy { child, input, lines })
    }

    /// The next line it prints.
    pub fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            return Err(anyhow!("the copy ended early: {}", self.child.wait()?));
        }
        Ok(line.trim_end().to_owned())
    }

    /// Its memory in RAM now, in MiB: `VmRSS` of proc(5).
    pub fn resident_mib(&self) -> Result<f64> {
        let text = self.facts("status")?;
        let kib = text.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        Ok(kib.ok_or_else(|| anyhow!("no VmRSS"))?.trim().parse::<f64>()? / 1_024.0)
    }

    /// What the system says of it: a file of its folder under `/proc`.
    pub fn facts(&self, file: &str) -> Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).context("the copy is gone")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        drop(self.input.take());
        // Whatever it ends with, its figures are taken.
        let _ = self.child.wait();
    }
}

/// In the copy: waits until the one that started it lets go.
pub fn wait_for_the_end() {
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
}
