//! What somebody who may create schemas can put where a run would be. None of it is ever run with
//! the rights of whoever runs repackd, here the superuser.

use crate::support::scene::Scene;
use crate::support::{Outcome, Server};

/// A function of `shape_other` that leaves a mark if it is ever run by a superuser.
const TRAP: &str = "
CREATE TABLE public.canary (who text);
CREATE SCHEMA trap AUTHORIZATION shape_other;
SET ROLE shape_other;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
CREATE FUNCTION trap.spring() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'RESET ROLE';
  INSERT INTO public.canary VALUES (current_user);
  RETURN 1;
END $$;
RESET ROLE;
";

const COLUMNS: &str = "version integer NOT NULL, table_oid oid PRIMARY KEY, shadow_oid oid,
    owner text NOT NULL, phase text NOT NULL, state text NOT NULL,
    started timestamptz NOT NULL DEFAULT now(), updated timestamptz NOT NULL DEFAULT now()";

const CHUNK: &str = "first bigint PRIMARY KEY, past bigint NOT NULL, rows bigint NOT NULL";

/// The scene with the trap, the table's OID, and the state a real run of the table would have.
async fn scene(server: &Server) -> Result<(Scene, String, String), String> {
    let mut scene = Scene::new(server, TRAP).await?;
    scene.run(&format!("GRANT CREATE ON DATABASE {} TO shape_other", scene.database.name)).await?;
    let oid = scene.ask("'public.t'::regclass::oid").await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    let state = scene.ask(&format!("SELECT state FROM repackd_{oid}.journal")).await?;
    scene.repackd(&["abort", "t"])?.status(0)?;
    scene.user = "postgres".into();
    Ok((scene, oid, state.replace('\'', "''")))
}

/// Nobody who met the trap has sprung it.
async fn unsprung(scene: &Scene) -> Outcome {
    match scene.ask("SELECT string_agg(who, ' ') FROM public.canary").await?.as_str() {
        "" => Ok(()),
        who => Err(format!("the trap was run by {who}")),
    }
}

/// Every command keeps away from what is in the schema, and says why.
async fn kept_away(scene: &Scene, oid: &str, reason: &str) -> Outcome {
    let schema = format!("repackd_{oid}");
    scene.repackd(&["status"])?.status(0)?.shows(&[&schema, reason])?;
    let runs = scene.runs()?;
    if runs.len() != 1 || !runs[0]["problem"].as_str().unwrap_or("").contains(reason) {
        return Err(format!("{reason} is not in {runs:?}"));
    }
    for command in [&["resume"][..], &["abort", "--all"], &["cleanup"]] {
        let report = scene.repackd(command)?;
        report.status(1)?.says(&[
            &schema,
            "is not a run of repackd",
            reason,
            "nothing was changed",
        ])?;
    }
    unsprung(scene).await
}

/// And so do those about the table; without the schema, all is well.
async fn in_the_way(scene: Scene, oid: &str, reason: &str) -> Outcome {
    kept_away(&scene, oid, reason).await?;
    let schema = format!("repackd_{oid}");
    for command in ["run-now", "prepare"] {
        let report = scene.repackd(&[command, "t"])?;
        report.status(3)?.says(&["public.t is busy", &schema, "in the way", reason])?;
    }
    scene.repackd(&["abort", "t"])?.status(1)?.says(&[reason])?;
    scene.in_use().await?;
    unsprung(&scene).await?;
    scene.run(&format!("DROP SCHEMA {schema} CASCADE")).await?;
    scene.repackd(&["run-now", "t", "--trust-owner"])?.status(0)?;
    scene.untouched().await?;
    scene.drop().await
}

/// A schema of `shape_other` with these statements in it.
fn schema(oid: &str, statements: &str) -> String {
    format!(
        "SET ROLE shape_other; CREATE SCHEMA repackd_{oid}; GRANT USAGE ON SCHEMA repackd_{oid} TO PUBLIC;
         SET search_path = repackd_{oid}; {statements}; RESET search_path; RESET ROLE"
    )
}

