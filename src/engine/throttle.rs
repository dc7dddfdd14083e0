//! The throttle: before each piece of work the server is looked at, and while it has enough to do
//! already, nothing is added. Pieces are chunks of about a second, batches of the drain and single
//! indexes, so that holding back takes effect within one of these.
//!
//! Capture goes on meanwhile, and the key log grows: a run that is held back for `throttle_wait` is
//! left for later instead.

use super::context::{Run, application_name};
use super::journal::Held;
use super::spans;
use crate::config::Limits;
use crate::error::{Error, Result};
use crate::job::Event;
use crate::pg::{Session, rollback, settings};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio_postgres::{SimpleQueryMessage, types::Type};
use tokio_util::sync::CancellationToken;

/// How long a look counts. What is looked at changes slower than that.
const FRESH: Duration = Duration::from_millis(500);

/// How soon to look again while held back.
const AGAIN: Duration = Duration::from_secs(1);

/// How long a query of the user's may take.
const QUERY_TIMEOUT: &str = "5s";

/// Seconds of excess WAL that are remembered: after a long burst of others' the work must go on
/// some time.
const MEMORY: f64 = 5.0;

const LOOK: &str = include_str!("throttle.sql");

/// What holds a run's work against its limits.
#[derive(Debug)]
pub struct Throttle {
    limits: Limits,
    /// Its own, so that no query of the user's meets a transaction of ours; `None` without limits.
    session: Option<Session>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    looked: Option<Instant>,
    /// When WAL was last looked at, where it was, and how many bytes more than allowed were written.
    wal: Option<(Instant, i64)>,
    excess: f64,
    /// What slots retained when the run began.
    retained: Option<i64>,
}

/// Why the work is held back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hold {
    /// The setting.
    by: &'static str,
    /// In words.
    why: String,
}

impl Throttle {
    /// Opens its session, and fails if something could never be looked at as asked.
    pub async fn open(job: &super::Job, oid: u32, beside: &Session) -> Result<Self> {
        let limits = job.settings.limits.clone();
        let session = match limits.is_empty() {
            true => None,
            false => Some(settings::open(&job.server, &application_name(oid)).await?),
        };
        if let Some(session) = &session {
            beside.is_beside(session).await?;
            check(session, &limits).await?;
        }
        Ok(Self { limits, session, state: Mutex::default() })
    }

    /// For work that is not to be held back.
    pub fn none() -> Self {
        Self { limits: Limits::default(), session: None, state: Mutex::default() }
    }

    /// The server process of its session.
    pub fn backend_pid(&self) -> Option<i32> {
        self.session.as_ref().map(Session::backend_pid)
    }
}

/// Returns when there is no reason to hold back, and says whether there was one; or ends with `stop`.
/// `session` works as the owner and is between two transactions: that the run is held back, and why,
/// is written to the journal through it.
pub async fn pass(run: &Run<'_>, session: &Session, stop: &CancellationToken) -> Result<bool> {
    let throttle = &run.throttle;
    let Some(own) = &throttle.session else { return Ok(false) };
    if run.unstoppable {
        return Ok(false);
    }
    // Whoever comes second waits for the first one's verdict.
    let mut state = throttle.state.lock().await;
    if stop.is_cancelled() {
        return Err(Error::Interrupted);
    }
    if state.looked.is_some_and(|at| at.elapsed() < FRESH) {
        return Ok(false);
    }
    let began = Instant::now();
    let mut said: Option<Hold> = None;
    let mut span = tracing::Span::none();
    let result = loop {
        let hold = match look(run, own, &throttle.limits, &mut state).await {
            Ok(hold) => hold,
            Err(e) => break Err(e),
        };
        let Some(hold) = hold else { break Ok(()) };
        if began.elapsed() >= throttle.limits.throttle_wait {
            break Err(Error::HeldBack {
                table: run.subject.table.clone(),
                seconds: began.elapsed().as_secs(),
                why: hold.why,
            });
        }
        if said.as_ref().is_none_or(|s| s.by != hold.by) {
            span = spans::held(hold.by);
            run.hold(session, Some(Held::now(hold.by, &hold.why))).await?;
            run.send(Event::Held {
                table: run.subject.table.to_string(),
                reason: Some(hold.why.clone()),
            });
        }
        run.held_for(hold.by, AGAIN);
        said = Some(hold);
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = stop.cancelled() => break Err(Error::Interrupted),
        }
    };
    drop(span);
    if said.is_some() && result.is_ok() {
        run.hold(session, None).await?;
        run.send(Event::Held { table: run.subject.table.to_string(), reason: None });
    }
    state.looked = Some(Instant::now());
    result.map(|()| said.is_some())
}

