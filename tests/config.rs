//! The configuration, as its users see it.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use repackd::config::{Blockers, Config, Environment, OldSnapshots};
use repackd::error::Error;
use std::path::Path;
use std::time::Duration;

type Outcome = Result<(), String>;
/// A name and what to run.
pub type Test = (&'static str, fn() -> Outcome);

/// The tests of this module.
pub fn tests() -> Vec<Test> {
    vec![
        ("config: a file of repcloud's loads", repcloud),
        ("config: every setting", settings),
        ("config: mistakes name the line and the nearest key", mistakes),
        ("config: no message shows a secret", secrets),
        ("config: a URL instead of host and port", url),
        ("config: where a configuration is looked for", find),
        ("config: the file beside it", beside),
        ("config: notifiers", notifiers),
        ("config: mistakes in notifiers", notifier_mistakes),
    ]
}

fn environment() -> Environment {
    Environment::of([("HOME", "/home/me"), ("USER", "me")])
}

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse_in(text, Some(Path::new("/etc/repackd/r.toml")), &environment())
}

fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Outcome {
    match found == expected {
        true => Ok(()),
        false => Err(format!("found {found:?}, expected {expected:?}")),
    }
}

const REPCLOUD: &str = r#"
pid_dir = "~/pid"
[logging]
log_dir = "~/logs"
log_level = "info"
log_dest = "console"
log_days_keep = "7"
[notifier]
enable_email = true
[notifier.email]
mailfrom = "a@b.example"
mailto = ["c@b.example"]
smtp_server = "smtp.b.example"
smtp_port = "25"
smtp_ssl = "none"
smtp_username = "a"
smtp_password = "letmein"
[connections.first]
user = "app"
password = "hunter2"
port = "5433"
host = "db.example"
database = "shop"
sslmode = "allow"
schemas = ['one', 'two',]
tables = ['three.four']
max_replay_rows = "5000"
lock_timeout = "3s"
check_time = "15"
analyze_tables = "no"
deadlock_resolution = "cancel_query"
"#;

fn repcloud() -> Outcome {
    let config = parse(REPCLOUD).map_err(|e| e.to_string())?;
    let [connection] = config.connections.as_slice() else { return Err("one connection".into()) };
    same(connection.name.as_str(), "first")?;
    same(connection.server.describe().as_str(), "db.example:5433/shop as app")?;
    same(connection.schemas.join(" ").as_str(), "one two")?;
    same(connection.tables.join(" ").as_str(), "three.four")?;
    let settings = &connection.settings;
    same(settings.max_replay_rows, 5000)?;
    same(settings.lock_timeout, Some(Duration::from_secs(3)))?;
    same(settings.check_time, Duration::from_secs(15))?;
    same(settings.analyze_tables, false)?;
    same(settings.blockers, Blockers::CancelQuery)?;
    let [email] = config.notifiers.as_slice() else { return Err("one notifier".into()) };
    let repackd::config::Channel::Mail(mail) = &email.channel else { return Err("mail".into()) };
    same((mail.server.as_str(), mail.port, mail.to.len()), ("smtp.b.example", 25, 1))?;
    same(email.enabled, true)?;
    let warnings = config.warnings.join("\n");
    for key in [
        "line 2: pid_dir is not read: an advisory lock",
        "notifier email sends its password unencrypted",
        "connection first: sslmode=allow is treated as prefer",
    ] {
        if !warnings.contains(key) {
            return Err(format!("no warning \"{key}\" in {warnings}"));
        }
    }
    // To who cancels, it is his patience as well.
    let cut =
        "connection first: of lock_timeout, 3000 ms, no more counts than cutover_budget, 200 ms";
    same(warnings.contains(cut), false)?;
    let waits = parse(&REPCLOUD.replace("cancel_query", "nothing")).map_err(|e| e.to_string())?;
    same(waits.warnings.iter().any(|w| w.starts_with(cut)), true)?;
    // Switched off, repcloud's mail may be as empty as in its example.
    let off = REPCLOUD.replace("enable_email = true", "enable_email = false");
    let off = off.replace("smtp.b.example", "").replace("[\"c@b.example\"]", "[]");
    let off = parse(&off).map_err(|e| e.to_string())?;
    same(off.notifiers.len(), 0)?;
    same(off.warnings.iter().any(|w| w.starts_with("notifier email is switched off")), true)?;
    let all = format!("{config:?}");
    match all.contains("hunter2") || all.contains("letmein") {
        true => Err(format!("a secret in {all}")),
        false => Ok(()),
    }
}

