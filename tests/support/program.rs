//! The program repackd, run as a person would run it.

use super::{Outcome, words};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A password that is in every URL the tests give, and must not be in anything repackd says.
pub const SECRET: &str = "hunter2%3Asecret";

/// No command of a test takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command line of the shell, to be run in a terminal; `None`, and said so, where no program makes
/// terminals.
pub fn in_a_terminal(line: &str) -> Option<Command> {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no script, which makes a terminal");
        return None;
    }
    let mut command = Command::new("script");
    command.args(["--quiet", "--command", line, "/dev/null"]).env_clear().envs([
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/nonexistent"),
        ("TERM", "xterm"),
        ("SHELL", "/bin/sh"),
    ]);
    Some(command)
}

/// A repackd that has ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// What was asked for, for messages.
    pub what: String,
    /// Its exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Finished {
    /// Fails unless it ended with this status.
    pub fn status(&self, expected: i32) -> Result<&Self, String> {
        for secret in ["hunter2", "%3Asecret"] {
            if self.out.contains(secret) || self.err.contains(secret) {
                return Err(format!("a password in what was said: {self}"));
            }
        }
        match self.status == Some(expected) {
            true => Ok(self),
            false => Err(format!("status {expected} was expected of {self}")),
        }
    }

    /// Fails unless standard error has each of `parts`.
    pub fn says(&self, parts: &[&str]) -> Result<&Self, String> {
        match parts.iter().find(|part| !self.err.contains(**part)) {
            None => Ok(self),
            Some(part) => Err(format!("\"{part}\" was expected of {self}")),
        }
    }

    /// Fails unless standard output has each of `parts`.
    pub fn shows(&self, parts: &[&str]) -> Result<&Self, String> {
        match parts.iter().find(|part| !self.out.contains(**part)) {
            None => Ok(self),
            Some(part) => Err(format!("\"{part}\" was expected in the output of {self}")),
        }
    }

    /// Standard output as the one JSON document it should be.
    pub fn json(&self) -> Result<serde_json::Value, String> {
        serde_json::from_str(&self.out).map_err(|e| format!("no JSON ({e}): {self}"))
    }
}

impl std::fmt::Display for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, status, out, err } = self;
        write!(f, "repackd {what}: status {status:?}\n--- out\n{out}\n--- err\n{err}\n---")
    }
}

/// A repackd at work.
pub struct Started {
    child: Child,
    what: String,
    files: [PathBuf; 2],
}

/// repackd with these arguments and nothing of the tests' own environment.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repackd"));
    command.args(arguments).env_clear().env("HOME", "/nonexistent").env("USER", "nobody");
    command.current_dir("/").stdin(Stdio::null());
    command
}

/// Starts one.
pub fn start(mut command: Command) -> Result<Started, String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let stem = std::env::temp_dir().join(format!("repackd-{}-{number}", std::process::id()));
    let files = ["out", "err"].map(|end| stem.with_extension(end));
    let open = |path| File::create(path).map_err(words);
    let what: Vec<_> = command.get_args().map(|a| a.to_string_lossy().into_owned()).collect();
    let child = command.stdout(open(&files[0])?).stderr(open(&files[1])?).spawn();
    Ok(Started { child: child.map_err(words)?, what: what.join(" "), files })
}

/// Runs one to its end.
pub fn finish(command: Command) -> Result<Finished, String> {
    start(command)?.wait()
}

impl Started {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) -> Outcome {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-s", name, &pid]).status().map_err(words)?;
        Ok(())
    }

    /// Whether it is still at work.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it has said so far on standard error.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.files[1]).unwrap_or_default()
    }

    /// Waits until it has said something.
    pub async fn until_says(&mut self, part: &str) -> Outcome {
        let end = Instant::now() + PATIENCE;
        while !self.said().contains(part) {
            if !self.is_running() || Instant::now() > end {
                return Err(format!("\"{part}\" was waited for in: {}", self.said()));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Result<Finished, String> {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().map_err(words)? {
                Some(status) => break status.code(),
                None if Instant::now() > end => {
                    return Err(format!("repackd {} does not end: {}", self.what, self.said()));
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let [out, err] = [0, 1].map(|i| std::fs::read_to_string(&self.files[i]));
        let (out, err) = (out.map_err(words)?, err.map_err(words)?);
        Ok(Finished { what: self.what.clone(), status, out, err })
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for file in &self.files {
            let _ = std::fs::remove_file(file);
        }
    }
}