pub async fn view_for_a_journal(server: Server) -> Outcome {
    let (scene, oid, _) = scene(&server).await?;
    let view = "CREATE VIEW journal AS SELECT 1 AS version, trap.spring()::oid AS table_oid,
        1::oid AS shadow_oid, 'postgres'::text AS owner, 'copy'::text AS phase, ''::text AS state,
        now() AS started, now() AS updated";
    scene.run(&schema(&oid, view)).await?;
    in_the_way(scene, &oid, "its journal is not a plain table").await
}

pub async fn journal_of_somebody_else(server: Server) -> Outcome {
    let (scene, oid, state) = scene(&server).await?;
    let journal = format!(
        "CREATE TABLE journal ({COLUMNS});
         INSERT INTO journal VALUES (1, {oid}, {oid}, 'postgres', 'cleanup', '{state}')"
    );
    scene.run(&schema(&oid, &journal)).await?;
    in_the_way(scene, &oid, "it has another owner than the table").await
}

/// Nobody owns a table that is not there, so the schema's owner cannot be held against it.
pub async fn run_of_no_table(server: Server) -> Outcome {
    let (scene, _, state) = scene(&server).await?;
    let oid = "987654321";
    let tables = format!(
        "CREATE TABLE journal ({COLUMNS});
         INSERT INTO journal VALUES (1, {oid}, {oid}, 'shape_other', 'copy', '{state}');
         CREATE TABLE chunk ({CHUNK});
         CREATE VIEW log AS SELECT trap.spring() AS id, 'k'::\"char\" AS kind FROM generate_series(1, trap.spring())"
    );
    scene.run(&schema(oid, &tables)).await?;
    kept_away(&scene, oid, "its key log is not a plain table").await?;
    scene.run(&format!("DROP SCHEMA repackd_{oid} CASCADE")).await?;
    // Columns whose subtraction is the trap.
    let tables = format!(
        "CREATE TABLE journal ({COLUMNS});
         INSERT INTO journal VALUES (1, {oid}, {oid}, 'shape_other', 'copy', '{state}');
         CREATE TABLE log (id bigint);
         CREATE TYPE odd AS (x int);
         CREATE FUNCTION bent(odd) RETURNS bigint LANGUAGE sql AS 'SELECT trap.spring()';
         CREATE CAST (odd AS bigint) WITH FUNCTION bent(odd) AS IMPLICIT;
         CREATE TABLE chunk (first odd, past odd, rows bigint);
         INSERT INTO chunk VALUES (row(1), row(1), 1)"
    );
    scene.run(&schema(oid, &tables)).await?;
    kept_away(&scene, oid, "its record of chunks is not a plain table").await?;
    scene.run(&format!("DROP SCHEMA repackd_{oid} CASCADE")).await?;
    scene.untouched().await?;
    scene.drop().await
}

/// The owner of a table is the owner of its run, too.
pub async fn log_replaced(server: Server) -> Outcome {
    let (mut scene, oid, _) = scene(&server).await?;
    scene.run("GRANT EXECUTE ON FUNCTION trap.spring() TO shape_owner").await?;
    scene.user = "shape_owner".into();
    scene.repackd(&["prepare", "t"])?.status(0)?;
    scene.user = "postgres".into();
    scene
        .run(&format!(
            "SET ROLE shape_owner; SET search_path = repackd_{oid}; ALTER TABLE log RENAME TO l;
             CREATE VIEW log AS SELECT l.*, trap.spring() FROM l, generate_series(1, trap.spring());
             RESET search_path; RESET ROLE"
        ))
        .await?;
    kept_away(&scene, &oid, "its key log is not a plain table").await?;
    scene.drop().await
}