fn settings() -> Outcome {
    let read = |keys: &str| {
        let text = format!("[connections.x]\nhost = \"h\"\n{keys}\n");
        parse(&text).map(|c| c.connections[0].settings.clone()).map_err(|e| e.to_string())
    };
    let defaults = read("")?;
    same(defaults.max_replay_rows, 20_000)?;
    same(defaults.lock_timeout, None)?;
    same(defaults.cutover_budget, Duration::from_millis(200))?;
    same((defaults.copy_jobs, defaults.index_jobs), (1, 2))?;
    same((defaults.verify, defaults.trust_owner, defaults.analyze_tables), (true, false, true))?;
    let set = read(
        "max_replay_rows = 1_000\nlock_timeout = 150\ncutover_budget = '50ms'\n\
         cutover_wait = '2h'\ncheck_time = 2.5\nanalyze_tables = false\nblockers = 'terminate'\n\
         old_snapshots = 'proceed'\nold_snapshots_wait = '1min'\ncopy_jobs = '4'\nindex_jobs = 3\n\
         chunk_time = '500ms'\nverify = 'off'\ntrust_owner = true",
    )?;
    same(set.max_replay_rows, 1_000)?;
    same(set.lock_timeout, Some(Duration::from_millis(150)))?;
    same(set.cutover_budget, Duration::from_millis(50))?;
    same(set.cutover_wait, Duration::from_secs(7200))?;
    same(set.check_time, Duration::from_millis(2500))?;
    same(set.analyze_tables, false)?;
    same(set.blockers, Blockers::KillQuery)?;
    same(set.old_snapshots, OldSnapshots::Proceed)?;
    same(set.old_snapshots_wait, Duration::from_secs(60))?;
    same((set.copy_jobs, set.index_jobs), (4, 3))?;
    same(set.chunk_time, Duration::from_millis(500))?;
    same((set.verify, set.trust_owner), (false, true))
}

