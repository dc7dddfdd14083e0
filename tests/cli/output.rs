//! Text for people, JSON for programs.

use crate::support::scene::Scene;
use crate::support::{Outcome, Server};
use serde_json::Value;

/// Fails unless the value has these fields, and each is of the kind of the example.
fn fields(value: &Value, examples: &[(&str, Value)]) -> Outcome {
    for (path, example) in examples {
        let found = path.split('.').try_fold(value, |v, key| v.get(key));
        let alike = match (found, example) {
            (Some(Value::Number(_)), Value::Number(_)) => true,
            (Some(Value::String(_)), Value::String(s)) if s.is_empty() => true,
            (Some(Value::Array(_)), Value::Array(_)) => true,
            (Some(Value::Object(_)), Value::Object(_)) => true,
            (Some(found), example) => found == example,
            (None, _) => false,
        };
        if !alike {
            return Err(format!("{path} is {found:?}, not like {example}: {value:#}"));
        }
    }
    Ok(())
}

fn text() -> Value {
    Value::String(String::new())
}

fn number() -> Value {
    Value::from(0)
}

pub async fn run_as_text(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let report = scene.repackd(&["run-now", "t"])?;
    report.status(0)?.shows(&[
        "public.t repacked in ",
        "heap",
        "indexes",
        "TOAST",
        "before",
        "after",
        "saved",
        "copy ",
        "cutover ",
        "3,000 copied",
        "3,000 verified",
        "nobody can have waited longer than",
    ])?;
    // One log line for each phase, since this is no terminal.
    for phase in ["prepare", "capture", "copy", "index", "drain", "verify", "cutover", "cleanup"] {
        report.says(&[phase])?;
    }
    if report.err.contains('\r') || report.err.contains('\u{1b}') {
        return Err(format!("bars or colours without a terminal: {report}"));
    }
    scene.untouched().await?;
    scene.drop().await
}

pub async fn run_as_json(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let document = scene.repackd(&["run-now", "t", "--json"])?.status(0)?.json()?;
    fields(
        &document,
        &[("repackd", env!("CARGO_PKG_VERSION").into()), ("tables", Value::Array(vec![]))],
    )?;
    let table = &document["tables"][0];
    fields(
        table,
        &[
            ("connection", text()),
            ("table", "public.t".into()),
            ("ending", "done".into()),
            ("phase", "cleanup".into()),
            ("error", Value::Null),
            ("figures.before.heap", number()),
            ("figures.before.indexes", number()),
            ("figures.before.toast", number()),
            ("figures.after.heap", number()),
            ("figures.rows_copied", 3000.into()),
            ("figures.rows_replayed", number()),
            ("figures.rows_verified", 3000.into()),
            ("figures.attempts", number()),
            ("figures.longest_wait_ms", number()),
            ("figures.seconds.copy", number()),
            ("figures.seconds.cutover", number()),
            ("figures.notes", Value::Array(vec![])),
        ],
    )?;
    let size = |when: &str| table["figures"][when]["heap"].as_i64();
    if size("after") >= size("before") {
        return Err(format!("it is no smaller: {table:#}"));
    }
    let document = scene.repackd(&["prepare", "t", "--json"])?.status(0)?.json()?;
    fields(
        &document["tables"][0],
        &[("ending", "prepared".into()), ("state", text()), ("next", text())],
    )?;
    let document = scene.repackd(&["abort", "t", "--json"])?.status(0)?.json()?;
    fields(&document["tables"][0], &[("ending", "aborted".into())])?;
    scene.untouched().await?;
    scene.drop().await
}

pub async fn refusal_as_json(server: Server) -> Outcome {
    let scene = Scene::new(&server, "CREATE VIEW public.seen AS SELECT id FROM public.t;").await?;
    let document = scene.repackd(&["run-now", "t", "nowhere", "--json"])?.status(3)?.json()?;
    for table in [&document["tables"][0], &document["tables"][1]] {
        fields(table, &[("ending", "refused".into()), ("error", text()), ("state", text())])?;
    }
    let error = document["tables"][0]["error"].as_str().unwrap_or_default();
    if !error.contains("view public.seen") {
        return Err(format!("the view is not named: {error}"));
    }
    scene.untouched().await?;
    scene.drop().await
}

pub async fn plan_as_text(server: Server) -> Outcome {
    let scene = Scene::new(&server, "ANALYZE public.t;").await?;
    let plan = scene.repackd(&["plan", "t"])?;
    plan.status(0)?.shows(&[
        "public.t can be repacked",
        "key       (id) by primary key",
        "expected",
        "space",
        "phases, and the locks they take",
        "locks: SHARE ROW EXCLUSIVE on the table",
        "the cutover, in SQL",
        "SET SCHEMA",
    ])?;
    scene.untouched().await?;
    scene.run("ALTER TABLE public.t DROP CONSTRAINT t_pkey").await?;
    let plan = scene.repackd(&["plan", "t"])?;
    plan.status(3)?.shows(&["public.t cannot be repacked", "because", "it has no key"])?;
    if plan.out.contains("the cutover, in SQL") {
        return Err(format!("a cutover for a table that is refused: {plan}"));
    }
    scene.drop().await
}

