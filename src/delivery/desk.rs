//! The daemon's desk: a task of its own, which hears what windows are open and that runs have ended, looks
//! into the store for what there is to tell, and delivers. The daemon never waits for it, its end apart,
//! and there for a few seconds only.

use super::windows::{self, Closed, Open, Windows};
use super::{Attempt, compose, deliver, make, template_problems};
use crate::config::{Config, Notifier, When};
use crate::error::Result;
use crate::report::Occasion;
use crate::schedule::{Opening, Schedule};
use crate::store::{State, Store};
use chrono::{DateTime, Duration as Span, Utc};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

/// A clock on the wall.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The longest time between two looks into the store.
const POLL: Duration = Duration::from_secs(2);

/// How often runs and digests are looked for that nobody has spoken of.
const LOOK: Duration = Duration::from_secs(15);

/// How long deliveries under way are waited for at the end: of a daemon, and of `daemon --once`.
const LAST: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(15)];

/// Ends that were put into the store late, or under another clock, are found for so long.
const LATE: Span = Span::minutes(10);

/// How long after a digest's time, on the store's clock, it is made: an end is stamped a moment before others
/// see it.
const SETTLED: Span = Span::seconds(10);

/// The oldest end of a run that is still news.
const NEWS: Span = Span::days(1);

/// For how long what waits for a notifier that is gone is kept waiting.
const ORPHANED: Duration = Duration::from_secs(86_400);

/// The names under which things are kept in the store.
const WINDOWS: &str = "reports: windows";
const RUNS: &str = "reports: runs told until";

/// The daemon's end of it.
#[derive(Debug)]
pub struct Desk {
    words: UnboundedSender<Word>,
    task: JoinHandle<()>,
    open: Option<Vec<Open>>,
}

#[derive(Debug)]
enum Word {
    Open(Vec<Open>),
    Ended,
    Config(Arc<Config>),
    Close(oneshot::Sender<()>),
}

impl Desk {
    /// Opens it. With `once`, all is told in one report at the end.
    pub fn open(store: &Store, me: &str, now: Now, config: &Arc<Config>, once: bool) -> Self {
        let (words, heard) = unbounded_channel();
        let work = Work {
            store: store.clone(),
            me: me.to_owned(),
            began: now(),
            now,
            config: Arc::clone(config),
            once,
            current: None,
            windows: None,
            told: HashSet::new(),
            looked: None,
            busy: JoinSet::new(),
            at_it: HashSet::new(),
            trouble: HashSet::new(),
            said: HashSet::new(),
        };
        let task = tokio::spawn(work.run(heard));
        Self { words, task, open: None }
    }

    /// Hears what each rule has open now.
    pub fn windows(&mut self, schedule: &Schedule, openings: &[Option<Opening>]) {
        let rules = schedule.rules.iter().zip(openings);
        let open = windows::open(rules.map(|(rule, open)| (rule.name.as_str(), open.as_ref())));
        if self.open.as_ref() != Some(&open) {
            self.open = Some(open.clone());
            self.say(Word::Open(open));
        }
    }

    /// Hears that a run has ended, and is in the store.
    pub fn run_ended(&self) {
        self.say(Word::Ended);
    }

    /// Goes on with another configuration.
    pub fn configured(&self, config: &Arc<Config>) {
        self.say(Word::Config(Arc::clone(config)));
    }

    /// Ends it, after what can be delivered within a few seconds. The rest stays in the store.
    pub async fn close(self, once: bool) {
        let (done, ended) = oneshot::channel();
        self.say(Word::Close(done));
        let most = LAST[usize::from(once)] + Duration::from_secs(1);
        let _ = tokio::time::timeout(most, ended).await;
        self.task.abort();
    }

    fn say(&self, word: Word) {
        // Without anybody listening there is nothing to be told.
        let _ = self.words.send(word);
    }
}

