//! What happens at a failpoint, in a program built for the tests.

use super::{Role, Step};
use crate::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;
use tokio_postgres::Client;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// This process ends by SIGKILL.
    Kill,
    /// A session's socket closes without a goodbye.
    Drop(Role),
    /// The server has done the step, and its reply never comes.
    LoseReply,
    /// Somebody cancels the statement.
    Cancel,
    /// Somebody ends a session on the server.
    Terminate(Role),
    /// Whoever started this process stops the server.
    StopServer,
}

impl Action {
    /// All of them, with their names.
    pub const ALL: &[(&str, Self)] = &[
        ("kill", Self::Kill),
        ("drop-worker", Self::Drop(Role::Worker)),
        ("drop-holder", Self::Drop(Role::Holder)),
        ("drop-observer", Self::Drop(Role::Observer)),
        ("lose-reply", Self::LoseReply),
        ("error-cancel", Self::Cancel),
        ("terminate-worker", Self::Terminate(Role::Worker)),
        ("terminate-holder", Self::Terminate(Role::Holder)),
        ("stop-server", Self::StopServer),
    ];
}

/// What shall happen, where and when.
#[derive(Debug)]
struct Armed {
    point: String,
    action: Action,
    nth: u32,
    delay: Duration,
    hits: AtomicU32,
}

static ARMED: OnceLock<Armed> = OnceLock::new();

/// Arms a failpoint, once in the life of a process.
pub fn arm(text: &str) -> Result<(), String> {
    let armed = parse(text).ok_or_else(|| format!("no failpoint: {text}"))?;
    ARMED.set(armed).map_err(|_| "a failpoint is armed already".to_owned())
}

fn parse(text: &str) -> Option<Armed> {
    let (point, rest) = text.split_once('=')?;
    let places = |s: &Step| ["before", "during", "commit", "after"].map(|p| place(*s, p));
    super::STEPS.iter().flat_map(places).find(|p| p == point)?;
    let mut parts = rest.split(':');
    let name = parts.next()?;
    let (_, action) = Action::ALL.iter().find(|(n, _)| *n == name)?;
    let mut number = |default: u32| parts.next().map_or(Some(default), |n| n.parse().ok());
    let (nth, delay) = (number(1)?, number(0)?);
    Some(Armed {
        point: point.to_owned(),
        action: *action,
        nth,
        delay: Duration::from_millis(delay.into()),
        hits: AtomicU32::new(0),
    })
}

fn place(step: Step, place: &str) -> String {
    format!("{}-{place}", step.name)
}

/// A session that failpoints can act on.
#[derive(Debug)]
pub struct Handle {
    /// Its client, unless it has ended.
    pub client: Weak<Client>,
    /// Stops the task that reads and writes its socket, which closes it.
    pub driver: AbortHandle,
    /// The server's process.
    pub pid: i32,
}

static SESSIONS: Mutex<[Option<Handle>; 3]> = Mutex::new([None, None, None]);

/// Makes a session known by its role; the next of this role takes its place.
pub fn register(role: Role, handle: Handle) {
    let mut sessions = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner);
    sessions[role as usize] = Some(handle);
}

fn with<T>(role: Role, look: impl FnOnce(&Handle) -> T) -> Option<T> {
    let sessions = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner);
    sessions[role as usize].as_ref().map(look)
}

fn client(role: Role) -> Option<std::sync::Arc<Client>> {
    with(role, |h| h.client.upgrade()).flatten()
}

tokio::task_local! {
    static STEP: Step;
}

/// An error type that can say that a connection is gone or a statement was cancelled.
pub trait FromServer {
    /// What the server said, or the connection.
    fn from_server(step: Step, error: tokio_postgres::Error) -> Self;
}

impl FromServer for Error {
    fn from_server(step: Step, error: tokio_postgres::Error) -> Self {
        Self::sql(format!("failpoint {}", step.name))(error)
    }
}

impl FromServer for tokio_postgres::Error {
    fn from_server(_: Step, error: Self) -> Self {
        error
    }
}

/// Marks a step of the engine.
pub trait At<T, E>: Future<Output = Result<T, E>> + Sized {
    /// The step, interrupted if that is what is armed.
    fn at(self, step: Step) -> impl Future<Output = Result<T, E>>;
}

