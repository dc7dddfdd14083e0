//! The daemon seen through HTTP: by programs, by a browser, and by who means ill. Against a real daemon,
//! with its store in SQLite and in PostgreSQL.

mod api;
mod browser;
mod client;
mod clients;
mod contract;
mod guard;
mod history;
mod page;
mod probes;
mod watch;

use crate::bad_input::{cases, newest, trials};
use crate::daemon::Rig;
use crate::support::program::Started;
use crate::support::{Database, Outcome, Server, words};
use client::{Answer, Client};
use libtest_mimic::Trial;
use serde_json::Value;
use std::time::{Duration, Instant};

/// A token, and another.
pub const TOKEN: &str = "a-token-that-nobody-guesses-42";
pub const OTHER: &str = "a-token-that-nobody-guesses-43";

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let all = cases! {
        probes: a_life starting store_out_of_reach figures single_pass;
        api: on_sqlite on_postgres what_is_not_there;
        guard: token hosts for_others configuration injection;
        clients: hung many;
        history: over_time;
        page: live without_scripts failure narrow barriers;
        watch: on_a_terminal elsewhere;
    };
    trials("http", &newest(), all)
}

/// A daemon that is shown.
pub struct Shown {
    /// Its database and configuration.
    pub rig: Rig,
    /// How it is asked.
    pub client: Client,
    /// The store, if it is a database.
    store: Option<Database>,
    more: String,
}

impl Shown {
    /// With these tables, and this besides in the configuration; the store is a file.
    pub async fn new(server: &Server, setup: &str, more: &str) -> Result<Self, String> {
        Self::with(server, setup, more, None).await
    }

    /// The store is a database of its own.
    pub async fn on_postgres(server: &Server, setup: &str, more: &str) -> Result<Self, String> {
        let store = Database::create(server).await?;
        Self::with(server, setup, more, Some(store)).await
    }

    async fn with(
        server: &Server,
        setup: &str,
        more: &str,
        store: Option<Database>,
    ) -> Result<Self, String> {
        let rig = Rig::new(server, setup).await?;
        let client = Client::new(crate::support::cluster::free_port()?);
        let mut shown = Self { rig, client, store, more: more.to_owned() };
        shown.configure("")?;
        Ok(shown)
    }

    /// Writes the configuration, with more in `[http]`.
    pub fn configure(&mut self, http: &str) -> Outcome {
        let at = self.client.port;
        let more = format!(
            "[http]\nlisten = \"127.0.0.1:{at}\"\ntoken = \"{TOKEN}\"\n{http}\n{}",
            self.more
        );
        match &self.store {
            None => self.rig.configure(&more),
            Some(store) => self.rig.write(&format!(
                "[store]\nurl = \"{}\"\n{}\n{more}",
                store.url("postgres"),
                self.rig.connection("shop", "")
            )),
        }
    }

    /// Starts the daemon and waits until it is ready.
    pub async fn start(&self) -> Result<Started, String> {
        let mut daemon = self.rig.start(&["daemon"])?;
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            match self.client.get("/readiness").await {
                Ok(answer) if answer.status == 200 => return Ok(daemon),
                _ if !daemon.is_running() || Instant::now() > end => {
                    return Err(format!("it is not ready: {}", daemon.said()));
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Asks until something holds.
    pub async fn until(
        &self,
        what: &str,
        path: &str,
        holds: impl Fn(&Answer) -> bool,
    ) -> Result<Answer, String> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let last = self.client.get(path).await;
            if let Ok(answer) = &last
                && holds(answer)
            {
                return last;
            }
            if Instant::now() > end {
                return Err(format!("{what} was waited for: {last:#?}"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until the API says something about a list.
    pub async fn until_json(
        &self,
        what: &str,
        path: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Value, String> {
        let answer = self.until(what, path, |a| a.json().is_ok_and(|v| holds(&v))).await?;
        answer.json()
    }

    /// Ends all.
    pub async fn drop(self) -> Outcome {
        self.rig.clean().await?;
        if let Some(store) = self.store {
            store.drop().await?;
        }
        self.rig.drop().await
    }
}

/// Stops a daemon.
pub fn stop(daemon: Started) -> Outcome {
    daemon.signal("TERM")?;
    let finished = daemon.wait()?;
    for secret in [TOKEN, OTHER] {
        if finished.err.contains(secret) || finished.out.contains(secret) {
            return Err(format!("a token in what was said: {finished}"));
        }
    }
    finished.status(0).map(drop)
}

/// Fails unless something holds.
pub fn holds(what: &str, holds: bool, found: impl std::fmt::Debug) -> Outcome {
    if holds { Ok(()) } else { Err(format!("{what}: {found:#?}")) }
}

/// A file beside these tests.
pub fn beside(name: &str) -> Result<String, String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http").join(name);
    path.to_str().map(str::to_owned).ok_or_else(|| words(name))
}