struct Work {
    store: Store,
    me: String,
    now: Now,
    began: DateTime<Utc>,
    config: Arc<Config>,
    once: bool,
    /// What is open, as last heard.
    current: Option<Vec<Open>>,
    /// What is kept of windows; `None` until the store was asked.
    windows: Option<Windows>,
    /// Attempts that were told of, or need not be.
    told: HashSet<i64>,
    looked: Option<Instant>,
    busy: JoinSet<(String, Result<Attempt>)>,
    /// The notifiers something is being delivered to.
    at_it: HashSet<String>,
    /// The notifiers that could not be reached the last time.
    trouble: HashSet<String>,
    /// What was said of templates.
    said: HashSet<String>,
}

impl Work {
    async fn run(mut self, mut heard: UnboundedReceiver<Word>) {
        self.check_templates();
        loop {
            if !self.config.notifiers.is_empty()
                && let Err(e) = self.turn().await
            {
                // The daemon itself says that the store is out of reach.
                tracing::debug!("reports: {e}");
            }
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                Some(done) = self.busy.join_next() => self.delivered(done),
                word = heard.recv() => match word {
                    None => return,
                    Some(Word::Open(open)) => self.current = Some(open),
                    Some(Word::Ended) => self.looked = None,
                    Some(Word::Config(config)) => {
                        if self.config.notifiers.is_empty() {
                            self.began = (self.now)();
                        }
                        self.config = config;
                        self.check_templates();
                    }
                    Some(Word::Close(done)) => {
                        self.close().await;
                        let _ = done.send(());
                        return;
                    }
                },
            }
        }
    }

    fn check_templates(&self) {
        for problem in template_problems(&self.config, (self.now)()) {
            tracing::warn!("{problem}");
        }
    }

    /// Makes what is to be made, and begins to deliver what is due.
    async fn turn(&mut self) -> Result<()> {
        if !self.once {
            self.look_at_windows().await?;
            if self.looked.is_none_or(|at| at.elapsed() >= LOOK) {
                self.look_at_runs().await?;
                self.look_at_digests().await?;
                let known: Vec<String> =
                    self.config.notifiers.iter().map(|n| n.name.clone()).collect();
                self.store.give_up_orphans(&known, ORPHANED).await?;
                self.looked = Some(Instant::now());
            }
        }
        self.deliver().await
    }

    /// One report of everything, for `daemon --once`; then the last deliveries.
    async fn close(&mut self) {
        if self.once && !self.config.notifiers.is_empty() {
            let now = (self.now)();
            let made = async {
                let (from, until) = since(&self.store, self.began - Span::seconds(1), now).await?;
                let occasion = Occasion::Command { name: "daemon --once".into() };
                let scope = compose::Scope { occasion, from, until, now, rules: None };
                let account = compose::account(&self.store, &self.config, scope).await?;
                self.make(&format!("once/{}", self.me), &account).await?;
                self.look_at_digests().await
            };
            if let Err(e) = made.await {
                tracing::warn!("no report of this was made: {e}");
            }
        }
        let end = Instant::now() + LAST[usize::from(self.once)];
        loop {
            if let Err(e) = self.deliver().await {
                tracing::debug!("reports: {e}");
            }
            if self.busy.is_empty() {
                return;
            }
            match tokio::time::timeout_at(end, self.busy.join_next()).await {
                Ok(Some(done)) => self.delivered(done),
                Ok(None) => return,
                Err(_) => {
                    tracing::info!("reports that are not delivered yet are kept in the store");
                    return;
                }
            }
        }
    }

    async fn make(&self, occasion: &str, account: &crate::report::Account) -> Result<()> {
        for notifier in &self.config.notifiers {
            if make(&self.store, &self.me, notifier, occasion, account).await? {
                tracing::debug!(notifier = %notifier.name, occasion, "there is something to tell");
            }
        }
        Ok(())
    }

    async fn look_at_windows(&mut self) -> Result<()> {
        let windows = match &mut self.windows {
            Some(windows) => windows,
            none => {
                let kept = self.store.recall(WINDOWS).await?;
                none.insert(
                    kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
                )
            }
        };
        let Some(current) = &self.current else { return Ok(()) };
        let now = (self.now)();
        let mut changed = windows.look(current, now);
        if !windows.closed.is_empty() {
            let entries = self.store.entries().await?;
            // What a dead daemon has left is nobody's work: it is told of as still due.
            let running = entries.into_iter().filter(|e| e.state == State::Running && !e.expired);
            let at_work: Vec<String> = running.map(|e| e.rule).collect();
            for closed in windows.to_tell(&at_work, now) {
                tell_window(&self.store, &self.me, &self.config, &closed, now).await?;
                windows.closed.retain(|known| *known != closed);
                changed = true;
            }
        }
        if changed && let Ok(text) = serde_json::to_string(windows) {
            self.store.remember(WINDOWS, &text).await?;
        }
        Ok(())
    }

    /// Without windows each table is told of as it ends, and connections that cannot be measured once a
    /// day.
    async fn look_at_runs(&mut self) -> Result<()> {
        let now = self.store.now().await?;
        // What was before anybody was to be told is history: since when, and until when it was looked at.
        let kept = self.store.recall(RUNS).await?;
        let kept = kept.and_then(|text| serde_json::from_str::<(i64, i64)>(&text).ok());
        let (since, until) = kept.unwrap_or((self.began.timestamp_millis(), now));
        // A clock that was ahead once shall not hide what ends until that time comes.
        let (since, until) = (since.min(now), until.min(now));
        if let Ok(text) = serde_json::to_string(&(since, now)) {
            self.store.remember(RUNS, &text).await?;
        }
        if !self.config.schedule.windows.is_empty() {
            return Ok(());
        }
        let late = until - LATE.num_milliseconds();
        let from = since.max(late).max(now - NEWS.num_milliseconds());
        for ended in self.store.ended(from, now).await? {
            let is_news = matches!(
                ended.ending.as_str(),
                "done" | "failed" | "aborted" | "refused" | "cancelled"
            );
            if self.told.contains(&ended.id) {
                continue;
            }
            // One that was lost may yet come to another end.
            if !is_news {
                continue;
            }
            if ended.rule.is_some() {
                let account = compose::attempt(&ended);
                self.make(&format!("run/{}", ended.id), &account).await?;
            }
            self.told.insert(ended.id);
        }
        if self.told.len() > 100_000 {
            self.told.clear();
        }
        for known in self.store.evaluations().await? {
            if !self.config.connections.iter().any(|c| c.name == known.connection)
                || known.last_at <= from
            {
                continue;
            }
            let (name, at) = (&known.connection, (self.now)());
            let account = compose::connection(name, known.error.is_none(), at);
            match known.error {
                Some(_) => {
                    self.make(&format!("unmeasured/{name}/{}", at.date_naive()), &account).await?
                }
                None => {
                    // Only alarms come to an end.
                    let alarms = self.config.notifiers.iter().filter(|n| n.channel.is_alarm());
                    for notifier in alarms {
                        let open = self.store.alerts(&notifier.name).await?;
                        let ended = super::alarms::of(&account, Some(&open)).ended;
                        if !ended.is_empty() {
                            let occasion = format!("measured/{name}/{}", known.last_at);
                            make(&self.store, &self.me, notifier, &occasion, &account).await?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    async fn look_at_digests(&self) -> Result<()> {
        let now = (self.now)();
        let settled = at(self.store.now().await?) - SETTLED;
        for notifier in self.config.notifiers.iter().filter(|n| n.enabled) {
            let When::Digest(cron) = &notifier.when else { continue };
            let memory = format!("reports: digest of {}", notifier.name);
            let last = self.store.recall(&memory).await?.and_then(|text| text.parse().ok());
            let last = last.and_then(DateTime::<Utc>::from_timestamp_millis);
            // A clock that was ahead once shall not put it off until that time comes.
            let Some(last) = last.filter(|last| *last <= now) else {
                self.store.remember(&memory, &now.timestamp_millis().to_string()).await?;
                continue;
            };
            let mut due = None;
            let mut next = cron.next_after(notifier.zone, last);
            // Of those that nobody was there for, the last one tells it all.
            while let Some(at) = next.filter(|at| *at <= now.min(settled)) {
                due = Some(at);
                next = cron.next_after(notifier.zone, at);
            }
            let Some(due) = due else { continue };
            let occasion = Occasion::Digest;
            let scope = compose::Scope { occasion, from: last, until: due, now, rules: None };
            let account = compose::account(&self.store, &self.config, scope).await?;
            let occasion = format!("digest/{}", due.format("%Y-%m-%dT%H:%M:%SZ"));
            make(&self.store, &self.me, notifier, &occasion, &account).await?;
            self.store.remember(&memory, &due.timestamp_millis().to_string()).await?;
        }
        Ok(())
    }

    /// Begins to deliver what is due to those nothing is being delivered to.
    async fn deliver(&mut self) -> Result<()> {
        let due = self.store.notifiers_waiting().await?;
        let has = |n: &Notifier| {
            let oldest = due.iter().find(|(name, _)| *name == n.name).map(|(_, oldest)| *oldest);
            oldest.is_some_and(|oldest| oldest || !n.channel.is_alarm())
        };
        let ready = |n: &&Notifier| n.enabled && has(n) && !self.at_it.contains(&n.name);
        let ready: Vec<Notifier> = self.config.notifiers.iter().filter(ready).cloned().collect();
        for notifier in ready {
            self.at_it.insert(notifier.name.clone());
            let (store, me, now) = (self.store.clone(), self.me.clone(), Arc::clone(&self.now));
            self.busy.spawn(async move {
                let result = deliver(&store, &me, &notifier, now()).await;
                (notifier.name, result)
            });
        }
        Ok(())
    }

    /// Takes in how a delivery went. That a notifier cannot be reached is said once, until it can.
    fn delivered(
        &mut self,
        done: std::result::Result<(String, Result<Attempt>), tokio::task::JoinError>,
    ) {
        let (name, result) = match done {
            Ok(done) => done,
            Err(e) => {
                tracing::error!("a delivery has ended without a word: {e}: this is a bug");
                self.at_it.clear();
                return;
            }
        };
        self.at_it.remove(&name);
        match result {
            Ok(Attempt::Nothing) => {}
            Ok(Attempt::Sent(answer, problems)) => {
                if self.trouble.remove(&name) {
                    tracing::info!(notifier = %name, "reports are delivered again");
                }
                tracing::info!(notifier = %name, %answer, "a report was delivered");
                for problem in problems {
                    if self.said.insert(format!("{name}: {problem}")) {
                        tracing::warn!(notifier = %name, "{problem}");
                    }
                }
            }
            Ok(Attempt::Failed(failure, again)) => {
                let new = self.trouble.insert(name.clone());
                let words = &failure.words;
                match again {
                    _ if !new => tracing::debug!(notifier = %name, "not delivered: {words}"),
                    Some(_) => tracing::warn!(
                        notifier = %name,
                        "a report could not be delivered: {words}; it is kept and tried again, and this is not said again until it works. `repackd notify --test {name}` tries it"
                    ),
                    None => tracing::warn!(
                        notifier = %name,
                        "a report could not be delivered: {words}; it is kept: `repackd notify --again {name}` sends it"
                    ),
                }
                if again.is_none() && !new {
                    tracing::info!(
                        notifier = %name,
                        "a report is given up, and kept: `repackd notify --again {name}` sends it"
                    );
                }
            }
            Err(e) => tracing::debug!(notifier = %name, "reports: {e}"),
        }
    }
}

/// From `from` until now, on the store's clock, which may be another than the one that said it is `now`. What
/// was seen to be over before this is asked has ended within it.
async fn since(
    store: &Store,
    from: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
    let there = at(store.now().await?);
    Ok((from + (there - now).min(Span::zero()), there))
}

fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

async fn tell_window(
    store: &Store,
    me: &str,
    config: &Config,
    closed: &Closed,
    now: DateTime<Utc>,
) -> Result<()> {
    let occasion = Occasion::Window { name: closed.open.window.clone() };
    let (from, until) = since(store, closed.open.opened - Span::minutes(1), now).await?;
    let rules = Some(closed.open.rules.as_slice());
    let scope = compose::Scope { occasion, from, until, now, rules };
    let account = compose::account(store, config, scope).await?;
    let account =
        crate::report::Account { from: closed.open.opened, until: closed.closed, ..account };
    for notifier in &config.notifiers {
        make(store, me, notifier, &closed.open.occasion(), &account).await?;
    }
    Ok(())
}
