//! What repackd itself needs of the machine it runs on.

use crate::support::scene::Scene;
use crate::support::{Outcome, Server};
use std::time::Duration;

/// Client libraries keep a row of one number in more than fifty bytes, so that the rows of the large table,
/// its keys or the log of them would take twice this.
const MORE: u64 = 16 << 20;

/// Does not grow with the table, and not with what is changed in it meanwhile: both stay in the server.
pub async fn of_any_table(server: Server) -> Outcome {
    let small = peak(&server, 1_000).await?;
    let large = peak(&server, 600_000).await?;
    match large < small + MORE {
        true => Ok(()),
        false => Err(format!("{large} bytes for 600,000 rows, {small} bytes for 1,000")),
    }
}

/// The most bytes that repacking a table took, every row of which changes after it was copied.
async fn peak(server: &Server, rows: u32) -> Result<u64, String> {
    let setup = format!(
        "CREATE TABLE public.t (id bigint PRIMARY KEY, v text);
         ALTER TABLE public.t OWNER TO shape_owner;
         INSERT INTO public.t SELECT i, 'v' FROM generate_series(1, {rows}) i;"
    );
    let scene = Scene::of(server, &setup).await?;
    let prepared = watch(&scene, "prepare").await?;
    scene.run("UPDATE public.t SET v = 'changed'").await?;
    let resumed = watch(&scene, "resume").await?;
    scene.drop().await?;
    Ok(prepared.max(resumed))
}

/// The kernel's high-water mark of the process's resident memory, in bytes.
async fn watch(scene: &Scene, command: &str) -> Result<u64, String> {
    let mut run = scene.start(&[command, "t"])?;
    let status = format!("/proc/{}/status", run.pid());
    let mut most = 0;
    while run.is_running() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kib = line.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        most = most.max(kib.unwrap_or(0) << 10);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    run.wait()?.status(0)?;
    match most {
        0 => Err(format!("nothing was read from {status}")),
        most => Ok(most),
    }
}
