//! `daemon`: from the configuration to the daemon, and from signals to what it is asked.

use super::args::{Common, Daemon};
use super::context::Context;
use super::target;
use crate::config::{Config, Environment};
use crate::daemon::{self, Clock, Live, Options, Tally};
use crate::error::{Error, Result};
use crate::http;
use crate::store::{Place, Store};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Runs the daemon until it is told to stop, or has nothing more to do.
pub async fn run(
    context: &Context,
    asked: &Daemon,
    common: &Common,
    environment: &Environment,
) -> Result<u8> {
    let config = chosen((*context.config).clone(), context);
    refuse_idle(&config)?;
    let reload = on_hangup(common.clone(), environment.clone(), context)?;
    let stop = context.signals.stop.clone();
    let (live, clock) = (Live::default(), Clock::system());
    // A single pass is over before anybody could look.
    let served = match asked.once {
        true => None,
        false => {
            let (live, clock) = (live.clone(), clock.clone());
            let (config, telemetry) = (Arc::new(config.clone()), context.telemetry.clone());
            http::start(http::Options { config, live, clock, telemetry }).await?
        }
    };
    let store = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(0),
        store = Store::open(&context.place) => store?,
    };
    if let Some(served) = &served {
        served.with_store(store.clone());
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let options = Options {
        config,
        store: store.clone(),
        clock,
        once: asked.once,
        stop,
        reload,
        seed: now.as_micros() as u64 ^ u64::from(std::process::id()),
        meters: context.telemetry.meters().clone(),
        live,
    };
    let Tally { done, failed, cut_off } = daemon::run(options).await?;
    drop(served);
    store.close().await;
    tracing::info!(done, failed, "the daemon ends");
    Ok(match context.signals.status() {
        // Stopped as it should be.
        Some(_) if cut_off == 0 => 0,
        Some(status) => status,
        None => u8::from(failed > 0),
    })
}

/// Without a rule it would sit there for ever, and nobody would know why.
fn refuse_idle(config: &Config) -> Result<()> {
    if config.schedule.rules.iter().any(|rule| rule.enabled) {
        return Ok(());
    }
    Err(Error::Config {
        file: config.file.clone(),
        line: None,
        message: "no [[rule]] says which tables the daemon shall repack; the files in schedules/ have some to start from".into(),
    })
}

/// The configuration with the connections that were asked for.
fn chosen(mut config: Config, context: &Context) -> Config {
    let wanted = |name: &str| context.targets.iter().any(|t| t.job.connection == name);
    if !context.everywhere {
        config.connections.retain(|c| wanted(&c.name));
    }
    config
}

/// Reads the configuration again at each SIGHUP. One that cannot be read changes nothing.
fn on_hangup(
    common: Common,
    environment: Environment,
    context: &Context,
) -> Result<UnboundedReceiver<Config>> {
    let mut hangup = signal(SignalKind::hangup())
        .map_err(|e| Error::Other(format!("cannot listen for signals: {e}")))?;
    let (sender, receiver) = unbounded_channel();
    let place = context.place.describe();
    // Without secrets.
    let shown = format!("{:?}", context.config.http);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let read = target::targets(&common, None, &environment).and_then(|targets| {
                let names: Vec<_> = targets.all.iter().map(|t| t.job.connection.clone()).collect();
                let mut config = targets.config;
                config.connections.retain(|c| names.contains(&c.name));
                refuse_idle(&config)?;
                Ok((config, targets.warnings))
            });
            match read {
                Ok((config, warnings)) => {
                    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
                    let new = place_of(&config, &environment).map(|p| p.describe());
                    if new.is_ok_and(|new| new != place) {
                        tracing::warn!(
                            "another store takes effect when the daemon is started again"
                        );
                    }
                    if format!("{:?}", config.http) != shown {
                        tracing::warn!(
                            "another [http] takes effect when the daemon is started again"
                        );
                    }
                    if sender.send(config).is_err() {
                        return;
                    }
                }
                Err(e) => tracing::error!(
                    "the new configuration is not used: {e}; the one before stays in force"
                ),
            }
        }
    });
    Ok(receiver)
}

/// Where the store of a configuration is.
pub fn place_of(config: &Config, environment: &Environment) -> Result<Place> {
    use secrecy::ExposeSecret;
    match &config.store.url {
        None => Ok(Place::usual(environment)),
        Some(url) => Place::parse(url.expose_secret(), environment)
            .map(|place| place.with_password_file(config.store.password_file.clone()))
            .map_err(|e| Error::Config {
                file: config.file.clone(),
                line: None,
                message: format!("store.url {e}"),
            }),
    }
}
