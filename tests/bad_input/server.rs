//! Servers that are not what a run needs: a standby, a pooler in between, a full disk.

use crate::support::cluster::Cluster;
use crate::support::pgbouncer::PgBouncer;
use crate::support::program::{finish, program};
use crate::support::scene::Scene;
use crate::support::tmpfs::Tmpfs;
use crate::support::{Outcome, Server, client, words};

pub async fn standby(server: Server) -> Outcome {
    let primary = Cluster::create(server.version).await?;
    let mut scene = Scene::new(&primary.server(), "").await?;
    let url = scene.url();
    primary.stop("fast")?;
    let standby = primary.standby()?;
    let here = url.replace(&port(&primary), &port(&standby));
    for command in ["run-now", "prepare", "plan", "abort"] {
        let report = finish(program(&[command, "t", "--url", &here]))?;
        if command == "abort" {
            report.status(0)?.says(&["t has no unfinished run"])?;
            continue;
        }
        report.status(3)?.says(&["the server is a standby, which takes no writes", "primary"])?;
    }
    finish(program(&["init", "--url", &here]))?.status(3)?.says(&["the server is a standby"])?;
    finish(program(&["status", "--url", &here]))?.status(0)?.shows(&["nothing left behind"])?;
    // As is said, the primary is found by asking for it.
    primary.start()?;
    scene.client = scene.database.client().await?;
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", port(&standby), port(&primary));
    let both = url.replace(&format!("127.0.0.1:{}", port(&primary)), &hosts);
    let both = format!("{both}?target_session_attrs=read-write");
    finish(program(&["run-now", "t", "--url", &both]))?.status(0)?;
    scene.untouched().await
}

fn port(cluster: &Cluster) -> String {
    cluster.server().url.rsplit_once(':').map_or("", |(_, p)| p).replace("/postgres", "")
}

/// Refused before anything is set that would stay behind in a session of somebody else's.
async fn pooled(server: &Server, mode: &str) -> Outcome {
    let scene = Scene::new(server, "").await?;
    let Some(bouncer) = PgBouncer::start(&scene.database, mode).await? else { return Ok(()) };
    let url = bouncer.url(&scene.database, "shape_owner");
    let leaks =
        "SELECT concat_ws(' ', current_setting('search_path'), current_setting('lock_timeout'),
        current_setting('row_security'), current_setting('synchronous_commit'), current_user)";
    // Several sessions in the pool, as behind a busy application.
    let mut application = Vec::new();
    for _ in 0..3 {
        let one = client(&url).await?;
        application.push(one);
    }
    let plain = settings(&application, leaks).await?;
    for command in ["run-now", "prepare", "plan", "init"] {
        let arguments: &[&str] = if command == "init" { &[command] } else { &[command, "t"] };
        let report = finish(program(&[arguments, &["--url", &url]].concat()))?;
        let parts = ["connection pooler in transaction or statement mode", "session mode"];
        report.status(3)?.says(&parts)?;
    }
    let now = settings(&application, leaks).await?;
    if now != plain {
        return Err(format!("left in the pool's sessions: {now:?}, it was {plain:?}"));
    }
    drop(application);
    scene.untouched().await?;
    scene.drop().await
}

/// What the pool's sessions are set to.
async fn settings(clients: &[tokio_postgres::Client], query: &str) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    for _ in 0..4 {
        let work = clients.iter().map(|c| c.simple_query(query));
        for messages in futures_util::future::join_all(work).await {
            all.extend(messages.map_err(words)?.into_iter().filter_map(|m| match m {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            }));
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

pub async fn pooler_in_transaction_mode(server: Server) -> Outcome {
    pooled(&server, "transaction").await
}

pub async fn pooler_in_statement_mode(server: Server) -> Outcome {
    pooled(&server, "statement").await
}

pub async fn pooler_in_session_mode(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let Some(bouncer) = PgBouncer::start(&scene.database, "session").await? else { return Ok(()) };
    let url = bouncer.url(&scene.database, "shape_owner");
    for command in ["plan", "prepare", "resume", "run-now", "prepare", "abort"] {
        let report = finish(program(&[command, "t", "--url", &url]))?;
        report.status(0).map_err(|e| format!("{command}: {e}"))?;
    }
    scene.untouched().await?;
    scene.drop().await
}

/// A tablespace of 64 MB and a table that fills more than half of it.
pub async fn disk_full(server: Server) -> Outcome {
    let Some(disk) = Tmpfs::mount("64m")? else { return Ok(()) };
    let mut scene = Scene::new(&server, "").await?;
    let space = format!("full_{}", scene.database.name);
    scene.run(&format!("CREATE TABLESPACE {space} LOCATION '{}'", disk.path())).await?;
    let result = disk_filled(&mut scene, &disk, &space).await;
    let dropped = scene.drop().await;
    let admin = client(&server.url).await?;
    admin.batch_execute(&format!("DROP TABLESPACE {space}")).await.map_err(words)?;
    result.and(dropped)
}

async fn disk_filled(scene: &mut Scene, disk: &Tmpfs, space: &str) -> Outcome {
    scene.run(&format!("GRANT CREATE ON TABLESPACE {space} TO shape_owner")).await?;
    scene.run(&format!("ALTER TABLE public.t SET TABLESPACE {space}")).await?;
    let rows =
        "INSERT INTO public.t SELECT i, repeat('x', 1000), 0 FROM generate_series(10000, 45000) i";
    scene.run(rows).await?;
    scene.run("DELETE FROM public.t WHERE id > 44000").await?;
    scene.run("VACUUM public.t").await?;
    scene.note()?;
    let report = scene.repackd(&["run-now", "t"])?;
    report.status(1)?.says(&[
        "public.t",
        "No space left on device",
        "SQLSTATE 53100",
        "state: the table is untouched and in use",
        "everything of this run was removed",
        "next:  free disk space",
    ])?;
    // A shadow that fills the disk would stop every writer, so nothing of it is kept.
    scene.untouched().await?;
    // Unless somebody would rather make space and go on.
    let report = scene.repackd(&["run-now", "t", "--set", "disk_full=keep"])?;
    report
        .status(1)?
        .says(&["SQLSTATE 53100", "free disk space; then `repackd resume public.t`"])?;
    scene.kept().await?;
    let copied = |runs: &[serde_json::Value]| runs[0]["pages_copied"].as_i64();
    let before = copied(&scene.runs()?);
    disk.resize("128m")?;
    scene.repackd(&["resume", "t"])?.status(0)?;
    scene.untouched().await?;
    disk.resize("64m")?;
    if before.is_none_or(|pages| pages == 0) {
        return Err(format!("nothing of the copy was kept: {before:?} pages"));
    }
    // With fewer rows there is room.
    scene.run("DELETE FROM public.t WHERE id > 15000").await?;
    scene.note()?;
    scene.repackd(&["run-now", "t"])?.status(0)?;
    scene.untouched().await
}
