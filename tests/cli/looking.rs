//! `plan`, `status`, `init`, `cleanup` and `connections`, as text and as JSON.

use super::output::{fields, number, text};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server};
use serde_json::Value;

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
    plan.shows(&["To add one: ALTER TABLE \"public\".\"t\" ADD COLUMN", "PRIMARY KEY"])?;
    if plan.out.contains("the cutover, in SQL") {
        return Err(format!("a cutover for a table that is refused: {plan}"));
    }
    scene.drop().await
}

/// What is about the table but not in the exchange.
pub async fn plan_besides(server: Server) -> Outcome {
    let serial =
        "CREATE TABLE public.s (id serial PRIMARY KEY); ALTER TABLE public.s OWNER TO shape_owner";
    let scene = Scene::new(&server, serial).await?;
    scene.repackd(&["plan", "s"])?.status(0)?.shows(&[
        "SHARE ROW EXCLUSIVE on",
        "s_id_seq",
        "-- by itself, ahead of the others\n  ALTER SEQUENCE \"public\".\"s_id_seq\" OWNED BY NONE;",
        "-- by itself, after the others\n  ALTER SEQUENCE \"public\".\"s_id_seq\" OWNED BY \"public\".\"s\".\"id\";",
    ])?;
    scene.repackd(&["prepare", "s"])?.status(0)?;
    let lock = "an instant each, SHARE ROW EXCLUSIVE on s_id_seq";
    let plan = scene.repackd(&["plan", "s", "--json"])?;
    plan.status(0)?.shows(&[
        "a run of it was begun",
        "`repackd abort public.s` removes it",
        lock,
    ])?;
    scene.repackd(&["abort", "s"])?.status(0)?;
    scene.untouched().await?;
    let oid = scene.ask("'public.s'::regclass::oid").await?;
    scene.run(&format!("CREATE SCHEMA repackd_{oid}")).await?;
    for command in ["plan", "run-now"] {
        scene.repackd(&[command, "s", "--json"])?.status(3)?.shows(&["in the way, and "])?;
    }
    scene.run(&format!("DROP SCHEMA repackd_{oid}")).await?;
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
            ("log_bytes", number()),
            ("shadow_bytes", number()),
            ("pages", number()),
            ("pages_copied", number()),
            ("started", text()),
            ("updated", text()),
            ("age_seconds", number()),
            ("idle_seconds", number()),
            ("runner.login", "shape_owner".into()),
            ("runner.host", text()),
            ("runner.pid", number()),
            ("runner.repackd", env!("CARGO_PKG_VERSION").into()),
            ("cleanup_only", false.into()),
            ("given_up", false.into()),
        ],
    )?;
    let status = scene.repackd(&["status"])?;
    status.status(0)?.shows(&["left by shape_owner, repackd ", " on ", "10 rows in"])?;
    scene.drop().await
}

pub async fn init_and_cleanup(server: Server) -> Outcome {
    let more = "CREATE TABLE public.u (id int PRIMARY KEY, v text);
                ALTER TABLE public.u OWNER TO shape_owner;";
    let mut scene = Scene::new(&server, more).await?;
    scene.repackd(&["init"])?.status(0)?.shows(&["shape_owner", ": ready"])?;
    let closed = "CREATE SCHEMA closed; CREATE TABLE closed.v (id int PRIMARY KEY);
                  ALTER TABLE closed.v OWNER TO shape_owner; GRANT USAGE ON SCHEMA closed TO shape_owner";
    scene.run(closed).await?;
    let wanted = [": not ready", "GRANT USAGE, CREATE ON SCHEMA \"closed\" TO \"shape_owner\""];
    scene.repackd(&["init"])?.status(1)?.shows(&wanted)?;
    scene.run("DROP SCHEMA closed CASCADE").await?;
    if server.version >= 16 {
        let role = format!("{}_login", scene.database.name);
        let grant = format!("GRANT CREATE ON DATABASE {} TO {role}", scene.database.name);
        let create = format!(
            "CREATE ROLE {role} LOGIN; GRANT shape_owner TO {role} WITH SET FALSE; {grant}"
        );
        scene.run(&create).await?;
        scene.user = role.clone();
        let set = format!("GRANT \"shape_owner\" TO \"{role}\" WITH SET TRUE");
        scene.repackd(&["init"])?.status(1)?.shows(&[&set])?;
        scene.run(&set).await?;
        scene.repackd(&["init"])?.status(0)?.shows(&[": ready"])?;
        scene.user = "shape_owner".into();
        scene.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await?;
    }
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
