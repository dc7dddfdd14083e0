//! A server that is not there, or not any more; and the two kinds of mistakes that end a command
//! before it looks for one.

use crate::support::cluster::Cluster;
use crate::support::program::{finish, program};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server, words};

/// Each of the three sessions of a run in its turn, the holder of the advisory lock first.
pub async fn session_killed(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    for which in 0..3 {
        let reader = scene.database.client().await?;
        reader.batch_execute("BEGIN; SELECT count(*) FROM public.t").await.map_err(words)?;
        let mut run = scene.start(&["run-now", "-v", "t"])?;
        run.until_says("cutover").await?;
        let name = format!("repackd {}", scene.ask("'public.t'::regclass::oid").await?);
        let sessions = format!(
            "FROM pg_stat_activity
             WHERE application_name ~ '^{name}( |$)' AND datname = current_database()"
        );
        scene.until(&format!("SELECT count(*) {sessions}"), "3").await?;
        let kill = format!(
            "SELECT pg_terminate_backend(pid)
             FROM (SELECT pid {sessions} ORDER BY backend_start, pid OFFSET {which} LIMIT 1) one"
        );
        if scene.ask(&kill).await? != "true" {
            return Err("nobody was there to kill".into());
        }
        // With nobody in the way, the cutover needs all three.
        drop(reader);
        let report = run.wait()?;
        report.status(75).map_err(|e| format!("session {which}: {e}"))?.says(&[
            "public.t",
            "state: the table is untouched and in use",
            "when the server is back, `repackd resume public.t`",
        ])?;
        scene.kept_until_resume().await?;
    }
    scene.drop().await
}

/// An immediate shutdown, which is a crash, while a run is at work.
pub async fn server_stopped(server: Server) -> Outcome {
    let cluster = Cluster::create(server.version).await?;
    let mut scene = Scene::slow(&cluster.server()).await?;
    let run = scene.start(&["run-now", "t"])?;
    scene.until_copying().await?;
    cluster.stop("immediate")?;
    let report = run.wait()?;
    report.status(75)?.says(&[
        "public.t",
        "state: the table is untouched",
        "when the server is",
    ])?;
    for command in ["status", "resume", "run-now"] {
        let arguments = [command, "t"];
        scene
            .repackd(&arguments)?
            .status(75)?
            .says(&["cannot connect to", "nothing was changed"])?;
    }
    cluster.start()?;
    scene.client = scene.database.client().await?;
    scene.hurry().await?;
    scene.kept_until_resume().await
}

pub async fn unreachable(_: Server) -> Outcome {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let url = format!("postgres://app:hunter2@127.0.0.1:{}/shop", port.map_err(words)?.port());
    for command in [
        &["run-now", "t"][..],
        &["run-now", "--all"],
        &["plan", "t"],
        &["prepare", "t"],
        &["resume"],
        &["abort", "t"],
        &["status"],
        &["init"],
        &["cleanup"],
    ] {
        let report = finish(program(&[command, &["--url", &url]].concat()))?;
        let parts =
            ["repackd: cannot connect to 127.0.0.1:", "/shop as app", "nothing was changed"];
        report.status(75)?.says(&parts)?;
    }
    Ok(())
}

/// An unknown key, with the nearest known one, the file and the line.
pub async fn configuration(_: Server) -> Outcome {
    let file = std::env::temp_dir().join(format!("repackd-{}.toml", std::process::id()));
    let path = file.display().to_string();
    let cases = [
        (
            "[connections.x]\nhost = \"h\"\npasword = \"hunter2\"\n",
            ":3: ",
            "did you mean `password`",
        ),
        ("[connections.x]\nlock_timeout = \"soon\"\n", ":2: ", "lock_timeout"),
        ("[connections.x]\nport = \"54x32\"\n", ":1: ", "port is no port number"),
        ("[connections.x\n", ":1: ", ""),
    ];
    for (text, line, what) in cases {
        std::fs::write(&file, text).map_err(words)?;
        let report = finish(program(&["status", "--config", &path]))?;
        let place = format!("{path}{line}");
        report.status(78)?.says(&["repackd: ", &place, what, "no connection was made"])?;
    }
    std::fs::remove_file(&file).map_err(words)?;
    let report = finish(program(&["status", "--config", "nowhere-to-be-found"]))?;
    report.status(78)?.says(&["nowhere-to-be-found"])?;
    Ok(())
}

pub async fn usage(server: Server) -> Outcome {
    for (arguments, what) in [
        (&["repack-it"][..], "repack-it"),
        (&["run-now", "--fast"], "--fast"),
        (&["run-now"], "name a table, or say --all"),
        (&["run-now", "a.b.c.d"], "a.b.c.d"),
        (&["run-now", "--cutover-budget", "soon", "t"], "soon"),
        (&["abort"], "name a table, or say --all"),
        (&["run-now", "--all", "t"], "--all"),
        (&["status", "--connection", "x"], "--connection"),
    ] {
        let mut command = program(arguments);
        command.env("PGHOST", "127.0.0.1").env("PGUSER", "app");
        finish(command)?.status(2)?.says(&["repackd: ", what])?;
    }
    let both = [&["status", "--config", "x"][..], &["--url", server.url.as_str()]].concat();
    finish(program(&both))?.status(2)?.says(&["--config"])?;
    finish(program(&["--version"]))?.status(0)?.shows(&[env!("CARGO_PKG_VERSION")])?;
    finish(program(&["--help"]))?.status(0)?.shows(&["Exit status: 0"])?;
    Ok(())
}
