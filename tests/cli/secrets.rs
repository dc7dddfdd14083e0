//! Passwords are nowhere but where the user put them.

use crate::support::program::{finish, program};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server, words};

/// [`status`](crate::support::program::Finished::status) looks for the password each time.
pub async fn none_in_logs(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    for level in ["trace", "debug", "repackd=trace"] {
        let mut command = scene.command(&["run-now", "t"]);
        command.env("RUST_LOG", level);
        finish(command)?.status(0)?;
    }
    scene.repackd(&["run-now", "--debug", "t"])?.status(0)?.says(&["repackd"])?;
    scene.repackd(&["connections"])?.status(0)?;
    scene.repackd(&["init", "--verbose"])?;
    // Through the environment, with errors: a wrong port, a wrong database, a wrong URL.
    let wrong = scene.url().replace(&scene.database.name, "nowhere");
    finish(program(&["status", "--debug", "--url", &wrong]))?.status(75)?.says(&["nowhere"])?;
    let odd = format!("{}?sslmode=whatever", scene.url());
    finish(program(&["status", "--url", &odd]))?.status(78)?.says(&["sslmode"])?;
    let mut command = program(&["status", "--debug"]);
    command.envs([("PGHOST", "127.0.0.1"), ("PGPORT", "1"), ("PGPASSWORD", "hunter2")]);
    finish(command)?.status(75)?.says(&["127.0.0.1:1"])?;
    let mut command = program(&["status", "--debug"]);
    command.envs([("PGHOST", "127.0.0.1"), ("PGPORT", "x"), ("PGPASSWORD", "hunter2")]);
    finish(command)?.status(78)?;
    scene.drop().await
}

pub async fn none_of_a_password_command(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let file = std::env::temp_dir().join(format!("{}.toml", scene.database.name));
    let path = file.display().to_string();
    let url = scene.database.url("shape_owner");
    for (script, status) in [
        ("printf 'hunter2'", 0),
        ("printf 'hunter2'; echo 'the token service is away' >&2; exit 3", 75),
        ("printf 'hunter2\\\\377'", 75),
        ("sleep 0; exit 1", 75),
    ] {
        let text = format!(
            "[connections.shop]\nurl = \"{url}\"\npassword_command = [\"sh\", \"-c\", \"{script}\"]\n"
        );
        std::fs::write(&file, text).map_err(words)?;
        let mut command = program(&["status", "--debug", "--config", &path]);
        command.env("PATH", "/usr/bin:/bin");
        let report = finish(command)?;
        report.status(status).map_err(|e| format!("{script}: {e}"))?;
        if script.contains("away") {
            report.says(&["password_command failed", "the token service is away"])?;
        }
    }
    std::fs::remove_file(&file).map_err(words)?;
    scene.drop().await
}

/// Neither in the journal nor in what other users may see of the sessions.
pub async fn none_in_the_database(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    let dump = scene.database.dump()?;
    if dump.contains("hunter2") {
        return Err("a password in the journal".into());
    }
    let seen =
        "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'hunter2' AND pid <> pg_backend_pid()";
    match scene.ask(seen).await?.as_str() {
        "0" => scene.drop().await,
        _ => Err("a password in pg_stat_activity".into()),
    }
}