fn mistakes() -> Outcome {
    let header = "[connections.x]\nhost = 'h'\n";
    for (text, expected) in [
        ("usr = 'a'", "3: unknown key `usr`; did you mean `user`?"),
        ("max_replay_row = 1", "3: unknown key `max_replay_row`; did you mean `max_replay_rows`?"),
        ("\n\nsslrootcrt = 'a'", "5: unknown key `sslrootcrt`; did you mean `sslrootcert`?"),
        ("zebra = 1", "3: unknown key `zebra`"),
        ("max_replay_rows = 'many'", "3: max_replay_rows: has to be a whole number from 1 to"),
        ("max_replay_rows = -1", "3: max_replay_rows: has to be a whole number"),
        (
            "lock_timeout = '3 sec'",
            "3: lock_timeout: `sec` is no unit of time; it is one of us, ms",
        ),
        ("lock_timeout = 0", "3: lock_timeout: has to be above zero"),
        ("analyze_tables = 'maybe'", "3: analyze_tables: has to be yes or no"),
        (
            "deadlock_resolution = 'x'",
            "3: deadlock_resolution: cannot be `x`; it is nothing, cancel_query or kill_query",
        ),
        ("copy_jobs = 0", "3: copy_jobs: has to be a whole number from 1 to 64"),
        ("schemas = [1]", "3: schemas has to be a list of strings"),
        ("check_time = [1]", "3: check_time has to be a string, not an array"),
        ("password = 1234", "3: password has to be a string, not an integer"),
        ("port = 70000", "1: connection x: port is no port number"),
        (
            "sslmode = 'verify'",
            "1: connection x: sslmode cannot be `verify`; it is one of prefer, ",
        ),
        ("require_auth = 'md5'", "1: connection x: require_auth: repackd cannot hold"),
        ("url = 'postgres://h'", "3: both url and host"),
        ("password = 'p'\npassword_file = 'f'", "1: both password and password_file"),
        ("password_command = 'p'\npassword_file = 'f'", "4: password_file and password_command"),
        ("password_command = []", "3: password_command is empty"),
        ("[connection.y]", "3: unknown key `connection`; did you mean `connections`?"),
        ("host = 'twice'", "3: "),
        ("user = ", "3: "),
        (
            "service = 'none'",
            "1: connection x: there is no service `none` in /home/me/.pg_service.conf",
        ),
    ] {
        let error = match parse(&format!("{header}{text}\n")) {
            Ok(_) => return Err(format!("{text} was accepted")),
            Err(error) => error,
        };
        same(error.exit_status(), 78)?;
        let (found, expected) = (error.to_string(), format!("/etc/repackd/r.toml:{expected}"));
        if !found.starts_with(&expected) {
            return Err(format!("{text}: found {found}; expected {expected}"));
        }
    }
    let empty = parse("").err().map(|e| e.to_string()).unwrap_or_default();
    same(empty.contains("no connection is configured"), true)
}

fn secrets() -> Outcome {
    let header = "[connections.x]\nhost = 'h'\n";
    for text in [
        "password = 'hunter2",
        "password = hunter2",
        "password = \"hunter2\\q\"",
        "password = ['hunter2']",
        "password = 'hunter2' x",
        "password 'hunter2'",
        "password.hunter2 = 1",
        "password = 'hunter2'\npassword = 'hunter2'",
        "password = 'hunter2'\nsslmode = 'no'",
        "password = \"hunter2\\u0000\"",
        "url = 'postgres://u:hunter2@x:notaport'",
        "url = 'postgres://u:hunter2'",
        "url = 'postgres://u:a/hunter2@x'",
        "url = 'postgres://u:a@hunter2@x'",
        "url = 'postgres://u:hunter2%@x'",
        "url = 'postgres://u@x/d?password=hunter2&nokey=1'",
        "url = 'password=one hunter2 host=x'",
        "url = 'password=one hunter2=two'",
        "url = \"password='hunter2\"",
        "url = 'hunter2'",
        "url = 17\npassword = 'hunter2'",
    ] {
        let text = text.replace("host = 'h'\n", "");
        let header = if text.contains("url") { "[connections.x]\n" } else { header };
        match parse(&format!("{header}{text}\n")) {
            Ok(_) => return Err(format!("{text} was accepted")),
            Err(error) if format!("{error} {error:?}").contains("hunter2") => {
                return Err(format!("{text}: {error}"));
            }
            Err(_) => {}
        }
    }
    for url in ["postgres://u:hunter2@h/d", "host=h user=u password=hunter2"] {
        let config = Config::from_url_in(Some(url), &environment()).map_err(|e| e.to_string())?;
        same(format!("{config:?}").contains("hunter2"), false)?;
        same(config.connections[0].server.describe().contains("hunter2"), false)?;
    }
    Ok(())
}

