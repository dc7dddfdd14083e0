//! A partitioned table's name stands for its partitions.

use super::output::fields;
use crate::support::program::finish;
use crate::support::scene::Scene;
use crate::support::{Outcome, Server};
use serde_json::Value;

/// Four leaves on two levels, the largest in the middle; one cannot be repacked.
const EVENTS: &str = "
CREATE TABLE public.events (id bigint, v text) PARTITION BY RANGE (id);
CREATE TABLE public.events_1 PARTITION OF public.events (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (1000);
CREATE TABLE public.events_x PARTITION OF public.events FOR VALUES FROM (1000) TO (5000) PARTITION BY RANGE (id);
CREATE TABLE public.events_2 PARTITION OF public.events_x (PRIMARY KEY (id)) FOR VALUES FROM (1000) TO (4000);
CREATE TABLE public.events_3 PARTITION OF public.events_x FOR VALUES FROM (4000) TO (5000);
INSERT INTO public.events SELECT i, repeat('x', 50) FROM generate_series(0, 4500) i;
DELETE FROM public.events WHERE id % 3 <> 0 AND id % 500 < 480;
DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relname LIKE 'events%' AND relkind IN ('r', 'p') LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO shape_owner', t);
    END LOOP;
END $$;
";

fn tables(document: &Value, field: &str) -> Vec<String> {
    let all = document["tables"].as_array().cloned().unwrap_or_default();
    all.iter().map(|t| format!("{} {}", t["table"], t[field]).replace('"', "")).collect()
}

fn expect(found: &[String], wanted: &[&str]) -> Outcome {
    if found == wanted { Ok(()) } else { Err(format!("{found:?} instead of {wanted:?}")) }
}

pub async fn by_its_name(server: Server) -> Outcome {
    let scene = Scene::new(&server, EVENTS).await?;
    let both = ["public.events_2", "public.events_1"];
    let prepared = scene.repackd(&["prepare", "events", "--json"])?.status(3)?.json()?;
    let wanted =
        ["public.events_2 prepared", "public.events_1 prepared", "public.events_3 refused"];
    expect(&tables(&prepared, "ending"), &wanted)?;
    scene.repackd(&["status", "events"])?.status(0)?.shows(&both)?;
    let plan = scene.repackd(&["plan", "events"])?;
    plan.status(3)?.shows(&["events_1 can be", "events_2 can be", "events_3 cannot be"])?;
    // Of a partition that is partitioned, those below it.
    let aborted = scene.repackd(&["abort", "events_x", "--json"])?.status(0)?.json()?;
    expect(&tables(&aborted, "ending"), &["public.events_2 aborted"])?;
    let resumed = scene.repackd(&["resume", "events", "--json"])?.status(0)?.json()?;
    expect(&tables(&resumed, "ending"), &["public.events_1 done"])?;
    scene.repackd(&["abort", "events"])?.says(&["events has no unfinished run"])?;
    scene.run("ALTER TABLE public.events_3 ADD PRIMARY KEY (id)").await?;
    let run = scene.repackd(&["run-now", "events", "events_1"])?;
    run.status(0)?.shows(&["public.events_1 ", "public.events_2 ", "public.events_3 "])?;
    scene.repackd(&["status"])?.status(0)?.shows(&["nothing left behind"])?;
    scene.drop().await
}

/// In the list of a configuration.
pub async fn listed(server: Server) -> Outcome {
    let scene = Scene::new(&server, EVENTS).await?;
    let file = std::env::temp_dir().join(format!("repackd-listed-{}.toml", scene.database.name));
    let text =
        format!("[connections.c]\nurl = \"{}\"\ntables = [\"public.events_x\"]\n", scene.url());
    std::fs::write(&file, text).map_err(crate::support::words)?;
    let mut command = crate::support::program::program(&["run-now", "--json"]);
    command.arg("--config").arg(&file);
    let report = finish(command);
    std::fs::remove_file(&file).map_err(crate::support::words)?;
    let report = report?.status(0)?.json()?;
    expect(&tables(&report, "ending"), &["public.events_2 done", "public.events_3 refused"])?;
    scene.drop().await
}

pub async fn without_partitions(server: Server) -> Outcome {
    let setup = "CREATE TABLE public.events (id bigint PRIMARY KEY) PARTITION BY RANGE (id);";
    let scene = Scene::new(&server, setup).await?;
    let report = scene.repackd(&["run-now", "events", "--json"])?;
    let document = report.status(3)?.says(&["without partitions"])?.json()?;
    fields(
        &document["tables"][0],
        &[("table", "public.events".into()), ("ending", "refused".into())],
    )?;
    scene.drop().await
}
