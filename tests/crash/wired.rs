//! Cut at any statement at all, whether the engine marks it as a step or not.

use super::arena::Arena;
use super::play::{self, Played};
use crate::support::program::{Finished, start};
use crate::support::random::Random;
use crate::support::wire::{Cut, Target, Wire};
use std::time::{Duration, Instant};

/// How many statements `run-now` and `abort` send when nobody interrupts them.
pub async fn lengths(arena: &Arena) -> Result<[u64; 2], String> {
    let run = statements(arena, "run-now").await?;
    arena.repackd("prepare", None)?.status(0)?;
    Ok([run, statements(arena, "abort").await?])
}

async fn statements(arena: &Arena, command: &str) -> Result<u64, String> {
    let whole = Target { number: 0, done: false, cut: Cut::One };
    let (ended, count, _) = through(arena, command, whole).await?;
    ended.status(0)?;
    Ok(count)
}

/// Interrupts a command at a statement that chance picks, by killing it or by taking away a
/// connection.
pub async fn play(
    arena: &Arena,
    [run, abort]: [u64; 2],
    random: &mut Random,
) -> Result<Played, String> {
    let (command, all) = if random.percent(75) { ("run-now", run) } else { ("abort", abort) };
    let target = Target {
        number: random.range(1, all as i64 + 1).unsigned_abs(),
        done: random.percent(50),
        cut: if random.percent(50) { Cut::All } else { Cut::One },
    };
    let mut story = vec![format!("{command} {target:?}")];
    let result = tell(arena, command, target, random, &mut story).await;
    result.map_err(|e| format!("{}: {e}", story.join(", then ")))
}

async fn tell(
    arena: &Arena,
    command: &str,
    target: Target,
    random: &mut Random,
    story: &mut Vec<String>,
) -> Result<Played, String> {
    if command == "abort" {
        arena.repackd("prepare", None)?.status(0)?;
    }
    let (ended, _, reached) = through(arena, command, target).await?;
    play::honest(arena, &ended, reached && target.cut == Cut::All)?;
    let end = play::finish(arena, random, story)?;
    Ok(Played { end, injected: u64::from(reached), damage: arena.damage().await? })
}

/// Runs a command through a wire; if all is cut, it is killed.
async fn through(
    arena: &Arena,
    command: &str,
    target: Target,
) -> Result<(Finished, u64, bool), String> {
    let url = arena.scene.url();
    let port = url.rsplit_once(':').and_then(|(_, end)| end.split_once('/')).map_or("", |p| p.0);
    let wire = Wire::start(port.parse().map_err(|_| format!("no port in {url}"))?, target).await?;
    let by = url.replace(&format!(":{port}/"), &format!(":{}/", wire.port));
    let mut run = start(arena.command_by(command, &by))?;
    let end = Instant::now() + Duration::from_secs(120);
    while run.is_running() && Instant::now() < end {
        if wire.is_reached() && target.cut == Cut::All {
            run.signal("KILL")?;
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (count, reached) = (wire.count(), wire.is_reached());
    drop(wire);
    Ok((run.wait()?, count, reached))
}