fn url() -> Outcome {
    let text = "[connections.x]\nurl = 'postgres://app@db:5433/shop'\npassword = 'p'\nsslmode = 'require'\n";
    let config = parse(text).map_err(|e| e.to_string())?;
    same(config.connections[0].server.describe().as_str(), "db:5433/shop as app")?;
    let twice =
        "[connections.x]\nurl = 'postgres://app@db/shop?sslmode=prefer'\nsslmode = 'require'\n";
    let error = parse(twice).err().map(|e| e.to_string()).unwrap_or_default();
    same(error.contains(":2: both url and sslmode"), true)?;
    let config = Config::from_url_in(
        None,
        &Environment::of([("PGHOST", "db"), ("PGUSER", "app"), ("PGPORT", "5433"), ("USER", "me")]),
    )
    .map_err(|e| e.to_string())?;
    same(config.connections[0].name.as_str(), "default")?;
    same(config.connections[0].server.describe().as_str(), "db:5433/app as app")
}

/// A directory of the test's own, removed when dropped.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("repackd-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("repackd")).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn find() -> Outcome {
    let folder = Folder::new("find");
    let name = format!("no-such-{}", std::process::id());
    let file = folder.0.join("repackd").join(format!("{name}.toml"));
    let xdg = folder.0.display().to_string();
    let environment = Environment::of([("HOME", "/home/me"), ("XDG_CONFIG_HOME", &xdg)]);
    let missing = Config::find_in(&name, &environment).err().map(|e| e.to_string());
    let missing = missing.unwrap_or_default();
    for tried in [
        format!("for {name}, {name}.toml"),
        format!("{xdg}/repackd/{name}.toml"),
        format!("/etc/repackd/{name}"),
    ] {
        if !missing.contains(&tried) {
            return Err(format!("no {tried} in {missing}"));
        }
    }
    std::fs::write(&file, "").unwrap();
    same(Config::find_in(&name, &environment).map_err(|e| e.to_string())?, file.clone())?;
    let full = file.display().to_string();
    same(Config::find_in(&full, &environment).map_err(|e| e.to_string())?, file.clone())?;
    let without = full.strip_suffix(".toml").unwrap_or(&full);
    same(Config::find_in(without, &environment).map_err(|e| e.to_string())?, file)?;
    // A path is not looked for elsewhere.
    let path = Config::find_in(&format!("./{name}"), &environment);
    same(path.is_err(), true)
}

fn beside() -> Outcome {
    let folder = Folder::new("beside");
    let file = folder.0.join("shop.toml");
    std::fs::write(&file, "[connections.x]\nhost = 'h'\n").unwrap();
    let load = || Config::load(&file).map_err(|e| e.to_string());
    let about =
        |config: &Config| config.warnings.iter().any(|w| w.contains("shop_x.toml is not read"));
    same(about(&load()?), false)?;
    std::fs::create_dir(folder.0.join("table_conf")).unwrap();
    std::fs::write(folder.0.join("table_conf/shop_x.toml"), "").unwrap();
    same(about(&load()?), true)?;
    let missing = Config::load(&folder.0.join("none.toml")).err().map(|e| e.to_string());
    same(missing.unwrap_or_default().contains("none.toml: cannot be read"), true)
}

fn notifiers() -> Outcome {
    let read = |text: &str| {
        let text = format!("timezone = 'Europe/Berlin'\n[connections.x]\nhost = 'h'\n{text}");
        parse(&text).map(|c| c.notifiers).map_err(|e| e.to_string())
    };
    let mail =
        "kind = 'mail'\nmailfrom = 'a@b.example'\nmailto = 'c@b.example'\nsmtp_server = 's'\n";
    for (tls, port) in [("", 587), ("smtp_ssl = 'tls'", 465), ("smtp_ssl = 'none'", 25)] {
        let found = read(&format!("[notifier.m]\n{mail}{tls}"))?;
        let repackd::config::Channel::Mail(mail) = &found[0].channel else {
            return Err(tls.into());
        };
        same(mail.port, port)?;
        same(found[0].zone.name(), "Europe/Berlin")?;
        same(found[0].timeout, Duration::from_secs(10))?;
    }
    let several = read(
        "[notifier.a]\nkind = 'slack'\nurl_file = 'u'\nwhen = 'on_failure'\n\
         [notifier.b]\nkind = 'json'\nurl = 'https://h/x'\nsecret_command = 'cat s'\ndigest = '@weekly'\ntimezone = 'UTC'\n\
         [notifier.c]\nkind = 'pagerduty'\nrouting_key = 'hunter2'\nconnections = ['x']\nenabled = 'no'",
    )?;
    let shown: Vec<String> = several
        .iter()
        .map(|n| format!("{} {} {} {}", n.name, n.channel.kind(), n.when.words(), n.enabled))
        .collect();
    same(
        shown,
        ["a slack on_failure true", "b json digest @weekly true", "c pagerduty always false"]
            .map(str::to_owned)
            .to_vec(),
    )?;
    match format!("{several:?}").contains("hunter2") {
        true => Err("a secret is shown".into()),
        false => Ok(()),
    }
}

