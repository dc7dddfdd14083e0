//! The server stopped by a crash and started again, or gone for good with a standby in its place.

use super::arena::{Arena, Damage};
use super::case::Case;
use super::play::{self, Played};
use crate::support::cluster::Cluster;
use crate::support::program::{Started, start};
use crate::support::random::Random;
use crate::support::{Outcome, words};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Crashes the server at a failpoint, starts it again, and picks up what is left.
pub async fn stopped(version: u32, case: &Case, random: &mut Random) -> Result<Played, String> {
    let cluster = Cluster::create(version).await?;
    let mut arena = Arena::build(&cluster.server(), 0, false).await?;
    let writer = Writer::start(arena.scene.database.url("shape_owner"));
    let run = until_reached(&arena, case).await?;
    cluster.stop("immediate")?;
    // It may ask which table has the name: by then there is somebody to ask.
    cluster.start()?;
    let ended = run.wait()?;
    arena.scene.client = arena.scene.database.client().await?;
    play::honest(&arena, &ended, false)?;
    let mut story = vec![case.to_string()];
    let end = play::finish(&arena, random, &mut story)?;
    writer.stop().await?;
    let damage = arena.damage().await?;
    arena.end().await?;
    Ok(Played { end, injected: 1, damage })
}

/// The same, but the primary never comes back: a standby is promoted, which may not have heard of the
/// last commits, and repackd is pointed at it.
pub async fn promoted(version: u32, case: &Case, random: &mut Random) -> Result<Played, String> {
    let primary = Cluster::create(version).await?;
    let standby = primary.follower()?;
    let mut arena = Arena::build(&primary.server(), 0, false).await?;
    // It may miss what repackd does, but not the table.
    until_replayed(&arena).await?;
    let writer = Writer::start(arena.scene.database.url("shape_owner"));
    let run = until_reached(&arena, case).await?;
    primary.stop("immediate")?;
    writer.stop().await?;
    standby.promote()?;
    let ended = run.wait()?;
    if !matches!(ended.status, Some(0 | 75)) {
        return Err(format!("an odd end: {ended}"));
    }
    arena.scene.database.server = standby.server();
    arena.scene.client = arena.scene.database.client().await?;
    let writer = Writer::start(arena.scene.database.url("shape_owner"));
    let mut story = vec![format!("{case}, promotion")];
    let end = play::finish(&arena, random, &mut story).map_err(|e| format!("{story:?}: {e}"))?;
    writer.stop().await?;
    let damage = arena.damage().await?;
    arena.end().await?;
    Ok(Played { end, injected: 1, damage })
}

/// Crashes the server before anything but the COMMIT itself could have brought to the disk that a run
/// was begun, and looks whether it is there, as was said.
pub async fn begun(version: u32, point: &str) -> Outcome {
    let cluster = Cluster::create(version).await?;
    let mut arena = Arena::build(&cluster.server(), 0, false).await?;
    let client = &arena.scene.client;
    client.batch_execute("ALTER SYSTEM SET wal_writer_delay = '10s'").await.map_err(words)?;
    client.batch_execute("SELECT pg_reload_conf()").await.map_err(words)?;
    let mut run = start(arena.command("run-now", Some(&format!("{point}=stop-server"))))?;
    run.until_says(&format!("failpoint {point}\n")).await?;
    cluster.stop("immediate")?;
    cluster.start()?;
    let ended = run.wait()?;
    ended.status(75)?.says(&["the shadow is kept", "`repackd resume public.t` goes on"])?;
    arena.scene.client = arena.scene.database.client().await?;
    play::honest(&arena, &ended, false)?;
    arena.repackd("abort", None)?.status(0)?;
    match arena.damage().await? {
        none if none == Damage::default() => arena.end().await,
        damage => Err(format!("{damage:?}")),
    }
}

/// Waits until a standby has all that there is.
async fn until_replayed(arena: &Arena) -> Outcome {
    let behind = "SELECT NOT coalesce(bool_and(replay_lsn >= pg_current_wal_flush_lsn()), false) FROM pg_stat_replication";
    for _ in 0..600 {
        if !arena.scene.client.query_one(behind, &[]).await.map_err(words)?.get::<_, bool>(0) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err("the standby does not follow".into())
}

/// Starts the command that meets the failpoint, and waits until it does.
async fn until_reached(arena: &Arena, case: &Case) -> Result<Started, String> {
    let command = play::approach(arena, case, &mut Vec::new()).await?;
    let mut run = start(arena.command(command, Some(&case.armed())))?;
    run.until_says(&format!("failpoint {}\n", case.point())).await?;
    Ok(run)
}

/// A client that writes on when the server is back. What it has written, the mirror knows.
struct Writer {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Outcome>,
}

impl Writer {
    fn start(url: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = stop.clone();
        let task = tokio::spawn(async move {
            let mut random = Random::new(1, 1);
            while !seen.load(Ordering::Relaxed) {
                let Ok(client) = crate::support::client(&url).await else {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                };
                while !seen.load(Ordering::Relaxed) {
                    let id = random.range(1, 9000);
                    let sql = match random.range(0, 4) {
                        0 => format!("DELETE FROM public.t WHERE id = {id}"),
                        1 => format!(
                            "INSERT INTO public.t (id, v) VALUES ({id}, 'new') ON CONFLICT DO NOTHING"
                        ),
                        2 => format!(
                            "UPDATE public.t SET id = 10000 + id, v = 'moved' WHERE id = {id} AND NOT EXISTS (SELECT FROM public.t WHERE id = {id} + 10000)"
                        ),
                        _ => format!("UPDATE public.t SET v = 'written' WHERE id = {id}"),
                    };
                    match client.batch_execute(&sql).await {
                        Ok(()) => tokio::time::sleep(Duration::from_millis(3)).await,
                        // The server went away, or says so with its last word.
                        Err(e) if e.code().is_none_or(|c| c.code().starts_with("57P")) => break,
                        Err(e) => return Err(format!("a writer failed: {sql}: {}", words(e))),
                    }
                }
            }
            Ok(())
        });
        Self { stop, task }
    }

    async fn stop(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.map_err(words)?
    }
}