pub async fn plan_as_json(server: Server) -> Outcome {
    let scene = Scene::new(&server, "CREATE TABLE public.heap (a int); ANALYZE;").await?;
    let document = scene.repackd(&["plan", "t", "public.heap", "--json"])?.status(3)?.json()?;
    let list = || Value::Array(vec![]);
    let [accepted, refused] = [&document["plans"][0], &document["plans"][1]];
    fields(
        accepted,
        &[
            ("connection", text()),
            ("table", "public.t".into()),
            ("key", text()),
            ("reasons", list()),
            ("before.heap", number()),
            ("expected_bytes", number()),
            ("extra_bytes", number()),
            ("phases", list()),
            ("cutover_sql", list()),
            ("warnings", list()),
        ],
    )?;
    fields(&accepted["phases"][0], &[("phase", text()), ("what", text()), ("locks", text())])?;
    fields(refused, &[("table", "public.heap".into()), ("key", Value::Null), ("reasons", list())])?;
    if accepted["reasons"][0].is_string() || !refused["reasons"][0].is_string() {
        return Err(format!("the reasons are the wrong way round: {document:#}"));
    }
    scene.drop().await
}

pub async fn status_as_json(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    fields(&scene.repackd(&["status", "--json"])?.json()?, &[("runs", Value::Array(vec![]))])?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    scene.run("UPDATE public.t SET v = 'new' WHERE id < 20").await?;
    let runs = scene.runs()?;
    fields(
        &runs[0],
        &[
            ("connection", text()),
            ("oid", number()),
            ("table", "public.t".into()),
            ("phase", "cutover".into()),
            ("owner", "shape_owner".into()),
            ("problem", Value::Null),
            ("running", false.into()),
            ("log_rows", 10.into()),
            ("shadow_bytes", number()),
            ("pages", number()),
            ("pages_copied", number()),
            ("started", text()),
            ("updated", text()),
            ("cleanup_only", false.into()),
        ],
    )?;
    scene.drop().await
}

pub async fn init_and_cleanup(server: Server) -> Outcome {
    let more = "CREATE TABLE public.u (id int PRIMARY KEY, v text);
                ALTER TABLE public.u OWNER TO shape_owner;";
    let mut scene = Scene::new(&server, more).await?;
    scene.repackd(&["init"])?.shows(&["shape_owner", "ready"])?;
    scene.user = "postgres".into();
    scene.repackd(&["init"])?.status(0)?.shows(&[": ready", "postgres"])?;
    let init = scene.repackd(&["init", "--json"])?.status(0)?.json()?;
    fields(&init["checks"][0], &[("ready", true.into()), ("grants", Value::Array(vec![]))])?;
    scene.repackd(&["cleanup"])?.status(0)?.shows(&["nothing to do"])?;
    scene.repackd(&["prepare", "t", "u", "--trust-owner"])?.status(0)?;
    let cleanup = scene.repackd(&["cleanup", "--json"])?.status(0)?.json()?;
    for run in 0..2 {
        fields(&cleanup["tables"][run], &[("ending", "aborted".into())])?;
    }
    scene.untouched().await?;
    scene.drop().await
}

pub async fn connections(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    scene.repackd(&["connections"])?.status(0)?.shows(&["shape_owner", &scene.database.name])?;
    let document = scene.repackd(&["connections", "--json"])?.status(0)?.json()?;
    fields(
        &document["connections"][0],
        &[
            ("connection", text()),
            ("server", text()),
            ("schemas", Value::Array(vec![])),
            ("tables", Value::Array(vec![])),
        ],
    )?;
    scene.drop().await
}

/// One that is refused fails the command only if it was named. The largest comes first.
pub async fn by_name_and_by_list(server: Server) -> Outcome {
    let more = "CREATE TABLE public.large AS SELECT i AS id, repeat('y', 500) AS v FROM generate_series(1, 9000) i;
                ALTER TABLE public.large ADD PRIMARY KEY (id);
                CREATE TABLE public.keyless (a int);
                ALTER TABLE public.large OWNER TO shape_owner;
                ALTER TABLE public.keyless OWNER TO shape_owner;";
    let scene = Scene::new(&server, more).await?;
    let all = scene.repackd(&["run-now", "--all", "--json"])?;
    let document =
        all.status(0)?.says(&["public.keyless cannot be repacked", "it has no key"])?.json()?;
    let tables = document["tables"].as_array().ok_or("no tables")?;
    let found: Vec<String> =
        tables.iter().map(|t| format!("{} {}", t["table"], t["ending"]).replace('"', "")).collect();
    if found != ["public.large done", "public.t done", "public.keyless refused"] {
        return Err(format!("{found:?}"));
    }
    scene.repackd(&["run-now", "t", "keyless"])?.status(3)?.shows(&["public.t", "refused"])?;
    scene.untouched().await?;
    scene.drop().await
}