fn notifier_mistakes() -> Outcome {
    let mail =
        "kind = 'mail'\nmailfrom = 'a@b.example'\nmailto = 'c@b.example'\nsmtp_server = 's'\n";
    for (text, expected) in [
        ("url = 'http://h'", "notifier n needs a kind: one of mail, json"),
        ("kind = 'slak'", "kind cannot be `slak`"),
        ("kind = 'slack'", "notifier n needs url or url_file"),
        ("kind = 'slack'\nurl = 'hunter2'", "url has to begin with https://"),
        (
            "kind = 'slack'\nurl = 'http://h'\nurl_file = 'hunter2'",
            "url_file and url: give one of them",
        ),
        ("kind = 'slack'\nurl_env = 'NOT_THERE'", "url_env: the variable NOT_THERE is not set"),
        ("kind = 'slack'\nurl = 'http://h'\nsecret = 'hunter2'", "unknown key `secret`"),
        ("kind = 'json'\nurl = 'http://h'\nwhen = 'on_fail'", "when cannot be `on_fail`"),
        (
            "kind = 'json'\nurl = 'http://h'\nwhen = 'always'\ndigest = '@daily'",
            "digest goes with when",
        ),
        ("kind = 'json'\nurl = 'http://h'\ndigest = '99 * * * *'", "digest "),
        ("kind = 'json'\nurl = 'http://h'\ntimeout = '0s'", "timeout has to be 100 ms or more"),
        ("kind = 'json'\nurl = 'http://h'\nconnections = ['y']", "there is no connection `y`"),
        (
            "kind = 'pagerduty'\nrouting_key = 'hunter2'\nwhen = 'always'",
            "leave out when and digest",
        ),
        ("kind = 'mail'\nmailto = 'a@b.example'", "notifier n needs mailfrom"),
        (
            "kind = 'mail'\nmailfrom = 'nobody'\nmailto = 'x@y.example'\nsmtp_server = 's'",
            "mailfrom is no address",
        ),
    ] {
        let text = format!("[connections.x]\nhost = 'h'\n[notifier.n]\n{text}");
        let Err(error) = parse(&text) else { return Err(format!("accepted: {text}")) };
        let error = error.to_string();
        if !error.contains(expected) || error.contains("hunter2") {
            return Err(format!("\"{expected}\" was expected, not: {error}"));
        }
    }
    for (more, expected) in [
        ("smtp_username = 'u'", "notifier n needs smtp_password"),
        ("smtp_password = 'hunter2'", "notifier n needs smtp_username"),
        ("smtp_ssl = 'maybe'", "smtp_ssl cannot be `maybe`"),
        ("smtp_port = 0", "smtp_port is no port number"),
    ] {
        let text = format!("[connections.x]\nhost = 'h'\n[notifier.n]\n{mail}{more}");
        let Err(error) = parse(&text) else { return Err(format!("accepted: {text}")) };
        let error = error.to_string();
        if !error.contains(expected) || error.contains("hunter2") {
            return Err(format!("\"{expected}\" was expected, not: {error}"));
        }
    }
    Ok(())
}
