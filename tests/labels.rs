//! Security labels. PostgreSQL has no provider of them, so one is compiled, for the version whose
//! headers the test servers come with.

use crate::bad_input::newest;
use crate::support::{Database, Outcome, Server, control, expect, repack, same, words};
use libtest_mimic::Trial;
use repackd::engine::{self, Goal};
use repackd::job::Ending;
use std::path::{Path, PathBuf};
use std::process::Command;

const SETUP: &str = r#"
CREATE SCHEMA sl AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE sl.t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "se cret" text, s serial);
INSERT INTO sl.t ("se cret") SELECT 'x' || i FROM generate_series(1, 500) i;
DELETE FROM sl.t WHERE id % 2 = 0;
CREATE MATERIALIZED VIEW sl.m AS SELECT id, "se cret" FROM sl.t;
RESET ROLE;
SECURITY LABEL FOR "Test provider" ON TABLE sl.t IS 'it''s \ mine';
SECURITY LABEL FOR "Test provider" ON COLUMN sl.t."se cret" IS 'classified';
SECURITY LABEL FOR "Test provider" ON SEQUENCE sl.t_id_seq IS 'identity';
SECURITY LABEL FOR "Test provider" ON SEQUENCE sl.t_s_seq IS 'serial';
SECURITY LABEL FOR "Test provider" ON MATERIALIZED VIEW sl.m IS 'view';
SECURITY LABEL FOR "Test provider" ON COLUMN sl.m.id IS 'its column';
"#;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let mut all = Vec::new();
    for server in newest() {
        let version = server.version;
        let Some(headers) = headers(version) else {
            eprintln!("labels: SKIPPED: no server headers of PostgreSQL {version}");
            continue;
        };
        all.push(Trial::test(format!("labels::carried_or_refused::pg{version}"), move || {
            let provider = compile(&headers)?;
            let result = crate::support::block_on(carried_or_refused(&server, &provider));
            std::fs::remove_file(&provider).map_err(words)?;
            result.map_err(Into::into)
        }));
    }
    all
}

/// The headers beside the client programs, if they are of this version.
fn headers(version: u32) -> Option<PathBuf> {
    let bin = std::env::var_os("REPACKD_TEST_CLIENT_BIN")?;
    let bin = Path::new(&bin).canonicalize().ok()?;
    let headers = bin.parent()?.join("include/server");
    let config = std::fs::read_to_string(headers.join("pg_config.h")).ok()?;
    config.contains(&format!("#define PG_MAJORVERSION_NUM {version}\n")).then_some(headers)
}

/// Compiles the provider where the servers can read it.
fn compile(headers: &Path) -> Result<PathBuf, String> {
    let place = std::env::var("REPACKD_TEST_TMP").map_err(words)?;
    let library = Path::new(&place).join(format!("provider-{}.so", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/labels/provider.c");
    // Whatever links Rust programs can do this.
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-I"]).arg(headers).arg("-o").arg(&library).arg(source);
    let done = cc.output().map_err(words)?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned());
    }
    Ok(library)
}

async fn carried_or_refused(server: &Server, provider: &Path) -> Outcome {
    let database = Database::create(server).await?;
    let name = &database.name;
    let load = format!(
        "ALTER DATABASE {name} SET session_preload_libraries = '{}';
         GRANT CREATE ON DATABASE {name} TO shape_owner",
        provider.display()
    );
    database.run(&load).await?;
    database.run(SETUP).await?;
    let before = database.dump()?;
    if before.matches("SECURITY LABEL FOR").count() != 6 {
        return Err(format!("six labels were expected in {before}"));
    }
    let job = database.job("shape_owner");
    let found = database.find("sl.t").await?;
    expect(&repack(&job, &found, Goal::Prepare).await, Ending::Prepared)?;
    let (handle, _events) = control();
    expect(&engine::abort(&job, found.oid, &handle).await, Ending::Aborted)?;
    same("the database after an abort", &before, &database.dump()?)?;
    expect(&repack(&job, &found, Goal::RunNow).await, Ending::Done)?;
    same("the database after the repack", &before, &database.dump()?)?;

    // Without its provider a label cannot be given to the new table.
    database.run(&format!("ALTER DATABASE {name} RESET session_preload_libraries")).await?;
    let found = database.find("sl.t").await?;
    let report = repack(&job, &found, Goal::RunNow).await;
    expect(&report, Ending::Refused)?;
    if !report.error.as_deref().unwrap_or_default().contains("Test provider") {
        return Err(format!("it is not said which: {report:?}"));
    }
    same("the database after the refusal", &before, &database.dump()?)?;
    let remains = database.remains().await?;
    if !remains.is_empty() {
        return Err(format!("left behind: {remains:?}"));
    }
    database.drop().await
}
