//! A table in use, a repackd that is pointed at it, and what must hold whatever happens.

use super::program::{Finished, SECRET, Started, finish, program, start};
use super::{Database, Outcome, Server, same, words};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// Half of its rows are deleted, so it is bloated.
pub const TABLE: &str = "
CREATE TABLE public.t (id bigint PRIMARY KEY, v text NOT NULL, n int);
CREATE INDEX t_n ON public.t (n);
ALTER TABLE public.t OWNER TO shape_owner;
INSERT INTO public.t SELECT i, repeat('x', 50) || i, i % 100 FROM generate_series(1, 6000) i;
DELETE FROM public.t WHERE id % 2 = 0;
";

/// Copying a row of it takes as long as the setting `scene.delay` says; two of them fill a page.
const SLOW: &str = "
CREATE FUNCTION public.slow(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('scene.delay', true) <> '' THEN
    PERFORM pg_catalog.pg_sleep(current_setting('scene.delay')::float8);
  END IF;
  RETURN $1;
END $$;
ALTER FUNCTION public.slow(bigint) OWNER TO shape_owner;
CREATE TABLE public.t (id bigint PRIMARY KEY, v text,
                       s bigint GENERATED ALWAYS AS (public.slow(id)) STORED);
ALTER TABLE public.t ALTER v SET STORAGE plain;
ALTER TABLE public.t OWNER TO shape_owner;
INSERT INTO public.t SELECT i, repeat('x', 3500) || i FROM generate_series(1, 10000) i;
DELETE FROM public.t WHERE id % 4 = 0 OR id < 2000;
";

/// A database with a table in it, and who works on it: an owner without further rights.
pub struct Scene {
    /// The database.
    pub database: Database,
    /// The superuser, for everything that happens meanwhile.
    pub client: Client,
    /// Who repackd logs in as.
    pub user: String,
    before: String,
}

impl Scene {
    /// The usual table, and more.
    pub async fn new(server: &Server, more: &str) -> Result<Self, String> {
        Self::of(server, &format!("{TABLE}{more}")).await
    }

    /// Another table.
    pub async fn of(server: &Server, setup: &str) -> Result<Self, String> {
        let database = Database::create(server).await?;
        let grant = format!("GRANT CREATE ON DATABASE {} TO shape_owner;", database.name);
        database.run(&grant).await?;
        database.run(setup).await.map_err(|e| format!("setup: {e}"))?;
        let before = database.dump()?;
        let client = database.client().await?;
        Ok(Self { database, client, user: "shape_owner".into(), before })
    }

    /// A table of five thousand pages whose rows take time to copy.
    pub async fn slow(server: &Server) -> Result<Self, String> {
        let scene = Self::of(server, SLOW).await?;
        let name = &scene.database.name;
        scene.run(&format!("ALTER DATABASE {name} SET scene.delay = '0.0005'")).await?;
        Ok(scene)
    }

    /// From here on it is not slow any more.
    pub async fn hurry(&self) -> Outcome {
        self.run(&format!("ALTER DATABASE {} RESET scene.delay", self.database.name)).await
    }

    /// Waits until the first chunk of the table is copied.
    pub async fn until_copying(&self) -> Outcome {
        let oid = self.ask("'public.t'::regclass::oid").await?;
        self.until(&format!("to_regclass('repackd_{oid}.chunk') IS NOT NULL"), "true").await?;
        self.until(&format!("SELECT count(*) > 0 FROM repackd_{oid}.chunk"), "true").await
    }

    /// Runs statements as the superuser, in one session all along.
    pub async fn run(&self, sql: &str) -> Outcome {
        self.client.batch_execute(sql).await.map_err(|e| format!("{sql}: {}", words(e)))
    }

    /// One value.
    pub async fn ask(&self, sql: &str) -> Result<String, String> {
        let row = self.client.query_one(&format!("SELECT ({sql})::text"), &[]).await;
        Ok(row.map_err(words)?.get::<_, Option<String>>(0).unwrap_or_default())
    }

    /// Where repackd connects to; the password in it is for nothing.
    pub fn url(&self) -> String {
        self.database.url(&format!("{}:{SECRET}", self.user))
    }

    /// repackd with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        // Not an argument, so that failures can be shown.
        let mut command = program(arguments);
        command.arg("--url").arg(self.url());
        command
    }

    /// Runs repackd to its end.
    pub fn repackd(&self, arguments: &[&str]) -> Result<Finished, String> {
        finish(self.command(arguments))
    }

    /// Starts it.
    pub fn start(&self, arguments: &[&str]) -> Result<Started, String> {
        start(self.command(arguments))
    }

    /// Takes note of how things are now, for what must be unchanged later.
    pub fn note(&mut self) -> Outcome {
        self.before = self.database.dump()?;
        Ok(())
    }

    /// The table takes writes of every kind.
    pub async fn in_use(&self) -> Outcome {
        self.writes("t", "id").await
    }

    /// So does it under another name, with another key.
    pub async fn writes(&self, table: &str, key: &str) -> Outcome {
        self.run(&format!(
            "INSERT INTO public.{table} ({key}, v) VALUES (99999, 'a');
             UPDATE public.{table} SET v = 'b' WHERE {key}::text = '99999';
             UPDATE public.{table} SET {key} = 88888 WHERE v = 'b';
             DELETE FROM public.{table} WHERE v = 'b';"
        ))
        .await
    }

    /// The unfinished runs that `status` knows.
    pub fn runs(&self) -> Result<Vec<Value>, String> {
        let status = self.repackd(&["status", "--json"])?;
        let document = status.status(0)?.json()?;
        let runs = document["runs"].as_array().ok_or(format!("no runs in {document}"))?;
        Ok(runs.clone())
    }

    /// Nothing is left, nothing is different, and the table is in use.
    pub async fn untouched(&self) -> Outcome {
        self.in_use().await?;
        self.gone().await
    }

    /// Nothing is left, and nothing is different.
    pub async fn gone(&self) -> Outcome {
        let remains = self.database.remains().await?;
        if !remains.is_empty() {
            return Err(format!("left behind: {remains:?}"));
        }
        self.repackd(&["status"])?.status(0)?.shows(&["nothing left behind"])?;
        same("the database", &self.before, &self.database.dump()?)
    }

    /// The table is in use, a run of it is left, and `status` says so and what to do.
    pub async fn kept(&self) -> Outcome {
        self.in_use().await?;
        let runs = self.runs()?;
        match runs.as_slice() {
            [run] if run["table"] == "public.t" && run["problem"].is_null() => {}
            other => return Err(format!("one run of public.t was expected: {other:?}")),
        }
        let status = self.repackd(&["status"])?;
        let parts = ["public.t", "repackd resume public.t", "repackd abort public.t"];
        status.status(0)?.shows(&parts)?;
        Ok(())
    }

    /// As [`kept`](Self::kept), and then nothing is after `abort`.
    pub async fn kept_until_abort(&self) -> Outcome {
        self.kept().await?;
        self.repackd(&["abort", "t"])?.status(0)?;
        self.untouched().await
    }

    /// As [`kept`](Self::kept), and then `resume` brings it to its end.
    pub async fn kept_until_resume(&self) -> Outcome {
        self.kept().await?;
        let old = self.ask("'public.t'::regclass::oid").await?;
        self.repackd(&["resume", "t"])?.status(0)?;
        if self.ask("'public.t'::regclass::oid").await? == old {
            return Err("the table is still the old one".into());
        }
        self.untouched().await
    }

    /// Waits until a query has this answer.
    pub async fn until(&self, query: &str, answer: &str) -> Outcome {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let found = self.ask(query).await?;
            if found == answer {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(format!("{query}: {answer} was waited for, it is {found}"));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends the scene.
    pub async fn drop(self) -> Outcome {
        self.database.drop().await
    }
}
