//! The password for one connection.

use crate::config::{Host, PasswordSource, Server};
use secrecy::SecretString;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// How long `password_command` may take.
const COMMAND_TIME: Duration = Duration::from_secs(30);

/// A password, or why none is known.
pub(super) struct Password {
    /// The password.
    pub(super) secret: Option<SecretString>,
    /// Where it came from or where it was looked for, for messages.
    pub(super) origin: String,
}

/// Fetches the password. An error means that it was to be had from one place, and was not.
pub(super) async fn fetch(server: &Server, host: &Host) -> Result<Password, String> {
    match &server.password {
        PasswordSource::Given(secret, place) => {
            Ok(Password { secret: Some(secret.clone()), origin: format!("the one {place}") })
        }
        PasswordSource::File(path) => {
            let text = tokio::fs::read_to_string(path)
                .await
                .map_err(|e| format!("password_file {}: {e}", path.display()))?;
            let secret = text.lines().next().unwrap_or_default();
            if secret.is_empty() {
                return Err(format!("password_file {} is empty", path.display()));
            }
            Ok(Password {
                secret: Some(secret.into()),
                origin: format!("the one from password_file {}", path.display()),
            })
        }
        PasswordSource::Command(command) => Ok(Password {
            secret: Some(run(command, server, host).await?),
            origin: "the one from password_command".into(),
        }),
        PasswordSource::Passfile => Ok(match &server.passfile {
            None => Password {
                secret: None,
                origin: "none was given, PGPASSWORD is not set, \
                         and there is no home directory with a .pgpass"
                    .into(),
            },
            Some(path) => match super::passfile::find(path, host, &server.database, &server.user) {
                Ok(secret) => Password {
                    secret: Some(secret),
                    origin: format!("the one from {}", path.display()),
                },
                Err(why) => Password {
                    secret: None,
                    origin: format!("none was given, PGPASSWORD is not set, and {why}"),
                },
            },
        }),
    }
}

/// Runs `password_command`. It finds the server in the variables libpq uses.
async fn run(command: &[String], server: &Server, host: &Host) -> Result<SecretString, String> {
    let port = host.port.to_string();
    let variables = [
        ("PGHOST", host.name.as_str()),
        ("PGPORT", &port),
        ("PGDATABASE", &server.database),
        ("PGUSER", &server.user),
    ];
    printed("password_command", command, &variables).await
}

/// The secret that a program prints; `key` is where the configuration has it.
pub(crate) async fn printed(
    key: &str,
    command: &[String],
    variables: &[(&str, &str)],
) -> Result<SecretString, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(format!("{key} is empty"));
    };
    let child = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("{key} `{program}` cannot be run: {e}"))?;
    let output = match tokio::time::timeout(COMMAND_TIME, child.wait_with_output()).await {
        Ok(output) => output.map_err(|e| format!("{key}: {e}"))?,
        Err(_) => {
            return Err(format!("{key} gave no answer in {} s", COMMAND_TIME.as_secs()));
        }
    };
    if !output.status.success() {
        let said: String =
            String::from_utf8_lossy(&output.stderr).trim().chars().take(500).collect();
        let said =
            if said.is_empty() { "and said nothing".into() } else { format!("and said: {said}") };
        return Err(format!("{key} failed ({}) {said}", output.status));
    }
    let text = String::from_utf8(output.stdout)
        .map_err(|_| format!("{key} printed something that is not UTF-8"))?;
    match text.trim_end_matches(['\n', '\r']) {
        "" => Err(format!("{key} printed nothing")),
        secret => Ok(secret.into()),
    }
}
