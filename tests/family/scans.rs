//! ATTACH PARTITION reads no row and builds no index under the lock: the server says so itself.

use crate::support::{Database, Outcome, Server, expect, repack, words};
use repackd::engine::{self, Goal};
use repackd::job::Ending;
use std::process::Command;

const SETUP: &str = "
CREATE TYPE letter AS ENUM ('a', 'b');
CREATE DOMAIN name_of AS varchar(20);
CREATE TABLE ranges (a timestamptz, b int, PRIMARY KEY (a, b)) PARTITION BY RANGE (a, b);
CREATE TABLE range_1 PARTITION OF ranges FOR VALUES FROM ('2020-01-01', MINVALUE) TO ('2020-02-01', 100);
CREATE INDEX ON ranges (b);
CREATE TABLE words (id int, word varchar(10)) PARTITION BY LIST (word);
CREATE TABLE word_1 PARTITION OF words FOR VALUES IN ('one', 'two', NULL);
CREATE TABLE word_2 PARTITION OF words FOR VALUES IN ('three');
CREATE TABLE word_rest PARTITION OF words DEFAULT;
CREATE TABLE lowers (id int, word text) PARTITION BY LIST (lower(word));
CREATE TABLE lower_1 PARTITION OF lowers FOR VALUES IN ('it''s', NULL, '\\x');
CREATE TABLE hashes (id bigint, b int, c uuid) PARTITION BY HASH (id, c);
CREATE TABLE hash_1 PARTITION OF hashes FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE levels (id int, d date, kind varchar(5)) PARTITION BY RANGE (d);
CREATE TABLE level_x PARTITION OF levels FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') PARTITION BY LIST (kind);
CREATE TABLE level_1 PARTITION OF level_x FOR VALUES IN ('b', 'c');
CREATE TABLE level_rest PARTITION OF level_x DEFAULT;
CREATE TABLE letters (id int, l letter, yes bool) PARTITION BY LIST (l);
CREATE TABLE letter_x PARTITION OF letters FOR VALUES IN ('a', 'b') PARTITION BY LIST (yes);
CREATE TABLE letter_1 PARTITION OF letter_x FOR VALUES IN (true);
CREATE TABLE numbers (n numeric(10,2), c char(5), t text COLLATE \"C\") PARTITION BY RANGE (n, c, t);
CREATE TABLE number_1 PARTITION OF numbers FOR VALUES FROM (1.5, 'a', 'x') TO (MAXVALUE, MAXVALUE, MAXVALUE);
CREATE TABLE number_2 PARTITION OF numbers FOR VALUES FROM (MINVALUE, MINVALUE, MINVALUE) TO (1.5, 'a', 'x');
CREATE TABLE names (id name_of) PARTITION BY LIST (id);
CREATE TABLE name_1 PARTITION OF names FOR VALUES IN ('q', 'w');
";

const LEAVES: [&str; 13] = [
    "range_1",
    "word_1",
    "word_2",
    "word_rest",
    "lower_1",
    "hash_1",
    "level_1",
    "level_rest",
    "letter_1",
    "number_1",
    "number_2",
    "name_1",
    "alone",
];

/// Runs the exchange of each leaf and takes it back.
pub async fn none(server: &Server) -> Outcome {
    let database = Database::create(server).await?;
    database.run(SETUP).await?;
    // The only partition of a table, which takes everything.
    database
        .run("CREATE TABLE all_of_it (id int) PARTITION BY RANGE (id); CREATE TABLE alone PARTITION OF all_of_it DEFAULT")
        .await?;
    let job = database.job("postgres");
    for parent in [
        "ranges",
        "words",
        "lowers",
        "hashes",
        "levels",
        "letters",
        "numbers",
        "names",
        "all_of_it",
    ] {
        database.run(&format!("ALTER TABLE {parent} ADD COLUMN nr int NOT NULL DEFAULT 1")).await?;
    }
    for leaf in LEAVES {
        database.run(&format!("ALTER TABLE {leaf} ADD UNIQUE (nr)")).await?;
        let found = database.find(leaf).await?;
        expect(&repack(&job, &found, Goal::Prepare).await, Ending::Prepared)?;
        let plan = engine::plan(&job, &found).await.map_err(words)?;
        let script = format!(
            "BEGIN; SET LOCAL client_min_messages = debug1; {}; ROLLBACK",
            plan.cutover_sql.join(";\n")
        );
        let psql = format!("{}/psql", std::env::var("REPACKD_TEST_CLIENT_BIN").map_err(words)?);
        let output = Command::new(psql)
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(database.url("postgres"))
            .args(["-c", &script])
            .output()
            .map_err(words)?;
        let said = String::from_utf8_lossy(&output.stderr);
        let implied =
            said.contains(&format!("partition constraint for table \"{leaf}\" is implied"));
        // A table's only partition has no constraint.
        if !output.status.success() || !(implied || leaf == "alone") {
            return Err(format!("{leaf} is looked through: {said}"));
        }
        // A small default partition beside it is looked through.
        let leaf_itself = format!("verifying table \"{leaf}\"");
        for work in [leaf_itself.as_str(), "building index", "validating foreign key"] {
            if said.contains(work) {
                return Err(format!("{work} in the exchange of {leaf}: {said}"));
            }
        }
        let (control, _events) = crate::support::control();
        expect(&engine::abort(&job, found.oid, &control).await, Ending::Aborted)?;
    }
    database.drop().await
}
