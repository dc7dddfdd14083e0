//! One case: a run is interrupted, perhaps once more while it is being picked up, and then resumed or
//! aborted to its end.

use super::arena::{Arena, Damage};
use super::case::{Case, all};
use crate::support::Outcome;
use crate::support::program::Finished;
use crate::support::random::Random;

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The interrupted command came to its end by itself.
    Unimpressed,
    /// `resume` finished it.
    Resumed,
    /// `abort` took it back.
    Aborted,
}

/// What one case came to.
pub struct Played {
    /// How it ended.
    pub end: End,
    /// Interruptions in it.
    pub injected: u64,
    /// What is wrong now.
    pub damage: Damage,
}

/// Plays it.
pub async fn play(arena: &Arena, case: &Case, random: &mut Random) -> Result<Played, String> {
    let mut story = Vec::new();
    let result = tell(arena, case, random, &mut story).await;
    result.map_err(|e| format!("{}: {e}", story.join(", then ")))
}

async fn tell(
    arena: &Arena,
    case: &Case,
    random: &mut Random,
    story: &mut Vec<String>,
) -> Result<Played, String> {
    let command = approach(arena, case, story).await?;
    let mut injected = 1;
    interrupted(arena, command, case, story)?;
    // Killed while it is picked up: before the same step, so that whatever was done of it is done
    // again, or anywhere.
    if random.percent(60) && !arena.scene.runs()?.is_empty() {
        let again = if case.in_abort() { "abort" } else { "resume" };
        let second = match random.percent(60) {
            true => Case { place: "before", action: "kill", nth: 1, delay: 0, ..case.clone() },
            false => any_kill(random),
        };
        story.push(format!("{again} {second}"));
        let ended = arena.repackd(again, Some(&second.armed()))?;
        injected += u64::from(ended.status.is_none());
        if !matches!(ended.status, None | Some(0)) {
            return Err(format!("{ended}"));
        }
    }
    let end = finish(arena, random, story)?;
    Ok(Played { end, injected, damage: arena.damage().await? })
}

fn any_kill(random: &mut Random) -> Case {
    let mut kills: Vec<_> = all().into_iter().filter(|c| c.action == "kill").collect();
    let at = random.range(0, kills.len() as i64) as usize;
    kills.swap_remove(at).varied(random)
}

/// Brings about the state in which the failpoint is met, and says by which command.
pub async fn approach(
    arena: &Arena,
    case: &Case,
    story: &mut Vec<String>,
) -> Result<&'static str, String> {
    if case.in_abort() {
        arena.repackd("prepare", None)?.status(0)?;
        return Ok("abort");
    }
    if case.step.name == "purge-range" {
        let killed = arena.repackd("run-now", Some("copy-chunk-after=kill"))?;
        story.push("run-now copy-chunk-after=kill".into());
        reached(&killed, "copy-chunk-after")?;
        arena.touch().await?;
        return Ok("resume");
    }
    Ok("run-now")
}

/// Runs a command until it is interrupted, and to the end it comes to by then.
fn interrupted(arena: &Arena, command: &str, case: &Case, story: &mut Vec<String>) -> Outcome {
    story.push(format!("{command} {case}"));
    let ended = arena.repackd(command, Some(&case.armed()))?;
    reached(&ended, &case.point())?;
    honest(arena, &ended, case.action == "kill")
}

fn reached(ended: &Finished, point: &str) -> Outcome {
    ended.says(&[&format!("failpoint {point}\n")]).map(drop)
}

/// It ended as it should, and what it said about it is true.
pub fn honest(arena: &Arena, ended: &Finished, killed: bool) -> Outcome {
    let fine = match ended.status {
        None => killed,
        // Cancelled statements are somebody's wish; lost connections are worth another try.
        Some(0 | 1 | 75) => !killed,
        Some(_) => false,
    };
    if !fine {
        return Err(format!("an odd end: {ended}"));
    }
    let left = !arena.scene.runs()?.is_empty();
    // Of an abort or a resume that gets nowhere it is true.
    let began = ended.what.starts_with("run-now");
    let lies = [
        ("nothing was changed", left && began),
        ("repackd resume", !left),
        ("goes on removing it", !left),
        ("panicked", true),
    ];
    match lies.iter().find(|(words, untrue)| *untrue && ended.err.contains(words)) {
        Some((words, _)) => {
            Err(format!("\"{words}\" is not true (a run is left: {left}): {ended}"))
        }
        None if ended.status == Some(0) && left => Err(format!("a run is left: {ended}")),
        None => Ok(()),
    }
}

/// Resumes or aborts what is left.
pub fn finish(arena: &Arena, random: &mut Random, story: &mut Vec<String>) -> Result<End, String> {
    if arena.scene.runs()?.is_empty() {
        return Ok(End::Unimpressed);
    }
    let (command, end) = match random.percent(60) {
        true => ("resume", End::Resumed),
        false => ("abort", End::Aborted),
    };
    story.push(command.to_owned());
    arena.repackd(command, None)?.status(0)?;
    Ok(end)
}
