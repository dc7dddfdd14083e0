//! Every shape of table: nothing about it changes but its size.
//!
//! Two databases are made from one file. One is repacked, with the file's workload running between
//! the copy and the cutover; the other only gets the workload. In the end their dumps must be equal,
//! and so must be the way the tables go on working.

use crate::support::{Database, Outcome, Server, expect, repack, same, servers};
use libtest_mimic::Trial;
use repackd::engine::{self, Goal};
use repackd::job::Ending;
use std::path::{Path, PathBuf};

/// A file of shapes or refusals, in its parts.
#[derive(Debug, Clone)]
pub struct Sheet {
    pub name: String,
    pub table: String,
    pub refuse: Vec<String>,
    pub user: Option<String>,
    min: u32,
    max: u32,
    pub setup: String,
    workload: String,
    probe: String,
}

/// Reads every file of a directory under tests.
pub fn sheets(directory: &str) -> Vec<Sheet> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(directory);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "sql"));
    files.sort();
    files.iter().map(|f| sheet(f)).collect()
}

fn sheet(path: &Path) -> Sheet {
    let text = std::fs::read_to_string(path).unwrap();
    let header = |key: &str| {
        let prefix = format!("-- {key}: ");
        text.lines().find_map(|l| l.strip_prefix(&prefix).map(|v| v.trim().to_owned()))
    };
    let number = |key: &str, otherwise: u32| header(key).map_or(otherwise, |v| v.parse().unwrap());
    let part = |name: &str| {
        let start = format!("-- {name}\n");
        let Some((_, rest)) = text.split_once(&start) else { return String::new() };
        let end = ["-- workload\n", "-- probe\n"].iter().filter_map(|m| rest.find(m)).min();
        rest[..end.unwrap_or(rest.len())].to_owned()
    };
    Sheet {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        table: header("table").expect("a table line"),
        refuse: header("refuse")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_lowercase)
            .collect(),
        user: header("as"),
        min: number("min", 0),
        max: number("max", 99),
        setup: part("setup"),
        workload: part("workload"),
        probe: part("probe"),
    }
}

impl Sheet {
    /// The servers it is for.
    pub fn servers(&self) -> impl Iterator<Item = Server> + use<> {
        let range = self.min..=self.max;
        servers().into_iter().filter(move |s| range.contains(&s.version))
    }
}

/// One test for each shape and server.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (number, sheet) in sheets("shapes").into_iter().enumerate() {
        let twice = crate::races::in_turn(&sheet.servers().collect::<Vec<_>>(), number);
        for server in sheet.servers() {
            let sheet = sheet.clone();
            let twice = twice.iter().any(|s| s.version == server.version);
            let name = format!("shapes::{}::pg{}", sheet.name, server.version);
            trials.push(Trial::test(name, move || {
                crate::support::block_on(cycle(&sheet, &server, twice)).map_err(Into::into)
            }));
        }
    }
    trials
}

/// Prepare, abort, a whole repack with writes in between; and, on one server or on all that are wanted,
/// a second one.
async fn cycle(sheet: &Sheet, server: &Server, twice: bool) -> Outcome {
    let (control, subject) = (Database::create(server).await?, Database::create(server).await?);
    control.run(&sheet.setup).await.map_err(|e| format!("setup: {e}"))?;
    subject.run(&sheet.setup).await.map_err(|e| format!("setup: {e}"))?;

    // Every other version works as the plain owner, who needs no more than CREATE on the database.
    let found = subject.find(&sheet.table).await?;
    let owner = owner(&subject, found.oid).await?;
    let user = match &sheet.user {
        Some(user) => user.clone(),
        None if server.version % 2 == 1 => owner,
        None => "postgres".to_owned(),
    };
    let grant = format!("GRANT CREATE ON DATABASE {} TO shape_owner", subject.name);
    subject.run(&grant).await?;
    control.run(&grant.replace(&subject.name, &control.name)).await?;
    let mut job = subject.job(&user);
    // How long the exchange may take is tested elsewhere, and this is a debug build.
    job.settings.cutover_budget = std::time::Duration::from_secs(1);

    let before = subject.dump()?;
    // What is thrown away need not be looked through.
    job.settings.verify = false;
    let report = repack(&job, &found, Goal::Prepare).await;
    expect(&report, Ending::Prepared)?;
    job.settings.verify = true;
    let (handle, _events) = crate::support::control();
    expect(&engine::abort(&job, found.oid, &handle).await, Ending::Aborted)?;
    same("the database after prepare and abort", &before, &subject.dump()?)?;

    expect(&repack(&job, &found, Goal::Prepare).await, Ending::Prepared)?;
    control.run(&sheet.workload).await.map_err(|e| format!("workload on the original: {e}"))?;
    subject.run(&sheet.workload).await.map_err(|e| format!("workload under capture: {e}"))?;
    let report = repack(&job, &found, Goal::Resume).await;
    expect(&report, Ending::Done)?;
    if subject.find(&sheet.table).await?.oid == found.oid {
        return Err("the table is still the old one".into());
    }
    if twice {
        let again = subject.find(&sheet.table).await?;
        expect(&repack(&job, &again, Goal::RunNow).await, Ending::Done)
            .map_err(|e| format!("a second time: {e}"))?;
    }
    control.run(&sheet.probe).await.map_err(|e| format!("probe on the original: {e}"))?;
    subject.run(&sheet.probe).await.map_err(|e| format!("probe on the repacked table: {e}"))?;
    same("the database after the repack", &control.dump()?, &subject.dump()?)?;
    let remains = subject.remains().await?;
    if !remains.is_empty() {
        return Err(format!("left behind: {remains:?}"));
    }
    control.drop().await?;
    subject.drop().await
}

async fn owner(database: &Database, oid: u32) -> Result<String, String> {
    let client = database.client().await?;
    let row = client
        .query_one("SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = $1", &[&oid])
        .await
        .map_err(crate::support::words)?;
    Ok(row.get(0))
}