/// Looks once. The first reason found is the one.
async fn look(
    run: &Run<'_>,
    session: &Session,
    limits: &Limits,
    state: &mut State,
) -> Result<Option<Hold>> {
    if let Some(file) = &limits.pause_file
        && tokio::fs::try_exists(file).await.unwrap_or(true)
    {
        let why = format!("the pause file {} is there", file.display());
        return Ok(Some(Hold { by: "pause_file", why }));
    }
    let own = run.own_pids();
    let row = session
        .query_typed_one(
            LOOK,
            &[
                (&run.journal.shadow_oid, Type::OID),
                (&run.subject.log(), Type::TEXT),
                (&own, Type::INT4_ARRAY),
            ],
        )
        .await
        .map_err(Error::sql("looking whether to hold back"))?;
    space(run, limits, state, row.get("extra"), row.get("retained"))?;
    let lag = match &limits.replica_lag_query {
        None => Ok(row.get::<_, Option<f64>>("lag_s").unwrap_or(0.0)),
        Some(_) if limits.max_replica_lag.is_none() => Ok(0.0),
        Some(query) => ask(session, query).await.and_then(seconds),
    };
    match (lag, limits.max_replica_lag) {
        (Ok(lag), Some(most)) if lag > most.as_secs_f64() => {
            let why = format!("a replica lags {lag:.1} s, more than {:.1} s", most.as_secs_f64());
            return Ok(Some(Hold { by: "max_replica_lag", why }));
        }
        // Not knowing is no reason to go on.
        (Err(e), _) => {
            let why = format!("replica_lag_query failed: {e}");
            return Ok(Some(Hold { by: "replica_lag_query", why }));
        }
        _ => {}
    }
    if let Some(most) = limits.max_active_sessions {
        let active: i64 = row.get("active");
        if active > i64::from(most) {
            let why = format!("{active} clients are at work, more than {most}");
            return Ok(Some(Hold { by: "max_active_sessions", why }));
        }
    }
    if let Some(most) = limits.max_wal_rate
        && state.writes_too_much(row.get("wal"), most, Instant::now())
    {
        let why = format!("more than {most} bytes of WAL a second are written");
        return Ok(Some(Hold { by: "max_wal_rate", why }));
    }
    if let Some(query) = &limits.throttle_query {
        let why = match ask(session, query).await {
            Ok(answer) => reason(answer),
            Err(e) => Some(format!("throttle_query failed: {e}")),
        };
        return Ok(why.map(|why| Hold { by: "throttle_query", why }));
    }
    Ok(None)
}

impl State {
    /// Whether WAL is being written faster than allowed: what was written above the rate has to be
    /// made up for by time in which less is.
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    fn writes_too_much(&mut self, wal: i64, most: u64, now: Instant) -> bool {
        if let Some((then, before)) = self.wal {
            let seconds = now.saturating_duration_since(then).as_secs_f64();
            let more = (wal - before) as f64 - most as f64 * seconds;
            self.excess = (self.excess + more).clamp(0.0, most as f64 * MEMORY);
        }
        self.wal = Some((now, wal));
        self.excess > 0.0
    }
}

/// Fails if the run takes more space than it may. WAL that a slot keeps counts as far as it has come
/// to be since.
fn space(
    run: &Run<'_>,
    limits: &Limits,
    state: &mut State,
    extra: i64,
    retained: i64,
) -> Result<()> {
    let at_first = *state.retained.get_or_insert(retained);
    let used = extra + (retained - at_first).max(0);
    match limits.max_extra_space {
        Some(most) if used > i64::try_from(most).unwrap_or(i64::MAX) => Err(Error::TooLarge {
            table: run.subject.table.clone(),
            used,
            retained: (retained - at_first).max(0),
            most,
        }),
        _ => Ok(()),
    }
}

