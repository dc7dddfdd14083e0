//! A connection pooler in front of a server.

use super::cluster::{as_server, free_port, fresh};
use super::{Database, words};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// PgBouncer at work. Stopped when dropped.
pub struct PgBouncer {
    /// Where it listens.
    pub port: u16,
    child: Child,
    directory: PathBuf,
}

impl PgBouncer {
    /// Starts one in front of a database; `None` where there is no PgBouncer.
    pub async fn start(database: &Database, mode: &str) -> Result<Option<Self>, String> {
        let Some(program) = std::env::var_os("REPACKD_TEST_PGBOUNCER") else {
            eprintln!("SKIPPED: REPACKD_TEST_PGBOUNCER is not set, no PgBouncer was to be had");
            return Ok(None);
        };
        let (directory, port) = (fresh("bouncer")?, free_port()?);
        std::fs::create_dir(&directory).map_err(words)?;
        let url = &database.server.url;
        let server = url.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/'));
        let (server, _) = server.ok_or_else(|| format!("no port in {url}"))?;
        let users = directory.join("users.txt");
        std::fs::write(&users, "\"shape_owner\" \"\"\n\"postgres\" \"\"\n").map_err(words)?;
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\n\
             pool_mode = {mode}\ndefault_pool_size = 10\nignore_startup_parameters = options\n",
            users.display()
        );
        let file = directory.join("pgbouncer.ini");
        std::fs::write(&file, settings).map_err(words)?;
        let child = as_server(Path::new(&program))?
            .arg("-q")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(words)?;
        let bouncer = Self { port, child, directory };
        let end = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > end {
                return Err("pgbouncer does not listen".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Some(bouncer))
    }

    /// The URL of a database through it.
    pub fn url(&self, database: &Database, user: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{}", self.port, database.name)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
