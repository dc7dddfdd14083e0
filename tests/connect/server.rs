//! A PostgreSQL server of the test's own, with TLS. Stopped when dropped.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const HBA: &str = "\
local     all postgres,app              trust
local     all scram                     scram-sha-256
hostssl   all cert_user 127.0.0.1/32    cert
hostssl   all two_ways  127.0.0.1/32    scram-sha-256 clientcert=verify-full
hostssl   all tls_only  127.0.0.1/32    trust
hostnossl all plain     127.0.0.1/32    trust
host      all scram     127.0.0.1/32    scram-sha-256
host      all old       127.0.0.1/32    password
host      all app       127.0.0.1/32    trust
";

const ROLES: &str = "\
CREATE ROLE app LOGIN;
CREATE ROLE cert_user LOGIN;
CREATE ROLE tls_only LOGIN;
CREATE ROLE plain LOGIN;
CREATE ROLE scram LOGIN PASSWORD 'corr:ect\\horse';
CREATE ROLE two_ways LOGIN PASSWORD 'corr:ect\\horse';
CREATE ROLE old LOGIN PASSWORD 'corr:ect\\horse';
CREATE DATABASE shop;
";

/// A running server.
pub struct TestServer {
    pub port: u16,
    /// The directory of everything, also of the socket.
    pub directory: PathBuf,
    child: Child,
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A data directory with the roles in it, made once and copied for each server.
static TEMPLATE: OnceLock<Result<PathBuf, String>> = OnceLock::new();

/// Runs a program to its end.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// The newest server programs there are.
fn programs() -> Result<PathBuf, String> {
    (14..=18)
        .rev()
        .find_map(|version| std::env::var_os(format!("REPACKD_TEST_BIN_{version}")))
        .map(PathBuf::from)
        .ok_or_else(|| "REPACKD_TEST_BIN_18 is not set; run under scripts/with-postgres".into())
}

impl TestServer {
    /// Starts a server that shows `certificate` and accepts clients of `client_authority`.
    pub fn start(certificate: &str, key: &str, client_authority: &str) -> Result<Self, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let root = std::env::var("REPACKD_TEST_TMP").map_err(|_| "REPACKD_TEST_TMP is not set")?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = Path::new(&root).join(format!("tls{}-{number}", std::process::id()));
        let owner = fs::metadata(&root).map_err(|e| format!("{root}: {e}"))?;
        let give = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
                .and_then(|()| chown(path, Some(owner.uid()), Some(owner.gid())))
                .map_err(|e| format!("{}: {e}", path.display()))
        };
        fs::create_dir(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
        give(&directory, 0o755)?;
        for (name, text) in [
            ("server.crt", certificate),
            ("server.key", key),
            ("clients.crt", client_authority),
            ("hba", HBA),
            ("roles", ROLES),
        ] {
            let path = directory.join(name);
            fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
            give(&path, 0o600)?;
        }
        let bin = programs()?;
        let command = |program: &str| {
            let mut command = Command::new(bin.join(program));
            command.current_dir(&directory).env_clear().env("PATH", "/usr/bin:/bin");
            if owner.uid() != fs::metadata("/proc/self").map_or(0, |m| m.uid()) {
                command.uid(owner.uid()).gid(owner.gid());
            }
            command
        };
        let data = directory.join("data");
        let template = TEMPLATE.get_or_init(|| {
            let template = Path::new(&root).join(format!("tls{}-template", std::process::id()));
            let path = template.display().to_string();
            run(command("initdb")
                .args(["-D", &path, "-U", "postgres", "-A", "trust", "-E", "UTF8"])
                .args(["--locale=C", "--no-sync"]))?;
            let roles = fs::File::open(directory.join("roles")).map_err(|e| e.to_string())?;
            run(command("postgres").args(["--single", "-D", &path, "postgres"]).stdin(roles))?;
            Ok(template)
        });
        run(Command::new("cp").arg("-a").arg(template.as_ref()?).arg(&data))?;
        for _ in 0..8 {
            let port = crate::support::cluster::free_port()?;
            let log = fs::File::create(directory.join("log")).map_err(|e| e.to_string())?;
            let here = directory.display();
            let child = command("postgres")
                .arg("-D")
                .arg(&data)
                .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
                .args(["-c", &format!("unix_socket_directories={here}")])
                .args(["-c", &format!("hba_file={here}/hba")])
                .args(["-c", "ssl=on", "-c", &format!("ssl_cert_file={here}/server.crt")])
                .args(["-c", &format!("ssl_key_file={here}/server.key")])
                .args(["-c", &format!("ssl_ca_file={here}/clients.crt")])
                .args(["-c", "fsync=off", "-c", "max_connections=20"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .map_err(|e| format!("postgres: {e}"))?;
            // From here on, whatever happens, it is stopped by being dropped.
            let mut server = Self { port, directory: directory.clone(), child };
            if server.ready()? {
                return Ok(server);
            }
            // Its port was taken meanwhile. The files are needed for the next try.
            server.directory = directory.join("none");
        }
        Err("no port to be had".into())
    }

    /// Waits until the server accepts connections; `false` if its port was taken.
    fn ready(&mut self) -> Result<bool, String> {
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            let status = fs::read_to_string(self.directory.join("data/postmaster.pid"));
            if status.is_ok_and(|s| s.lines().nth(7).is_some_and(|l| l.trim() == "ready")) {
                return Ok(true);
            }
            if self.child.try_wait().map_err(|e| e.to_string())?.is_some() {
                let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                return match log.contains("Address already in use") {
                    true => Ok(false),
                    false => Err(format!("the server did not start: {log}")),
                };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("the server was not ready within 30 s".into())
    }

    /// Stops the server.
    pub fn stop(&mut self) {
        // Once it has been waited for, its process id may be somebody else's.
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        // SIGQUIT: an immediate shutdown, which ends the children too.
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }

    /// Writes a file for the client, readable by nobody else.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    }
}
