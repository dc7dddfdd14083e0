//! The journal: the durable state of one repack, in the target database, so that work and its
//! record commit together.

use crate::catalog::{Key, Matview, TableDescription};
use crate::error::{Error, Result, Verdict};
use crate::job::{Figures, Phase};
use crate::names::{QualifiedName, RunNames};
use crate::pg::{DURABLE, READ_COMMITTED, Session, settings, transaction};
use crate::sql::{Subject, schemas::JOURNAL_VERSION};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tokio_postgres::{Client, GenericClient, types::Type};

/// The phases in which the new table is live.
const PAST_CUTOVER: [Phase; 2] = [Phase::Validate, Phase::Cleanup];

/// What the journal holds besides the columns that `status` and people read in SQL.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// The table's name.
    pub table: QualifiedName,
    /// The table as it was: the fingerprint.
    pub description: TableDescription,
    /// Its key.
    pub key: Key,
    /// Pages to copy, known once capture is on.
    pub pages: Option<u64>,
    /// The file of the table when they were counted, or since the last TRUNCATE. Another one means
    /// that the table was rewritten behind capture's back.
    #[serde(default)]
    pub filenode: Option<u32>,
    /// Whether the shadow has its marks, statistics objects and comments.
    #[serde(default)]
    pub finished: bool,
    /// Sequences of serial columns that the table has let go of for the cutover: OID and column.
    #[serde(default)]
    pub released: Vec<(u32, String)>,
    /// Whether the exchange takes off the foreign keys that a partition has from its parent.
    #[serde(default)]
    pub keys_of_parent: bool,
    /// The materialized views that stand in the run's schema, and what they were built from.
    #[serde(default)]
    pub matviews: Vec<Built>,
    /// Privileges of the old table as taken over by the exchange.
    #[serde(default)]
    pub taken_over: Option<TableDescription>,
    /// Whether an abort was begun: then capture may be off already, and there is no going on.
    #[serde(default)]
    pub given_up: bool,
    /// How the shadow was found not to be equal to the table: then there is no going on, either.
    #[serde(default)]
    pub mismatch: Option<String>,
    /// Whether a daemon began it. What a person has begun is left to persons.
    #[serde(default)]
    pub daemon: bool,
    /// Why it is held back, if it is.
    #[serde(default)]
    pub held: Option<Held>,
    /// The figures so far.
    pub figures: Figures,
    /// Who began it, or went on with it last.
    pub login: String,
    /// Version of his repackd.
    pub repackd: String,
    /// The host it ran on.
    #[serde(default)]
    pub host: String,
    /// Its process there.
    #[serde(default)]
    pub pid: u32,
}

impl State {
    /// Puts down this process as the one whose run it is.
    pub fn sign(&mut self, login: String) {
        self.login = login;
        self.repackd = env!("CARGO_PKG_VERSION").to_owned();
        self.host = whoami::hostname().unwrap_or_default();
        self.pid = std::process::id();
        self.held = None;
    }
}

/// Why a run is held back, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The setting that holds it.
    pub by: String,
    /// In words.
    pub why: String,
    /// Since when, in seconds of Unix time.
    pub since: u64,
}

impl Held {
    /// From now on.
    pub fn now(by: &str, why: &str) -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let since = since.map(|d| d.as_secs()).unwrap_or_default();
        Self { by: by.to_owned(), why: why.to_owned(), since }
    }
}

/// A materialized view built from the shadow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// OID of the one it will be exchanged with.
    pub oid: u32,
    /// Its mark when this one was built. Another one means that somebody has refreshed it since.
    pub mark: String,
    /// What it was then, but for its privileges and what hangs on it.
    pub view: Matview,
    /// When this one was built.
    pub at: String,
}

/// The journal of a run that exists in the database.
#[derive(Debug, Clone)]
pub struct Journal {
    /// OID of the original.
    pub table_oid: u32,
    /// OID of the shadow.
    pub shadow_oid: u32,
    /// The table's owner, and that of all the run's objects.
    pub owner: String,
    /// The phase to go on with.
    pub phase: Phase,
    /// The rest.
    pub state: State,
}