/// What the journal says of the table is believed only if the catalog says the same.
pub async fn journal_rewritten(server: Server) -> Outcome {
    let (mut scene, oid, _) = scene(&server).await?;
    scene.note()?;
    for (from, to) in [
        (r#""type":"bigint""#, r#""type":"bigint); SELECT trap.spring(); SELECT (1""#),
        (r#""definition":"CREATE INDEX"#, r#""definition":"SELECT trap.spring(); CREATE INDEX"#),
        (r#""equality":""#, r#""equality":"= trap.spring() AND 1 "#),
        (r#""table":{"schema":"public","name":"t"}"#, r#""table":{"schema":"public","name":"x"}"#),
    ] {
        scene.user = "shape_owner".into();
        scene.repackd(&["prepare", "t"])?.status(0)?;
        scene.user = "postgres".into();
        let rewrite = format!(
            "SET ROLE shape_owner; UPDATE repackd_{oid}.journal
             SET phase = 'capture', state = replace(state, '{from}', '{to}')
             WHERE table_oid = {oid}; RESET ROLE"
        );
        let state = format!("SELECT md5(state) FROM repackd_{oid}.journal");
        let before = scene.ask(&state).await?;
        scene.run(&rewrite).await?;
        if scene.ask(&state).await? == before {
            return Err(format!("{from} is not in the journal"));
        }
        scene.run("UPDATE public.t SET v = v").await?;
        scene.repackd(&["resume", "t"])?.status(3)?.says(&["is a superuser"])?;
        // Whoever trusts the owner does not trust the journal for that.
        let report = scene.repackd(&["resume", "t", "--trust-owner"])?;
        report.status(1)?.says(&["was changed meanwhile"])?;
        unsprung(&scene).await?;
        if to.contains("\"x\"") {
            // Where the shadow is, nobody can tell any more.
            report.says(&["its journal calls it by two names"])?;
            break;
        }
        report.says(&["everything of this run was removed"])?;
        scene.untouched().await?;
    }
    scene.drop().await
}

/// The owner writes somebody else's sequence into his journal, as one that his table is to get back, or
/// that goes with a column that is not there.
pub async fn sequence_of_somebody_else(server: Server) -> Outcome {
    let setup =
        "CREATE SCHEMA vault; CREATE SEQUENCE vault.numbers; GRANT USAGE ON SCHEMA vault TO PUBLIC;
         CREATE TABLE public.victim (id bigint DEFAULT nextval('vault.numbers'))";
    let mut scene = Scene::new(&server, setup).await?;
    let oid = scene.ask("'public.t'::regclass::oid").await?;
    let victim = scene.ask("'vault.numbers'::regclass::oid").await?;
    let other = scene.ask("'public.victim'::regclass::oid").await?;
    for (column, past) in [("id", false), ("there_is_none", false), ("id", true)] {
        scene.user = "shape_owner".into();
        scene.repackd(&["prepare", "t"])?.status(0)?;
        let released = format!("[[{victim}, \"{column}\"]]");
        scene
            .run(&format!(
                "UPDATE repackd_{oid}.journal SET state = jsonb_set(state::jsonb, '{{released}}', '{released}')::text"
            ))
            .await?;
        if past {
            // As if that table, which reads it, were the new one.
            let forged = format!("shadow_oid = {other}, phase = 'cleanup'");
            scene.run(&format!("UPDATE repackd_{oid}.journal SET {forged}")).await?;
        }
        scene.user = "postgres".into();
        let ended = scene.repackd(&["abort", "t"])?;
        if !past {
            ended.status(0)?;
        }
        let found = scene
            .ask(&format!(
                "SELECT relowner::regrole || ' ' || relnamespace::regnamespace || ' ' ||
                        (SELECT count(*) FROM pg_depend WHERE objid = c.oid AND deptype = 'a')
                 FROM pg_class c WHERE oid = {victim}"
            ))
            .await?;
        if found != "postgres vault 0" {
            return Err(format!("{column}: the sequence is {found}"));
        }
    }
    scene.drop().await
}
