//! What is said at the end of a run: text for people, JSON for programs.

use crate::support::scene::Scene;
use crate::support::{Outcome, Server};
use serde_json::Value;

/// Fails unless the value has these fields, and each is of the kind of the example.
pub fn fields(value: &Value, examples: &[(&str, Value)]) -> Outcome {
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

/// Any string.
pub fn text() -> Value {
    Value::String(String::new())
}

/// Any number.
pub fn number() -> Value {
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
