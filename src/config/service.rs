//! The connection service file (`pg_service.conf`).

use super::Environment;
use super::params::Params;
use std::path::{Path, PathBuf};

/// What a service stands for: looked up in the user's file, then in the system's.
pub(crate) fn find(
    service: &str,
    file: Option<&str>,
    environment: &Environment,
) -> Result<Params, String> {
    let mut looked_in = Vec::new();
    for path in files(file, environment) {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                looked_in.push(format!("{} (does not exist)", path.display()));
                continue;
            }
            Err(error) => return Err(format!("service file {}: {error}", path.display())),
        };
        if let Some(params) = parse(&text, service, &path)? {
            return Ok(params);
        }
        looked_in.push(path.display().to_string());
    }
    Err(format!("there is no service `{service}` in {}", looked_in.join(", ")))
}

/// Where service files are, the first to be asked first.
fn files(given: Option<&str>, environment: &Environment) -> Vec<PathBuf> {
    let user = match given {
        Some(given) => Some(environment.expand(given)),
        None => environment.home().map(|home| home.join(".pg_service.conf")),
    };
    let system = match environment.var("PGSYSCONFDIR") {
        Some(folder) => vec![folder],
        // Where the libpq of Debian's packages looks, and that of Red Hat's.
        None => vec!["/etc/postgresql-common", "/etc/sysconfig/pgsql"],
    };
    let system = system.into_iter().map(|folder| Path::new(folder).join("pg_service.conf"));
    user.into_iter().chain(system).collect()
}

/// The section of one service in a file's text. The section of another is not read.
fn parse(text: &str, service: &str, path: &Path) -> Result<Option<Params>, String> {
    let mut found: Option<Params> = None;
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let wrong = |what: &str| format!("{}:{}: {what}", path.display(), number + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            // The first section of a name counts, as in libpq.
            if found.is_some() {
                break;
            }
            inside = name.strip_suffix(']') == Some(service);
            if inside {
                found = Some(Params::default());
            }
            continue;
        }
        let (true, Some(params)) = (inside, &mut found) else { continue };
        // The line is not repeated in any message: it may be the password's.
        let Some((name, value)) = line.split_once('=') else {
            return Err(wrong("expected parameter=value"));
        };
        match name.trim() {
            "service" | "servicefile" => {
                return Err(wrong("a service cannot refer to another service"));
            }
            name => params.set(name, value.trim()).map_err(|e| wrong(&e))?,
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# ours\n[a]\nhost=ha\n\n[b]\nhost = hb\npassword=x=y\n[c]\nnonsense\n";

    #[test]
    fn reads_one_section_and_leaves_the_others() {
        let b = parse(FILE, "b", Path::new("f")).unwrap().unwrap();
        assert_eq!((b.get("host"), b.get("password")), (Some("hb"), Some("x=y")));
        assert!(parse(FILE, "z", Path::new("f")).unwrap().is_none());
    }

    #[test]
    fn points_at_the_line_without_repeating_it() {
        assert_eq!(parse(FILE, "c", Path::new("f")).unwrap_err(), "f:9: expected parameter=value");
        let error = parse("[a]\nhots=x", "a", Path::new("f")).unwrap_err();
        assert_eq!(error, "f:2: unknown connection parameter `hots`; did you mean `host`?");
    }

    #[test]
    fn a_missing_service_says_where_it_was_looked_for() {
        let environment = Environment::of([("HOME", "/nowhere"), ("PGSYSCONFDIR", "/none")]);
        assert_eq!(
            find("shop", None, &environment).unwrap_err(),
            "there is no service `shop` in /nowhere/.pg_service.conf (does not exist), \
             /none/pg_service.conf (does not exist)"
        );
    }
}
