//! Which databases a command is about.

use super::args::Common;
use super::overrides::Overrides;
use crate::config::{Config, Connection, Environment};
use crate::engine::Job;
use crate::error::{Error, Result, did_you_mean};

/// A database and what the configuration says to repack in it.
#[derive(Debug, Clone)]
pub struct Target {
    /// What the engine has to know.
    pub job: Job,
    /// Schemas of which every table is meant.
    pub schemas: Vec<String>,
    /// Tables meant besides.
    pub tables: Vec<String>,
}

/// The databases of a command.
#[derive(Debug, Clone)]
pub struct Targets {
    /// One for each connection, in the order asked for.
    pub all: Vec<Target>,
    /// Whether they come from a file, which may list tables.
    pub from_file: bool,
    /// Whether no connection was named, so that all are meant.
    pub everywhere: bool,
    /// The configuration they come from.
    pub config: Config,
    /// What it says that has no effect.
    pub warnings: Vec<String>,
}

/// Finds the configuration, the connections meant, and puts the settings of the command line
/// into them.
pub fn targets(
    common: &Common,
    overrides: Option<&Overrides>,
    environment: &Environment,
) -> Result<Targets> {
    let config = configuration(common, environment)?;
    let mut all = Vec::new();
    for connection in chosen(&config, &common.connections)? {
        let mut settings = connection.settings.clone();
        if let Some(overrides) = overrides {
            overrides.apply(&mut settings).map_err(Error::Usage)?;
        }
        let (connection, server) = (connection, connection.server.clone());
        all.push(Target {
            job: Job { connection: connection.name.clone(), server, settings },
            schemas: connection.schemas.clone(),
            tables: connection.tables.clone(),
        });
    }
    let warnings = config.warnings.iter().map(|warning| match &config.file {
        Some(file) => format!("{}: {warning}", file.display()),
        None => warning.clone(),
    });
    let warnings = warnings.collect();
    let everywhere = config.file.is_some() && common.connections.is_empty();
    Ok(Targets { all, from_file: config.file.is_some(), everywhere, config, warnings })
}

/// `--url`, else `--config`, else a file in its usual places, else the `PG…` variables.
fn configuration(common: &Common, environment: &Environment) -> Result<Config> {
    if common.url.is_some() && common.config.is_some() {
        return Err(Error::Usage("--url and --config: give one of them".into()));
    }
    if let Some(url) = &common.url {
        return Config::from_url_in(Some(url), environment);
    }
    let file = match &common.config {
        Some(name) => Some(Config::find_in(name, environment)?),
        // With the ending, or a program of that name in the working directory would do.
        None => Config::find_in("repackd.toml", environment).ok(),
    };
    match file {
        Some(file) => {
            let text = std::fs::read_to_string(&file).map_err(|error| Error::Config {
                file: Some(file.clone()),
                line: None,
                message: format!("cannot be read: {error}"),
            })?;
            Config::parse_in(&text, Some(&file), environment)
        }
        None => Config::from_url_in(None, environment),
    }
}

/// The connections asked for; all if none is. `all` is repcloud's word for that.
fn chosen<'c>(config: &'c Config, names: &[String]) -> Result<Vec<&'c Connection>> {
    let known = |name: &str| config.connections.iter().find(|c| c.name == name);
    if names.iter().all(|name| name == "all" && known("all").is_none()) {
        return Ok(config.connections.iter().collect());
    }
    if config.file.is_none() {
        return Err(Error::Usage(
            "--connection names a connection of a configuration, and there is none; \
             give --config"
                .into(),
        ));
    }
    let mut chosen: Vec<&Connection> = Vec::new();
    for name in names {
        let Some(connection) = known(name) else {
            let all = || config.connections.iter().map(|c| c.name.as_str());
            let hint = match did_you_mean(name, all()) {
                none if none.is_empty() => {
                    format!("; there is {}", all().collect::<Vec<_>>().join(", "))
                }
                hint => hint,
            };
            return Err(Error::Usage(format!("there is no connection `{name}`{hint}")));
        };
        if !chosen.iter().any(|c| c.name == *name) {
            chosen.push(connection);
        }
    }
    Ok(chosen)
}
