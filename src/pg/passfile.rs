//! The password file (`~/.pgpass`).

use crate::config::{Host, SOCKET_DIRECTORIES};
use secrecy::SecretString;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The password for a server, or why there is none.
pub(super) fn find(
    path: &Path,
    host: &Host,
    database: &str,
    user: &str,
) -> Result<SecretString, String> {
    let shown = path.display();
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(format!("{shown} does not exist"));
        }
        Err(error) => return Err(format!("{shown}: {error}")),
    };
    if !metadata.is_file() {
        return Err(format!("{shown} is not a plain file"));
    }
    let reader = rustix::process::geteuid().as_raw();
    if is_exposed(metadata.mode(), metadata.uid(), reader) {
        let reason =
            format!("{shown} is ignored because others can read it; chmod 0600 makes it count");
        tracing::warn!("{reason}");
        return Err(reason);
    }
    let text = std::fs::read(path).map_err(|error| format!("{shown}: {error}"))?;
    let text = String::from_utf8_lossy(&text);
    lookup(&text, host, database, user).ok_or_else(|| {
        format!("{shown} has no line for {}:{}:{database}:{user}", name(host), host.port)
    })
}

/// Whether more people can read a file than its owner and its reader. A service is handed its secrets
/// in files of root's: Kubernetes lets the pod's group read them, systemd a user of an access control
/// list, which shows as rights of the group. libpq has the same rule, for keys.
fn is_exposed(mode: u32, owner: u32, reader: u32) -> bool {
    let closed = if owner == 0 && reader != 0 { 0o037 } else { 0o077 };
    mode & closed != 0
}

/// What a host is called in the file: the default socket directories are `localhost` there.
fn name(host: &Host) -> &str {
    match SOCKET_DIRECTORIES.contains(&host.name.as_str()) {
        true => "localhost",
        false => &host.name,
    }
}

/// The password of the first line that fits.
fn lookup(text: &str, host: &Host, database: &str, user: &str) -> Option<SecretString> {
    let port = host.port.to_string();
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line;
        for wanted in [name(host), &port, database, user] {
            let (field, after) = field(rest)?;
            // Only a bare star fits everything; an escaped one is a star.
            if !(&rest[..rest.len() - after.len() - 1] == "*" || field == wanted) {
                return None;
            }
            rest = after;
        }
        let (password, _) = field(rest).unwrap_or_else(|| (unescape(rest), ""));
        (!password.is_empty()).then(|| password.into())
    })
}

/// The field up to the next colon, unescaped, and what follows the colon.
fn field(text: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    let end = text.bytes().position(|b| {
        let ends = b == b':' && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    })?;
    Some((unescape(&text[..end]), &text[end + 1..]))
}

/// Removes the backslash before a character.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn ask(text: &str, host: &str, port: u16, database: &str, user: &str) -> Option<String> {
        let host = Host { name: host.into(), address: None, port };
        lookup(text, &host, database, user).map(|p| p.expose_secret().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let file = "# db:*:*:*:no\n\
                    db:5432:shop:app:one\n\
                    db:*:*:app:two\n\
                    *:*:*:app:three\n";
        assert_eq!(ask(file, "db", 5432, "shop", "app").as_deref(), Some("one"));
        assert_eq!(ask(file, "db", 5433, "shop", "app").as_deref(), Some("two"));
        assert_eq!(ask(file, "other", 5432, "shop", "app").as_deref(), Some("three"));
        assert_eq!(ask(file, "db", 5432, "shop", "root"), None);
    }

    #[test]
    fn colons_and_backslashes_are_escaped() {
        let file = r"\:\:1:5432:a\\b:us\:er:p\:a\\ss
\*:1:d:u:star
broken
localhost:1:d:u:";
        assert_eq!(ask(file, "::1", 5432, r"a\b", "us:er").as_deref(), Some(r"p:a\ss"));
        assert_eq!(ask(file, "x", 1, "d", "u"), None);
        assert_eq!(ask(file, "*", 1, "d", "u").as_deref(), Some("star"));
        assert_eq!(ask(file, "localhost", 1, "d", "u"), None);
    }

    #[test]
    fn a_group_may_read_what_root_hands_to_a_service() {
        for (mode, owner, reader, exposed) in [
            (0o100_600, 1000, 1000, false),
            (0o100_400, 1000, 1000, false),
            (0o100_640, 1000, 1000, true),
            (0o100_604, 1000, 1000, true),
            (0o100_440, 0, 1000, false),
            (0o100_460, 0, 1000, true),
            (0o100_444, 0, 1000, true),
            (0o100_440, 0, 0, true),
            (0o100_440, 1001, 1000, true),
        ] {
            assert_eq!(is_exposed(mode, owner, reader), exposed, "{mode:o} {owner} {reader}");
        }
    }

    #[test]
    fn a_default_socket_directory_is_localhost() {
        let file = "localhost:*:*:*:local\n/srv/pg:*:*:*:own\n";
        assert_eq!(ask(file, "/tmp", 1, "d", "u").as_deref(), Some("local"));
        assert_eq!(ask(file, "/srv/pg", 1, "d", "u").as_deref(), Some("own"));
    }
}
