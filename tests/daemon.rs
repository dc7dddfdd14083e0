//! The daemon on live servers: a night, signals, people, daemons that die, a fleet.

mod fleet;
mod left;
mod many;
mod night;
mod people;
mod signals;
mod takeover;

use crate::bad_input::{cases, newest, trials};
use crate::support::program::{Finished, SECRET, Started, finish, program, start};
use crate::support::{Database, Outcome, Server, client, words};
use libtest_mimic::Trial;
use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let all = cases! {
        night: two_windows;
        signals: terminate_and_go_on second_terminate hangup;
        takeover: killed_while_copying killed_after_the_cutover store_out_of_reach;
        people: pause_and_resume cancel set_aside run_by_hand without_a_store once;
        left: a_persons the_last_copy unknown_to_the_store cancelled;
        many: connections;
        fleet: killed_at_random;
    };
    trials("daemon", &newest(), all)
}

/// A database, a configuration and a store.
pub struct Rig {
    /// The database.
    pub database: Database,
    /// The superuser.
    pub client: Client,
    directory: PathBuf,
}

impl Rig {
    /// With these tables, analyzed.
    pub async fn new(server: &Server, setup: &str) -> Result<Self, String> {
        let database = Database::create(server).await?;
        let grant = format!("GRANT CREATE ON DATABASE {} TO shape_owner;", database.name);
        database.run(&grant).await?;
        database.run(setup).await.map_err(|e| format!("setup: {e}"))?;
        database.run("ANALYZE").await?;
        let client = database.client().await?;
        let directory = std::env::temp_dir().join(format!("repackd-rig-{}", database.name));
        std::fs::create_dir_all(&directory).map_err(words)?;
        Ok(Self { database, client, directory })
    }

    /// Where the configuration is.
    pub fn file(&self) -> String {
        self.directory.join("repackd.toml").display().to_string()
    }

    /// Writes a configuration with the connection `shop` and a store in SQLite, and more.
    pub fn configure(&self, more: &str) -> Outcome {
        let store = self.directory.join("store.sqlite").display().to_string();
        self.write(&format!(
            "[store]\nurl = \"sqlite:{store}\"\n{}\n{more}",
            self.connection("shop", "")
        ))
    }

    /// A connection to the database.
    pub fn connection(&self, name: &str, more: &str) -> String {
        let url = self.database.url(&format!("shape_owner:{SECRET}"));
        format!(
            "[connections.{name}]\nurl = \"{url}\"\ntrust_owner = true\ncutover_budget = \"800ms\"\n{more}\n"
        )
    }

    /// Writes a whole configuration.
    pub fn write(&self, text: &str) -> Outcome {
        std::fs::write(self.file(), text).map_err(words)
    }

    /// Starts a command.
    pub fn start(&self, arguments: &[&str]) -> Result<Started, String> {
        let mut command = program(arguments);
        command.arg("--config").arg(self.file());
        start(command)
    }

    /// Runs one to its end.
    pub fn repackd(&self, arguments: &[&str]) -> Result<Finished, String> {
        let mut command = program(arguments);
        command.arg("--config").arg(self.file());
        finish(command)
    }

    /// Runs statements as the superuser.
    pub async fn run(&self, sql: &str) -> Outcome {
        self.client.batch_execute(sql).await.map_err(|e| format!("{sql}: {}", words(e)))
    }

    /// One value.
    pub async fn ask(&self, sql: &str) -> Result<String, String> {
        let row = self.client.query_one(&format!("SELECT ({sql})::text"), &[]).await;
        Ok(row.map_err(words)?.get::<_, Option<String>>(0).unwrap_or_default())
    }

