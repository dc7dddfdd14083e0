//! Passwords are nowhere but where the user put them.

use crate::support::cluster::Cluster;
use crate::support::program::{finish, program, start};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server, words};
use crate::telemetry::Collector;
use std::path::{Path, PathBuf};
use std::process::Command;

/// [`status`](crate::support::program::Finished::status) looks for the password each time.
pub async fn none_in_logs(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    for level in ["trace", "debug", "repackd=trace"] {
        let mut command = scene.command(&["run-now", "t"]);
        command.env("RUST_LOG", level);
        finish(command)?.status(0)?;
    }
    scene.repackd(&["run-now", "--debug", "t"])?.status(0)?.says(&["level=debug"])?;
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

/// A directory of the test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("{name}-secrets"));
        std::fs::create_dir_all(&path).map_err(words)?;
        Ok(Self(path))
    }

    /// Writes a file that nobody else may read, and returns its path.
    fn file(&self, name: &str, text: &str) -> Result<String, String> {
        use std::os::unix::fs::PermissionsExt;
        let path = self.0.join(name);
        std::fs::write(&path, text).map_err(words)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(words)?;
        Ok(path.display().to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// repackd with a password from one of the places where one can be.
fn with_password(
    folder: &Folder,
    scene: &Scene,
    place: &str,
    password: &str,
    arguments: &[&str],
) -> Result<Command, String> {
    let plain = scene.database.url("shape_owner");
    let config = |rest: &str| {
        folder.file("repackd.toml", &format!("[connections.shop]\nurl = \"{plain}\"\n{rest}\n"))
    };
    let path = match place {
        "password" => config(&format!("password = \"{password}\""))?,
        "password_file" => {
            let file = folder.file("password", password)?;
            config(&format!("password_file = \"{file}\""))?
        }
        "password_command" => {
            let file = folder.file("password", password)?;
            config(&format!("password_command = [\"/bin/cat\", \"{file}\"]"))?
        }
        _ => config("")?,
    };
    let mut command = program(arguments);
    match place {
        "url" => {
            let user = format!("shape_owner:{}", password.replace(':', "%3A"));
            command.arg("--url").arg(scene.database.url(&user));
        }
        _ => {
            command.args(["--config", &path]);
        }
    }
    match place {
        "PGPASSWORD" => {
            command.env("PGPASSWORD", password);
        }
        "PGPASSFILE" => {
            let line = format!("*:*:*:shape_owner:{}", password.replace(':', "\\:"));
            command.env("PGPASSFILE", folder.file("passfile", &line)?);
        }
        _ => {}
    }
    Ok(command)
}

/// A server that wants the password.
async fn locked(server: &Server) -> Result<(Cluster, Scene), String> {
    let cluster = Cluster::create(server.version).await?;
    let scene = Scene::new(&cluster.server(), "").await?;
    scene
        .run(
            "ALTER ROLE shape_owner PASSWORD 'hunter2:secret';
             CREATE TEMP TABLE hba (line text);
             INSERT INTO hba VALUES ('host all postgres 127.0.0.1/32 trust'), ('host all all 127.0.0.1/32 scram-sha-256');
             DO $$ BEGIN EXECUTE format('COPY hba TO %L', current_setting('hba_file')); END $$",
        )
        .await?;
    // Statements are logged from here on, so that the log can be searched.
    scene.run("ALTER SYSTEM SET log_statement = 'all'").await?;
    scene.run("ALTER SYSTEM SET log_min_messages = 'debug1'").await?;
    scene.run("SELECT pg_reload_conf()").await?;
    scene.until("current_setting('log_statement')", "all").await?;
    Ok((cluster, scene))
}

const PLACES: &[&str] =
    &["url", "password", "password_file", "password_command", "PGPASSWORD", "PGPASSFILE"];

const LOUD: &[(&[&str], &str)] =
    &[(&["--debug"], "warn"), (&["-v", "--json"], "debug"), (&["-v"], "trace")];

/// Wherever it came from, right or wrong, however much is said, and to whom.
pub async fn none_from_any_place(server: Server) -> Outcome {
    let collector = Collector::http(None).await?;
    let (cluster, scene) = locked(&server).await?;
    let folder = Folder::new(&scene.database.name)?;
    for (i, place) in PLACES.iter().enumerate() {
        for (loud, level) in LOUD {
            let arguments: Vec<&str> = ["status"].iter().chain(*loud).copied().collect();
            let mut command = with_password(&folder, &scene, place, "hunter2:wrong", &arguments)?;
            command.env("RUST_LOG", level);
            finish(command)?.status(75).map_err(|e| format!("{place}: {e}"))?;
        }
        let (loud, level) = LOUD[i % LOUD.len()];
        let arguments: Vec<&str> = ["run-now", "t"].iter().chain(loud).copied().collect();
        for password in ["hunter2:secret", "hunter2:wrong"] {
            let mut command = with_password(&folder, &scene, place, password, &arguments)?;
            command.env("RUST_LOG", level);
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address);
            command.env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hunter2");
            let status = if password.contains("wrong") { 75 } else { 0 };
            finish(command)?.status(status).map_err(|e| format!("{place}: {e}"))?;
        }
    }
    let received = collector.received();
    if received.spans.len() < 100 {
        return Err("there are no spans to be searched".into());
    }
    let sent = format!("{:?} {:?} {:?}", received.spans, received.metrics, received.resource);
    if sent.contains("hunter2") {
        return Err("a password in spans or metrics".into());
    }
    let directory = scene.ask("current_setting('data_directory')").await?;
    let log = std::fs::read_to_string(Path::new(&directory).join("log.txt")).map_err(words)?;
    if !log.contains("SET LOCAL ROLE") {
        return Err("the server's log has no statements to be searched".into());
    }
    if log.contains("hunter2") {
        return Err("a password in the server's log".into());
    }
    scene.drop().await?;
    drop(cluster);
    Ok(())
}

/// What others can see of it while it runs, and what it leaves when it is made to dump core.
pub async fn none_in_the_process(server: Server) -> Outcome {
    let (cluster, scene) = locked(&server).await?;
    let folder = Folder::new(&scene.database.name)?;
    let pause = folder.file("pause", "")?;
    let set = format!("pause_file={pause}");
    let cores = folder.0.join("cores");
    std::fs::create_dir(&cores).map_err(words)?;
    let dumping = |command: &Command| {
        let mut dumping = Command::new("/bin/sh");
        dumping.args(["-c", "ulimit -c unlimited && exec \"$0\" \"$@\""]);
        dumping.arg(command.get_program()).args(command.get_args()).env_clear();
        dumping.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        dumping.current_dir(&cores);
        dumping
    };
    for place in ["password", "password_file", "password_command", "PGPASSFILE"] {
        let arguments = ["run-now", "--set", &set, "t"];
        let command = with_password(&folder, &scene, place, "hunter2:secret", &arguments)?;
        let mut repackd = start(dumping(&command))?;
        repackd.until_says("held back").await?;
        for part in ["cmdline", "environ"] {
            let bytes = std::fs::read(format!("/proc/{}/{part}", repackd.pid())).map_err(words)?;
            if bytes.is_empty() || String::from_utf8_lossy(&bytes).contains("hunter2") {
                return Err(format!("{place}: a password in {part}, or nothing there"));
            }
        }
        let seen = "SELECT count(*) FROM pg_stat_activity WHERE to_jsonb(pg_stat_activity)::text ~ 'hunter2' AND pid <> pg_backend_pid()";
        if scene.ask(seen).await? != "0" {
            return Err(format!("{place}: a password in pg_stat_activity"));
        }
        repackd.signal(if place == "password" { "ABRT" } else { "QUIT" })?;
        let ended = repackd.wait()?;
        if ended.status.is_some() {
            return Err(format!("no signal ended it: {ended}"));
        }
        std::fs::remove_file(&pause).map_err(words)?;
        let arguments = ["abort", "t"];
        let command = with_password(&folder, &scene, place, "hunter2:secret", &arguments)?;
        finish(command)?.status(0)?;
        folder.file("pause", "")?;
    }
    let found = |what: &str| -> Result<usize, String> {
        let files = std::fs::read_dir(&cores).map_err(words)?;
        let count = files.count();
        println!("{what}: {count} core files");
        Ok(count)
    };
    if found("repackd")? > 0 {
        return Err("repackd left a core file".into());
    }
    // Whether there would have been one here at all.
    let mut other = Command::new("/bin/sh");
    other.args(["-c", "ulimit -c unlimited && kill -s QUIT $$"]).current_dir(&cores);
    other.status().map_err(words)?;
    if found("sh")? == 0 {
        println!("core files are not written here: not tested");
    }
    scene.drop().await?;
    drop(cluster);
    Ok(())
}
