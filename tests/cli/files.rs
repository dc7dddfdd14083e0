//! Configuration files: where they are found, and those of repcloud.

use crate::support::program::{finish, program};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server, words};
use std::path::{Path, PathBuf};

/// A directory of the test's own. Gone when dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(scene: &Scene) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("repackd-{}", scene.database.name));
        std::fs::create_dir_all(&path).map_err(words)?;
        Ok(Self(path))
    }

    pub fn write(&self, name: &str, text: &str) -> Result<String, String> {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).map_err(words)?;
        std::fs::write(&path, text).map_err(words)?;
        Ok(path.display().to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The working directory, then the user's folder, with and without the ending.
pub async fn looked_up_by_name(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let folder = Folder::new(&scene)?;
    let text = |name: &str| format!("[connections.{name}]\nurl = \"{}\"\n", scene.url());
    folder.write("here/shop.toml", &text("working"))?;
    folder.write("here/repackd.toml", &text("usual"))?;
    folder.write("home/.config/repackd/shop.toml", &text("shadowed"))?;
    folder.write("home/.config/repackd/only.toml", &text("user"))?;
    folder.write("xdg/repackd/only.toml", &text("xdg"))?;
    let show = |arguments: &[&str], more: &[(&str, &str)]| {
        let mut command = program(&[&["connections"], arguments].concat());
        command.current_dir(folder.0.join("here")).env("HOME", folder.0.join("home"));
        command.envs(more.iter().map(|(k, v)| (*k, *v)));
        finish(command)
    };
    show(&["--config", "shop"], &[])?.status(0)?.shows(&["working"])?;
    show(&["--config", "shop.toml"], &[])?.status(0)?.shows(&["working"])?;
    show(&["--config", "only"], &[])?.status(0)?.shows(&["user"])?;
    let xdg = folder.0.join("xdg").display().to_string();
    show(&["--config", "only"], &[("XDG_CONFIG_HOME", &xdg)])?.status(0)?.shows(&["xdg"])?;
    show(&[], &[])?.status(0)?.shows(&["usual"])?;
    let url = scene.url();
    show(&["--url", &url], &[])?.status(0)?.shows(&[&scene.database.name])?;
    let missing = show(&["--config", "nothing"], &[])?;
    missing.status(78)?.says(&["no configuration `nothing`", "/etc/repackd/nothing.toml"])?;
    let other = show(&["--config", "shop", "--connection", "workin"], &[])?;
    other.status(2)?.says(&["no connection `workin`", "working"])?;
    scene.drop().await
}

/// A file as repcloud has it, its numbers in quotes, with these tables.
fn repcloud_file(scene: &Scene, tables: &str) -> String {
    let place = scene.url();
    let port = place.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/'));
    format!(
        r#"# global settings
pid_dir = "~/.repcloud/pid"

[logging]
log_dir = "~/.repcloud/logs"
log_level = "info"
log_dest = "console"
log_days_keep = "10"

[notifier]
enable_email = "no"

[notifier.email]
mailfrom = "me@example.com"
mailto = ["me@example.com"]
smtp_server = "localhost"
smtp_port = "25"
smtp_ssl = "none"
smtp_username = "me"
smtp_password = "hunter2"

[connections]
[connections.shop]
user = "shape_owner"
password = "hunter2"
port = "{}"
host = "127.0.0.1"
database = "{}"
sslmode = "prefer"
schemas = []
tables = [{tables}]
max_replay_rows = "100000"
lock_timeout = "3s"
check_time = "10"
analyze_tables = "yes"
deadlock_resolution = "nothing"
"#,
        port.map_or("", |(port, _)| port),
        scene.database.name
    )
}

pub async fn repcloud(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let folder = Folder::new(&scene)?;
    let file = folder.write("repcloud.toml", &repcloud_file(&scene, "\"public.t\""))?;
    let report = finish(program(&["run-now", "--config", &file]))?;
    report
        .status(0)?
        .shows(&["public.t repacked"])?
        .says(&["pid_dir is not read: an advisory lock", &file])?;
    scene.untouched().await?;
    scene.drop().await
}

pub async fn repcloud_names(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let folder = Folder::new(&scene)?;
    let file = folder.write("default.toml", &repcloud_file(&scene, "\"public.t\""))?;
    for (arguments, shown) in [
        (&["show_connections"][..], "shop"),
        (&["prepare_repack", "--connection", "all"], "prepared"),
        (&["abort_repack", "--connection", "shop"], "given up"),
        (&["repack_tables", "--debug", "--connection", "shop"], "repacked"),
        (&["drop_schema"], "nothing to do"),
    ] {
        let report = finish(program(&[arguments, &["--config", &file]].concat()))?;
        report.status(0)?.shows(&[shown]).map_err(|e| format!("{arguments:?}: {e}"))?;
    }
    let report = finish(program(&["create_schema", "--config", &file]))?;
    report.says(&["Nothing needs to be created in advance"])?;
    scene.untouched().await?;
    scene.drop().await
}