/// What the user asks for must be possible at all.
async fn check(session: &Session, limits: &Limits) -> Result<()> {
    let row = session
        .query_one(
            "SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'), pg_catalog.quote_ident(session_user)",
            &[],
        )
        .await
        .map_err(Error::sql("looking at privileges"))?;
    let (sees, login): (bool, String) = (row.get(0), row.get(1));
    let grant = format!("GRANT pg_read_all_stats TO {login}");
    if !sees && limits.max_replica_lag.is_some() && limits.replica_lag_query.is_none() {
        return Err(Error::Other(format!(
            "max_replica_lag cannot be looked at: role {login} may not see pg_stat_replication: {grant}, or give a replica_lag_query"
        )));
    }
    if !sees && limits.max_active_sessions.is_some() {
        return Err(Error::Other(format!(
            "max_active_sessions cannot be looked at: role {login} may not see what other sessions do: {grant}"
        )));
    }
    if let Some(query) = &limits.replica_lag_query {
        let answer = ask(session, query).await.and_then(seconds);
        answer.map_err(|e| Error::Other(format!("replica_lag_query: {e}")))?;
    }
    if let Some(query) = &limits.throttle_query {
        ask(session, query).await.map_err(|e| Error::Other(format!("throttle_query: {e}")))?;
    }
    Ok(())
}

/// The first value of the first row, as text, of a query that may only read.
async fn ask(session: &Session, query: &str) -> Result<Option<String>, String> {
    let all = format!("BEGIN READ ONLY; SET LOCAL statement_timeout = '{QUERY_TIMEOUT}'; {query}");
    let answer = session.simple_query(&all).await;
    let _ = rollback(session).await;
    let messages = answer.map_err(|e| Error::sql("the query")(e).to_string())?;
    let first = messages.iter().find_map(|m| match m {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(first.and_then(|row| row.get(0)).map(str::to_owned))
}

/// An answer as a number of seconds; none at all is none.
fn seconds(answer: Option<String>) -> Result<f64, String> {
    let Some(text) = answer else { return Ok(0.0) };
    text.trim().parse().map_err(|_| "its answer is not a number of seconds".to_owned())
}

/// An answer as a reason to hold back.
fn reason(answer: Option<String>) -> Option<String> {
    let text = answer?.trim().to_owned();
    match text.as_str() {
        "" | "f" | "false" | "0" => None,
        "t" | "true" | "1" => Some("throttle_query says so".to_owned()),
        _ => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wal_above_the_rate_has_to_be_made_up_for() {
        let (mut state, start) = (State::default(), Instant::now());
        let at = |s: u64| start + Duration::from_secs(s);
        assert!(!state.writes_too_much(1_000_000, 100, at(0)), "the first look sees no rate");
        assert!(!state.writes_too_much(1_000_100, 100, at(1)));
        assert!(state.writes_too_much(1_000_400, 100, at(2)), "200 bytes too many");
        assert!(state.writes_too_much(1_000_400, 100, at(3)));
        assert!(!state.writes_too_much(1_000_400, 100, at(4)));
        assert!(state.writes_too_much(9_000_000, 100, at(5)), "others write a lot");
        assert!(!state.writes_too_much(9_000_000, 100, at(11)), "no more than 5 s are remembered");
    }

    #[test]
    fn answers_are_read_as_sql_says_yes_and_no() {
        for no in [None, Some(""), Some("f"), Some("0")] {
            assert_eq!(reason(no.map(str::to_owned)), None);
        }
        assert_eq!(reason(Some("batch runs".into())), Some("batch runs".into()));
        assert_eq!(seconds(None), Ok(0.0));
        assert_eq!(seconds(Some("1.5".into())), Ok(1.5));
        assert!(seconds(Some("00:00:01".into())).is_err());
    }
}