impl Journal {
    /// What the SQL builders need.
    pub fn subject(&self) -> Subject {
        let State { table, description, key, .. } = &self.state;
        // The name is what the journal says, not what the description says: whether the two agree
        // is for the fingerprint to find out.
        Subject {
            table: table.clone(),
            ..Subject::new(self.table_oid, description.clone(), key.clone())
        }
    }

    /// Writes it for the first time.
    pub async fn insert(&self, client: &impl GenericClient) -> Result<()> {
        let table = RunNames::new(self.table_oid).work_sql("journal");
        client
            .execute_typed(
                &format!(
                    "INSERT INTO {table} (version, table_oid, shadow_oid, owner, phase, state) VALUES ($1, $2, $3, $4, $5, $6)"
                ),
                &[
                    (&JOURNAL_VERSION, Type::INT4),
                    (&self.table_oid, Type::OID),
                    (&self.shadow_oid, Type::OID),
                    (&self.owner, Type::TEXT),
                    (&self.phase.name(), Type::TEXT),
                    (&self.text()?, Type::TEXT),
                ],
            )
            .await
            .map_err(Error::sql("writing the journal"))?;
        Ok(())
    }

    /// The same, to be found again after a crash of the server: before anybody is told.
    pub async fn settle(&self, client: &Client) -> Result<()> {
        transaction(client, READ_COMMITTED, async |client| {
            client.batch_execute(DURABLE).await.map_err(Error::sql("writing the journal"))?;
            self.save(client).await
        })
        .await
    }

    /// Writes the present phase and state. Never takes back a cutover, whatever the caller believes.
    pub async fn save(&self, client: &impl GenericClient) -> Result<()> {
        let table = RunNames::new(self.table_oid).work_sql("journal");
        let rows = client
            .execute_typed(
                &format!(
                    "UPDATE {table} SET phase = $1, state = $2, updated = pg_catalog.clock_timestamp()
                     WHERE table_oid = $3 AND (phase <> ALL ($4) OR $1 = ANY ($4))"
                ),
                &[
                    (&self.phase.name(), Type::TEXT),
                    (&self.text()?, Type::TEXT),
                    (&self.table_oid, Type::OID),
                    (&PAST_CUTOVER.map(Phase::name).as_slice(), Type::TEXT_ARRAY),
                ],
            )
            .await
            .map_err(Error::sql("writing the journal"))?;
        if rows == 1 {
            Ok(())
        } else {
            Err(Error::Other(format!(
                "the journal of {} is gone, or it is past its cutover: somebody else had this run",
                self.state.table
            )))
        }
    }

    fn text(&self) -> Result<String> {
        serde_json::to_string(&self.state)
            .map_err(|e| Error::Other(format!("cannot write the journal: {e}")))
    }
}

/// A run found in the database.
#[derive(Debug, Clone)]
pub struct FoundRun {
    /// OID of the original, from the schema's name.
    pub oid: u32,
    /// The owner of the run's schema.
    pub owner: String,
    /// Why its journal cannot be used, if it cannot.
    pub problem: Option<String>,
}

impl FoundRun {
    /// What to say of it to who wants to begin a run of the table, if it is none to go on with.
    pub fn in_the_way(&self) -> Option<String> {
        let problem = self.problem.as_ref()?;
        Some(format!("there is a schema repackd_{} in the way, and {problem}", self.oid))
    }
}

/// The runs in this database, by the names of their schemas. A journal is only read after it is
/// plain that it is what it claims to be: anyone who may create schemas could make one, and a view
/// or a rule in its place would run as us.
pub async fn find(client: &impl GenericClient, oid: Option<u32>) -> Result<Vec<FoundRun>> {
    let rows = client
        .query_typed(include_str!("find_runs.sql"), &[(&oid.map(i64::from), Type::INT8)])
        .await
        .map_err(Error::sql("looking for earlier runs"))?;
    Ok(rows
        .iter()
        .map(|r| FoundRun { oid: r.get::<_, i64>(0) as u32, owner: r.get(1), problem: r.get(2) })
        .collect())
}

