//! A server, and a client that wants to connect to it.

use super::Outcome;
use super::pki::Authority;
use super::server::TestServer;
use repackd::config::{Config, Environment};
use repackd::pg;

pub const PASSWORD: &str = r"corr:ect\horse";
/// [`PASSWORD`] as a URL has it, and as a password file has it.
pub const IN_URL: &str = "corr%3Aect%5Chorse";
pub const IN_PASSFILE: &str = r"corr\:ect\\horse";

/// A server, the authority of its certificate, and a client that wants to connect.
pub struct Scene {
    pub server: TestServer,
    pub root: Authority,
    pub issuing: Authority,
    pub home: String,
}

/// What a connection turned out to be.
#[derive(Debug)]
pub struct Connected {
    pub user: String,
    pub encrypted: bool,
}

impl Scene {
    /// The server's certificate is for `db.test` and 127.0.0.1, and issued by an authority below
    /// the root.
    pub fn new() -> Result<Self, String> {
        let root = Authority::root("Test Root");
        let issuing = root.below("Test Issuing", 10);
        let certificate = issuing.issue("db.test", &["db.test", "127.0.0.1"], 100);
        let chain = format!("{}{}", certificate.pem, issuing.pem);
        Self::with(root, issuing, &chain, &certificate.key)
    }

    pub fn with(
        root: Authority,
        issuing: Authority,
        chain: &str,
        key: &str,
    ) -> Result<Self, String> {
        let server = TestServer::start(chain, key, &root.pem)?;
        let home = server.directory.join("home");
        std::fs::create_dir(&home).map_err(|e| e.to_string())?;
        let home = home.display().to_string();
        Ok(Self { server, root, issuing, home })
    }

    /// The file, readable by its owner only, below the home directory of the client.
    pub fn file(&self, name: &str, text: &str) -> String {
        self.server.file(&format!("home/{name}"), text)
    }

    pub fn environment(&self, more: &[(&str, &str)]) -> Environment {
        let port = self.server.port.to_string();
        let own = [
            ("HOME", self.home.as_str()),
            ("USER", "app"),
            ("PGHOST", "db.test"),
            ("PGHOSTADDR", "127.0.0.1"),
            ("PGPORT", &port),
            ("PGDATABASE", "shop"),
        ];
        Environment::of(own.iter().chain(more).copied())
    }

    /// Connects with `words` and the environment.
    pub fn connect_with(&self, words: &str, more: &[(&str, &str)]) -> Result<Connected, String> {
        let config = Config::from_url_in(Some(words), &self.environment(more));
        ask(&config.map_err(|e| e.to_string())?)
    }

    pub fn connects(&self, words: &str) -> Result<Connected, String> {
        self.connect_with(words, &[]).map_err(|e| format!("[{words}]: {e}"))
    }

    /// Expects an error with each of `parts` in it, and no password.
    pub fn refused(&self, words: &str, parts: &[&str]) -> Outcome {
        mentions(words, self.connect_with(words, &[]), parts)
    }

    /// Connects as a configuration file says.
    pub fn configured(&self, keys: &str) -> Result<Connected, String> {
        let path = self.file("r.toml", &format!("[connections.x]\n{keys}\n"));
        let text = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
        let config = Config::parse_in(&text, Some(path.as_ref()), &self.environment(&[]));
        ask(&config.map_err(|e| e.to_string())?)
    }
}

pub fn mentions<T>(what: &str, found: Result<T, String>, parts: &[&str]) -> Outcome {
    let error = match found {
        Ok(_) => return Err(format!("[{what}] was let in")),
        Err(error) => error,
    };
    if let Some(missing) = parts.iter().find(|p| !error.contains(**p)) {
        return Err(format!("[{what}]: no \"{missing}\" in: {error}"));
    }
    for secret in [PASSWORD, IN_URL, IN_PASSFILE, "horse"] {
        if error.contains(secret) {
            return Err(format!("[{what}]: a password in: {error}"));
        }
    }
    Ok(())
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Connects and asks the server about the connection.
pub fn ask(config: &Config) -> Result<Connected, String> {
    runtime().block_on(async {
        let server = &config.connections[0].server;
        let session = pg::connect(server, "repackd-test").await.map_err(|e| e.to_string())?;
        let query = "SELECT current_user::text, ssl, pid, application_name \
                     FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) \
                     WHERE pid = pg_backend_pid()";
        let row = session.query_one(query, &[]).await.map_err(|e| e.to_string())?;
        check(row.get::<_, i32>("pid") == session.backend_pid(), "backend_pid")?;
        check(row.get::<_, &str>("application_name") == "repackd-test", "application_name")?;
        Ok(Connected { user: row.get(0), encrypted: row.get(1) })
    })
}

pub fn check(truth: bool, what: &str) -> Outcome {
    if truth { Ok(()) } else { Err(format!("not true: {what}")) }
}