impl<F, T, E> At<T, E> for F
where
    F: Future<Output = Result<T, E>>,
    E: FromServer,
{
    async fn at(self, step: Step) -> Result<T, E> {
        let failed = |e| E::from_server(step, e);
        STEP.scope(step, async {
            hit(step, "before").await.map_err(failed)?;
            let done = during(step, self).await?;
            hit(step, "after").await.map_err(failed)?;
            Ok(done)
        })
        .await
    }
}

/// Where a transaction is about to commit.
pub async fn commit() -> crate::error::Result<()> {
    let Ok(step) = STEP.try_with(|s| *s) else { return Ok(()) };
    hit(step, "commit").await.map_err(|e| Error::from_server(step, e))
}

/// What is armed, if this is the time and the place for it.
fn due(step: Step, at: &str) -> Option<&'static Armed> {
    let armed = ARMED.get().filter(|a| a.point == place(step, at))?;
    (armed.hits.fetch_add(1, Ordering::Relaxed) + 1 == armed.nth).then_some(armed)
}

async fn hit(step: Step, at: &str) -> Result<(), tokio_postgres::Error> {
    match due(step, at) {
        Some(armed) => act(armed, step, true).await,
        None => Ok(()),
    }
}

async fn during<T, E: FromServer>(
    step: Step,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let Some(armed) = due(step, "during") else { return work.await };
    tokio::pin!(work);
    let early = tokio::select! {
        biased;
        done = &mut work => Some(done),
        () = tokio::time::sleep(armed.delay) => None,
    };
    act(armed, step, false).await.map_err(|e| E::from_server(step, e))?;
    match early {
        Some(done) => done,
        None => work.await,
    }
}

/// Does it. `between` says that the session is not in the middle of a statement.
async fn act(armed: &Armed, step: Step, between: bool) -> Result<(), tokio_postgres::Error> {
    // The tests look for this line, or a point that is never reached would pass for harmless.
    eprintln!("failpoint {}", armed.point);
    match armed.action {
        Action::Kill => die(),
        Action::Drop(role) => close(role).await,
        Action::LoseReply => {
            close(step.session).await;
            if let Some(client) = client(step.session) {
                client.batch_execute("").await?;
            }
        }
        Action::Cancel if between => {
            let Some(client) = client(step.session) else { return Ok(()) };
            let sleep = client.batch_execute("SELECT pg_catalog.pg_sleep(60)");
            tokio::pin!(sleep);
            loop {
                tokio::select! {
                    ended = &mut sleep => return ended,
                    () = tokio::time::sleep(Duration::from_millis(20)) => {
                        tell(step.session, "pg_cancel_backend").await;
                    }
                }
            }
        }
        Action::Cancel => tell(step.session, "pg_cancel_backend").await,
        Action::Terminate(role) => {
            tell(role, "pg_terminate_backend").await;
            until_closed(role, Duration::from_secs(10)).await;
        }
        Action::StopServer => {
            for role in [Role::Holder, Role::Worker, Role::Observer] {
                until_closed(role, Duration::from_secs(60)).await;
            }
        }
    }
    Ok(())
}

/// There is no SIGKILL of oneself without unsafe code.
fn die() -> ! {
    let _ = std::process::Command::new("/bin/sh").args(["-c", "kill -KILL $PPID"]).status();
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}

async fn close(role: Role) {
    with(role, |h| h.driver.abort());
    until_closed(role, Duration::from_secs(10)).await;
}

async fn until_closed(role: Role, patience: Duration) {
    let end = Instant::now() + patience;
    while client(role).is_some_and(|c| !c.is_closed()) && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Has another of the run's sessions call a function on this one's server process.
async fn tell(role: Role, function: &str) {
    let Some(pid) = with(role, |h| h.pid) else { return };
    let teller = [Role::Observer, Role::Worker].into_iter().find(|r| *r != role);
    if let Some(teller) = teller.and_then(client) {
        let _ = teller.batch_execute(&format!("SELECT pg_catalog.{function}({pid})")).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failpoint_has_a_place_an_action_a_number_and_a_delay() {
        let armed = parse("index-build-during=kill:2:20").unwrap();
        assert_eq!((armed.action, armed.nth), (Action::Kill, 2));
        assert_eq!(armed.delay, Duration::from_millis(20));
        assert_eq!(parse("drain-commit=drop-holder").unwrap().nth, 1);
        for wrong in ["drain=kill", "drain-commit=die", "nowhere-before=kill", "drain-commit"] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
