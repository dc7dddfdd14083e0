//! No default of a role decides how repackd works.

use crate::support::cluster::Cluster;
use crate::support::{Database, Outcome, Server, expect, repack, same, words};
use repackd::config::Config;
use repackd::engine::Goal;
use repackd::error::Verdict;
use repackd::job::Ending;

/// What the role has, and what the session has to have in its place; since which version.
const SETTINGS: &[(&str, &str, &str, u32)] = &[
    ("statement_timeout", "59s", "0", 14),
    ("idle_in_transaction_session_timeout", "59s", "1min", 14),
    ("idle_session_timeout", "59s", "0", 14),
    ("transaction_timeout", "59s", "0", 17),
    ("lock_timeout", "59s", "10s", 14),
    ("default_transaction_read_only", "on", "off", 14),
    ("default_transaction_isolation", "serializable", "read committed", 14),
    ("default_transaction_deferrable", "on", "off", 14),
    ("search_path", "trap, pg_catalog", "", 14),
    ("row_security", "on", "off", 14),
    ("check_function_bodies", "on", "off", 14),
    ("extra_float_digits", "0", "1", 14),
    ("datestyle", "German, DMY", "ISO, MDY", 14),
    ("intervalstyle", "sql_standard", "postgres", 14),
    ("timezone", "Asia/Kathmandu", "UTC", 14),
    ("bytea_output", "escape", "hex", 14),
    ("xmloption", "document", "content", 14),
    ("quote_all_identifiers", "on", "off", 14),
    ("standard_conforming_strings", "off", "on", 14),
    ("synchronize_seqscans", "on", "off", 14),
    ("synchronous_commit", "on", "off", 14),
    ("exit_on_error", "on", "off", 14),
    ("jit", "on", "off", 14),
    ("tcp_keepalives_idle", "7200", "30", 14),
    ("tcp_keepalives_interval", "75", "10", 14),
    ("tcp_keepalives_count", "9", "3", 14),
    ("tcp_user_timeout", "59000", "60000", 14),
];

pub async fn of_a_role(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    let name = &database.name;
    database
        .run(&format!(
            "GRANT CREATE ON DATABASE {name} TO shape_owner;
             CREATE TABLE public.t (id bigint PRIMARY KEY, d date, f float8, b bytea, i interval);
             ALTER TABLE public.t OWNER TO shape_owner;
             INSERT INTO public.t SELECT i, date '2024-02-01' + i, i / 3::float8, '\\xff00', i * interval '1 hour'
             FROM generate_series(1, 100) i;
             CREATE SCHEMA trap;
             CREATE FUNCTION trap.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
             GRANT USAGE ON SCHEMA trap TO PUBLIC"
        ))
        .await?;
    let before = database.dump()?;
    let known = || SETTINGS.iter().filter(|(.., since)| *since <= server.version);
    for (setting, theirs, ..) in known() {
        let value =
            if *setting == "search_path" { (*theirs).to_owned() } else { format!("'{theirs}'") };
        let set = format!("ALTER ROLE shape_owner IN DATABASE {name} SET {setting} = {value}");
        database.run(&set).await?;
    }
    let job = database.job("shape_owner");
    let session = repackd::pg::open(&job.server, "test").await.map_err(|e| e.to_string())?;
    let mut wrong = Vec::new();
    for (setting, _, ours, _) in known() {
        let row = session.query_one(&format!("SHOW {setting}"), &[]).await.map_err(words)?;
        let found: String = row.get(0);
        if found != *ours {
            wrong.push(format!("{setting} is {found}, not {ours}"));
        }
    }
    drop(session);
    if !wrong.is_empty() {
        return Err(wrong.join("; "));
    }
    expect(&repack(&job, &database.find("public.t").await?, Goal::RunNow).await, Ending::Done)?;
    same("the database", &before, &database.dump()?)?;
    database.drop().await
}

/// Locks and snapshots seen on another server are not those that count.
pub async fn one_server(server: Server) -> Outcome {
    let other = Cluster::create(server.version).await?;
    let here = Database::create(&server).await?;
    let second = other.server().url.replace("postgres://postgres@", "");
    let url = format!("{},{second}", server.url.trim_end_matches("/postgres"));
    let open = async |url: &str| {
        let config = Config::from_url(Some(url)).map_err(words)?;
        repackd::pg::open(&config.connections[0].server, "test").await.map_err(|e| e.to_string())
    };
    let (one, two) = (open(&here.url("postgres")).await?, open(&other.server().url).await?);
    one.is_beside(&open(&url).await?).await.map_err(|e| e.to_string())?;
    let Err(error) = one.is_beside(&two).await else {
        return Err("two servers passed for one".into());
    };
    if error.kind() != "other" || !error.to_string().contains("more than one server") {
        return Err(error.to_string());
    }
    // The server is gone and another has its address: that is no fault of the configuration.
    other.stop("immediate")?;
    other.start()?;
    let again = open(&other.server().url).await?;
    let Err(error) = two.is_beside(&again).await else {
        return Err("a server started anew passed for the old one".into());
    };
    if error.verdict() != Verdict::Resume {
        return Err(format!("{}: {error}", error.kind()));
    }
    here.drop().await
}