/// A schema that a new run of this table needs and that is there already, though no run is.
pub async fn in_the_way(client: &impl GenericClient, oid: u32) -> Result<Option<String>> {
    let names = RunNames::new(oid);
    let row = client
        .query_typed_opt(
            "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1) ORDER BY 1 LIMIT 1",
            &[(&names.all().as_slice(), Type::TEXT_ARRAY)],
        )
        .await
        .map_err(Error::sql("looking for schemas in the way"))?;
    Ok(row.map(|row| {
        let schema: String = row.get(0);
        format!(
            "there is a schema {schema} in the way, which belongs to no run: look at what is in it, and rename or drop it"
        )
    }))
}

/// Whether a daemon's run of the table is left. `session` works as the login role.
pub async fn is_left_by_daemon(session: &Session, oid: u32) -> Result<bool> {
    for found in find(session.client(), Some(oid)).await? {
        if daemons(session, &found).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The runs of daemons that are left: the tables, and the OIDs by which their runs go. Whoever owns a
/// journal may have written any name into it, so it counts for tables of his own.
pub async fn left_by_daemons(session: &Session) -> Result<HashMap<QualifiedName, u32>> {
    let mut left = HashMap::new();
    for found in find(session.client(), None).await? {
        let table = match daemons(session, &found).await {
            Ok(Some(state)) => state.table,
            Ok(None) => continue,
            Err(e) if e.verdict() == Verdict::Resume => return Err(e),
            // Its owner may have a lock on it. The next look will tell.
            Err(e) => {
                tracing::debug!("the journal in repackd_{}: {e}", found.oid);
                continue;
            }
        };
        let row = session
            .query_typed_one(
                "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                                WHERE n.nspname = $1 AND c.relname = $2
                                  AND pg_catalog.pg_get_userbyid(c.relowner) = $3)",
                &[(&table.schema, Type::TEXT), (&table.name, Type::TEXT), (&found.owner, Type::TEXT)],
            )
            .await
            .map_err(Error::sql("looking for what daemons left"))?;
        if row.get(0) {
            left.insert(table, found.oid);
        }
    }
    Ok(left)
}

/// The state of a run, if a daemon began it and it can be read: whoever can read the others may go on
/// with them.
async fn daemons(session: &Session, found: &FoundRun) -> Result<Option<State>> {
    if found.problem.is_some() {
        return Ok(None);
    }
    let read = async {
        settings::become_role(session, &found.owner).await?;
        read(session.client(), found).await
    };
    let read = read.await;
    session.batch_execute("RESET ROLE").await.map_err(Error::sql("RESET ROLE"))?;
    match read {
        Ok(Journal { state, .. }) => Ok(Some(state).filter(|state| state.daemon)),
        Err(e) if matches!(e, Error::Other(_)) || e.is_impossible() => Ok(None),
        Err(e) => Err(e),
    }
}

/// Reads a run's journal. The session must work as the run's owner.
pub async fn read(client: &impl GenericClient, run: &FoundRun) -> Result<Journal> {
    if let Some(problem) = &run.problem {
        return Err(Error::Other(format!(
            "schema repackd_{} is not a run of repackd: {problem}",
            run.oid
        )));
    }
    let table = RunNames::new(run.oid).work_sql("journal");
    let row = client
        .query_typed_opt(
            &format!("SELECT version, table_oid, shadow_oid, phase, state FROM ONLY {table} WHERE table_oid = $1"),
            &[(&run.oid, Type::OID)],
        )
        .await
        .map_err(Error::sql("reading the journal"))?
        .ok_or_else(|| Error::Other(format!("the journal in repackd_{} is empty", run.oid)))?;
    let version: i32 = row.get(0);
    if version != JOURNAL_VERSION {
        return Err(Error::Other(format!(
            "the run in repackd_{} has journal version {version}, this repackd knows {JOURNAL_VERSION}: use the repackd that began it",
            run.oid
        )));
    }
    let phase: String = row.get(3);
    let state: String = row.get(4);
    Ok(Journal {
        table_oid: row.get(1),
        shadow_oid: row.get(2),
        // Of the two places that say it, the catalog is the one that can be believed.
        owner: run.owner.clone(),
        phase: Phase::parse(&phase).ok_or_else(|| {
            Error::Other(format!(
                "the journal in repackd_{} has phase {phase}, which this repackd does not know",
                run.oid
            ))
        })?,
        state: serde_json::from_str(&state).map_err(|e| {
            Error::Other(format!("the journal in repackd_{} cannot be read: {e}", run.oid))
        })?,
    })
}
