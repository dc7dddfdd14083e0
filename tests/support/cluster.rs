//! A server of a test's own, which may be stopped, started and copied. Gone when dropped.

use super::{Outcome, Server, words};
use std::hash::BuildHasher;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Everything the tests' databases expect to be there.
const ROLES: &str =
    "CREATE ROLE shape_owner LOGIN; CREATE ROLE shape_other LOGIN; CREATE ROLE shape_reader;";

/// One server.
pub struct Cluster {
    version: u32,
    port: u16,
    directory: PathBuf,
}

/// The directory of the server programs of a version.
fn programs(version: u32) -> Result<PathBuf, String> {
    let name = format!("REPACKD_TEST_BIN_{version}");
    std::env::var_os(&name).map(PathBuf::from).ok_or(format!("{name} is not set"))
}

/// A program that runs as the user whom the tests' servers run as.
pub fn as_server(program: &Path) -> Result<Command, String> {
    let root = std::env::var("REPACKD_TEST_TMP").map_err(|_| "REPACKD_TEST_TMP is not set")?;
    let owner = std::fs::metadata(&root).map_err(words)?;
    let mut command = Command::new(program);
    command.current_dir(&root).env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    if owner.uid() != std::fs::metadata("/proc/self").map_err(words)?.uid() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    Ok(command)
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Outcome {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// A new path for the server's user to make something at.
pub fn fresh(stem: &str) -> Result<PathBuf, String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let root = std::env::var("REPACKD_TEST_TMP").map_err(|_| "REPACKD_TEST_TMP is not set")?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Ok(Path::new(&root).join(format!("{stem}{}-{number}", std::process::id())))
}

/// A port nobody listens on, below those that connections and listeners get that ask for any: it is not
/// taken before it is used, or while a server is stopped and started again.
pub fn free_port() -> Result<u16, String> {
    let random = std::hash::RandomState::new();
    let port = |number: u16| 15_000 + (random.hash_one(number) % 17_000) as u16;
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (0..100).map(port).find(free).ok_or_else(|| "no port is free".into())
}

impl Cluster {
    /// A new one, started.
    pub async fn create(version: u32) -> Result<Self, String> {
        let cluster = Self { version, port: free_port()?, directory: fresh("own")? };
        run(cluster
            .program("initdb")?
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8"])
            .args(["--locale=C", "--no-sync", "-D", &cluster.data()]))?;
        cluster.start()?;
        let client = super::client(&cluster.server().url).await?;
        client.batch_execute(ROLES).await.map_err(words)?;
        Ok(cluster)
    }

    /// A standby that starts from the files of this one, which must be stopped.
    pub fn standby(&self) -> Result<Self, String> {
        let copy = Self { version: self.version, port: free_port()?, directory: fresh("own")? };
        run(Command::new("cp").arg("-a").arg(&self.directory).arg(&copy.directory))?;
        run(as_server(Path::new("/usr/bin/touch"))?.arg(copy.directory.join("standby.signal")))?;
        copy.start()?;
        Ok(copy)
    }

    /// A standby that follows this one, which must be running.
    pub fn follower(&self) -> Result<Self, String> {
        let copy = Self { version: self.version, port: free_port()?, directory: fresh("own")? };
        self.stop("fast")?;
        run(Command::new("cp").arg("-a").arg(&self.directory).arg(&copy.directory))?;
        self.start()?;
        run(as_server(Path::new("/usr/bin/touch"))?.arg(copy.directory.join("standby.signal")))?;
        let primary = format!(
            "primary_conninfo = 'host=127.0.0.1 port={} user=postgres'\nhot_standby_feedback = on\n",
            self.port
        );
        let file = copy.directory.join("postgresql.auto.conf");
        let mut text = std::fs::read_to_string(&file).map_err(words)?;
        text.push_str(&primary);
        std::fs::write(&file, text).map_err(words)?;
        copy.start()?;
        Ok(copy)
    }

    /// Makes a standby a primary.
    pub fn promote(&self) -> Outcome {
        run(self.program("pg_ctl")?.args(["-D", &self.data(), "-w", "-t", "60", "promote"]))
    }

    /// Starts it.
    pub fn start(&self) -> Outcome {
        let log = self.directory.join("log.txt").display().to_string();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
             -c max_connections=40 -c timezone=UTC",
            self.port
        );
        let mut command = self.program("pg_ctl")?;
        command.args(["-D", &self.data(), "-l", &log, "-w", "-t", "60", "-o", &options, "start"]);
        // Its server would keep a pipe open for as long as it runs.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        match command.status().map_err(words)?.success() {
            true => Ok(()),
            false => Err(std::fs::read_to_string(log).unwrap_or_default()),
        }
    }

    /// Stops it: `fast`, or `immediate`, which is a crash.
    pub fn stop(&self, mode: &str) -> Outcome {
        run(self.program("pg_ctl")?.args(["-D", &self.data(), "-m", mode, "-w", "stop"]))
    }

    /// It as the tests know servers.
    pub fn server(&self) -> Server {
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres", self.port);
        Server { version: self.version, url }
    }

    fn data(&self) -> String {
        self.directory.display().to_string()
    }

    fn program(&self, name: &str) -> Result<Command, String> {
        as_server(&programs(self.version)?.join(name))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.stop("immediate");
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
