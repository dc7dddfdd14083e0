//! A foreign key of a partitioned table is validated partition by partition, each in a transaction of its
//! own.

use crate::support::{Database, Outcome, Server, expect, repack, words};
use repackd::engine::Goal;
use repackd::job::{Ending, Report};

/// Notes which ALTER TABLE named what, and in which transaction.
const SETUP: &str = "
CREATE TABLE target (id int PRIMARY KEY);
INSERT INTO target SELECT generate_series(1, 2000);
DELETE FROM target WHERE id % 3 = 0;
CREATE TABLE source (nr int, target int) PARTITION BY RANGE (nr);
CREATE TABLE source_1 PARTITION OF source FOR VALUES FROM (0) TO (10);
CREATE TABLE source_x PARTITION OF source FOR VALUES FROM (10) TO (30) PARTITION BY RANGE (nr);
CREATE TABLE source_2 PARTITION OF source_x FOR VALUES FROM (10) TO (20);
CREATE TABLE \"Source 3\" PARTITION OF source_x FOR VALUES FROM (20) TO (30);
INSERT INTO source VALUES (1, 1), (11, 2), (21, 4);
ALTER TABLE source_2 ADD CONSTRAINT its_own FOREIGN KEY (target) REFERENCES target;
ALTER TABLE source ADD CONSTRAINT to_target FOREIGN KEY (target) REFERENCES target;
";

const WATCH: &str = "
CREATE TABLE seen (nr int GENERATED ALWAYS AS IDENTITY, transaction xid8, relation text);
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF current_query() LIKE '%VALIDATE CONSTRAINT%' THEN
    INSERT INTO public.seen (transaction, relation)
    SELECT pg_current_xact_id(), objid::regclass::text FROM pg_event_trigger_ddl_commands();
  END IF;
END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION watch();
";

const VALID: &str = "SELECT string_agg(conrelid::regclass || ' ' || convalidated, ', ' ORDER BY conrelid::regclass::text)
    FROM pg_constraint WHERE contype = 'f'";

/// Makes the tables, and repacks the one referred to.
async fn repacked(server: &Server, more: &str) -> Result<(Database, Report), String> {
    let database = Database::create(server).await?;
    database.run(SETUP).await?;
    database.run(more).await?;
    let (job, found) = (database.job("postgres"), database.find("target").await?);
    let report = repack(&job, &found, Goal::RunNow).await;
    expect(&report, Ending::Done)?;
    Ok((database, report))
}

async fn ask(database: &Database, query: &str) -> Result<String, String> {
    Ok(database.client().await?.query_one(query, &[]).await.map_err(words)?.get(0))
}

/// The whole comes last, when nothing is left to look at.
pub async fn one_by_one(server: &Server) -> Outcome {
    let (database, _) = repacked(server, WATCH).await?;
    let seen = "SELECT string_agg(relation, ', ' ORDER BY nr) || '; ' || count(DISTINCT transaction) FROM seen";
    let seen = ask(&database, seen).await?;
    let expected = "public.\"Source 3\", public.source_1, public.source_2, public.source; 4";
    if seen != expected {
        return Err(format!("validated in another order, or not one by one: {seen}"));
    }
    let valid = ask(&database, VALID).await?;
    if valid.contains("false") {
        return Err(format!("not all are valid: {valid}"));
    }
    database.drop().await
}

/// A row that broke it before keeps the whole from being valid; what to do about it is told once.
pub async fn orphan(server: &Server) -> Outcome {
    let broken = "SET session_replication_role = replica; INSERT INTO source_2 VALUES (12, 3)";
    let (database, report) = repacked(server, broken).await?;
    let valid = ask(&database, VALID).await?;
    if !valid.contains("source false") || !valid.contains("source_1 true") {
        return Err(format!("these are valid: {valid}"));
    }
    let told: Vec<_> =
        report.figures.notes.iter().filter(|n| n.contains("old rows without")).collect();
    let [note] = told[..] else { return Err(format!("told {} times: {told:?}", told.len())) };
    let query = note.split("found by ").nth(1).and_then(|n| n.split("; then run ").next());
    let found = ask(&database, &query.unwrap_or_default().replacen("c.*", "c.nr::text", 1)).await?;
    let remedy = note.split("; then run ").nth(1).unwrap_or_default();
    database.run(&format!("DELETE FROM source WHERE nr = {found}; {remedy}")).await?;
    let valid = ask(&database, VALID).await?;
    if valid.contains("false") {
        return Err(format!("not all are valid after what the note says: {valid}"));
    }
    database.drop().await
}