    /// The history, oldest first: table, ending and the whole.
    pub fn history(&self) -> Result<Vec<(String, String, Value)>, String> {
        let document = self.repackd(&["history", "--limit", "10000", "--json"])?;
        let document = document.status(0)?.json()?;
        let attempts = document["attempts"].as_array().ok_or(format!("no attempts: {document}"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut all: Vec<_> =
            attempts.iter().map(|a| (text(&a["table"]), text(&a["ending"]), a.clone())).collect();
        all.reverse();
        Ok(all)
    }

    /// The endings of a table's attempts, oldest first.
    pub fn endings(&self, table: &str) -> Result<Vec<String>, String> {
        let all = self.history()?.into_iter().filter(|(t, ..)| t == table);
        Ok(all.map(|(_, ending, _)| ending).collect())
    }

    /// The queue, by `status`.
    pub fn queue(&self) -> Result<Vec<Value>, String> {
        let document = self.repackd(&["status", "--json"])?.status(0)?.json()?;
        Ok(document["queue"].as_array().cloned().unwrap_or_default())
    }

    /// Waits until something holds.
    pub async fn until(
        &self,
        what: &str,
        most: u64,
        holds: impl Fn() -> Result<bool, String>,
    ) -> Outcome {
        let end = Instant::now() + Duration::from_secs(most);
        while !holds()? {
            if Instant::now() > end {
                return Err(format!(
                    "{what} was waited for; the history: {:#?}; the queue: {:#?}",
                    self.history()?,
                    self.queue()?
                ));
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        Ok(())
    }

    /// Waits until a table's attempts have ended like this.
    pub async fn until_ended(&self, table: &str, endings: &[&str], most: u64) -> Outcome {
        self.until(&format!("{table}: {endings:?}"), most, || Ok(self.endings(table)? == endings))
            .await
    }

    /// Waits until the first chunk of a table is copied.
    pub async fn until_copying(&self, table: &str) -> Outcome {
        let oid = self.ask(&format!("'{table}'::regclass::oid")).await?;
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let copying = match self
                .ask(&format!("to_regclass('repackd_{oid}.chunk') IS NOT NULL"))
                .await?
                .as_str()
            {
                "true" => {
                    self.ask(&format!("SELECT count(*) > 0 FROM repackd_{oid}.chunk")).await?
                        == "true"
                }
                _ => false,
            };
            if copying {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(format!(
                    "{table} is not being copied; the queue: {:#?}",
                    self.queue()?
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Nothing of repackd is left in the database.
    pub async fn clean(&self) -> Outcome {
        self.database.expect_no_remains().await
    }

    /// Ends it.
    pub async fn drop(self) -> Outcome {
        std::fs::remove_dir_all(&self.directory).map_err(words)?;
        self.database.drop().await
    }
}

/// A table of which most rows are deleted.
pub fn bloated(name: &str) -> String {
    format!(
        "CREATE TABLE public.{name} (id bigint PRIMARY KEY, v text NOT NULL, n int);
         ALTER TABLE public.{name} OWNER TO shape_owner;
         INSERT INTO public.{name} SELECT i, repeat('x', 50) || i, i % 100 FROM generate_series(1, 6000) i;
         DELETE FROM public.{name} WHERE id % 4 <> 0;"
    )
}

/// One whose rows take a while to copy: as long as the setting `scene.delay` of the database says.
pub fn slow(name: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION public.slow(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$
         BEGIN
           IF current_setting('scene.delay', true) <> '' THEN
             PERFORM pg_catalog.pg_sleep(current_setting('scene.delay')::float8);
           END IF;
           RETURN $1;
         END $$;
         ALTER FUNCTION public.slow(bigint) OWNER TO shape_owner;
         CREATE TABLE public.{name} (id bigint PRIMARY KEY, v text,
                                     s bigint GENERATED ALWAYS AS (public.slow(id)) STORED);
         ALTER TABLE public.{name} ALTER v SET STORAGE plain;
         ALTER TABLE public.{name} OWNER TO shape_owner;
         INSERT INTO public.{name} SELECT i, repeat('x', 3500) || i FROM generate_series(1, 8000) i;
         DELETE FROM public.{name} WHERE id % 4 <> 0;"
    )
}

impl Rig {
    /// From here on copying a row of a slow table takes this long.
    pub async fn delay(&self, seconds: &str) -> Outcome {
        self.run(&format!("ALTER DATABASE {} SET scene.delay = '{seconds}'", self.database.name))
            .await
    }
}

/// All tables that are bloated, at any time, in any order of theirs.
pub const ANY_TIME: &str = "
[daemon]
lease = \"3s\"
backoff = \"2s\"
[[rule]]
name = \"all\"
tables = [\"*\"]
when = { bloat_ratio = 0.2 }
";

/// Another session as the superuser.
pub async fn session(rig: &Rig) -> Result<Client, String> {
    client(&rig.database.url("postgres")).await
}
