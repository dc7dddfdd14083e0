//! The grants that the README lists, and nothing else: enough for a table with all that is carried
//! over, each of them missed by name, and of no use to anybody who writes meanwhile.

use super::Roles;
use crate::support::scene::Scene;
use crate::support::{Outcome, Server, client, words};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

const ROLES: &[&str] = &["owner", "login", "writer"];

const SHOP: &str = "
CREATE ROLE :owner; CREATE ROLE :login LOGIN; CREATE ROLE :writer LOGIN;
GRANT :owner TO :login;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA shop;
GRANT USAGE, CREATE ON SCHEMA shop TO :owner;
GRANT USAGE ON SCHEMA shop TO :writer;
SET ROLE :owner;
SET search_path = shop;
CREATE TABLE customers (id int PRIMARY KEY);
CREATE TABLE t (id bigint PRIMARY KEY, v text NOT NULL, nr serial,
    made bigint GENERATED ALWAYS AS IDENTITY, customer int REFERENCES customers);
CREATE TABLE lines (id int PRIMARY KEY, t bigint REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE);
CREATE INDEX t_nr ON t (nr);
CREATE STATISTICS t_stat ON nr, customer FROM t;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.v := NEW.v || '!'; RETURN NEW; END $$;
CREATE TRIGGER note BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.nr < 0) EXECUTE FUNCTION note();
CREATE VIEW few AS SELECT id, v FROM t WHERE nr < 100;
CREATE FUNCTION many() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END;
CREATE RULE kept AS ON DELETE TO t WHERE OLD.nr < 0 DO INSTEAD NOTHING;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_rows ON t USING (nr > -1000);
CREATE TABLE secret (word text);
GRANT SELECT, INSERT, UPDATE, DELETE ON t TO :writer;
GRANT USAGE ON SEQUENCE t_nr_seq TO :writer;
INSERT INTO customers SELECT generate_series(1, 9);
INSERT INTO t (id, v, customer) SELECT i, repeat('x', 50) || i, 1 + i % 9 FROM generate_series(1, 3000) i;
INSERT INTO lines SELECT i, i * 2 FROM generate_series(1, 100) i;
DELETE FROM t WHERE id % 2 = 1;
RESET search_path;
RESET ROLE;
CREATE PUBLICATION shop_pub FOR TABLE shop.t;
";

/// The shop, seen by `user`, who may create schemas in its database.
async fn shop(server: &Server, roles: &Roles, user: &str, more: &str) -> Result<Scene, String> {
    let mut scene = Scene::of(server, &roles.fill(&format!("{SHOP}{more}"))).await?;
    scene.user = roles.name(user);
    let name = &scene.database.name;
    // Whoever is given a publication must have CREATE at that moment.
    scene
        .run(&roles.fill(&format!(
            "REVOKE ALL ON DATABASE {name} FROM PUBLIC;
             GRANT CONNECT ON DATABASE {name} TO :login, :owner, :writer;
             GRANT CREATE ON DATABASE {name} TO :owner;
             ALTER PUBLICATION shop_pub OWNER TO :owner;
             REVOKE CREATE ON DATABASE {name} FROM :owner;
             GRANT CREATE ON DATABASE {name} TO :{user}"
        )))
        .await?;
    scene.note()?;
    Ok(scene)
}

/// It is repacked; without any of the rights it is refused, and with what the refusal says it is
/// repacked again. `rights` are pairs: how to lose one, and what is said.
async fn each_is_missed(scene: &Scene, roles: &Roles, rights: &[(&str, &str)]) -> Outcome {
    scene.repackd(&["run-now", "shop.t"])?.status(0)?;
    scene.gone().await?;
    let fill = |sql: &str| roles.fill(sql).replace(":database", &scene.database.name);
    for (lose, grant) in rights {
        let (lose, grant) = (fill(lose), fill(grant));
        scene.run(&lose).await?;
        let refused = scene.repackd(&["run-now", "shop.t"])?;
        let missed = async {
            refused.status(3)?.says(&[&grant, "shop.t"])?;
            let plan = scene.repackd(&["plan", "--json", "shop.t"])?;
            plan.status(3)?.shows(&[&grant.replace('"', "\\\"")])?;
            scene.run(&grant).await?;
            scene.repackd(&["run-now", "shop.t"])?.status(0)?;
            scene.gone().await
        };
        missed.await.map_err(|e| format!("after {lose}: {e}"))?;
    }
    Ok(())
}

const OF_THE_OWNER: &[(&str, &str)] = &[
    (
        "REVOKE CREATE ON SCHEMA shop FROM :owner",
        "GRANT USAGE, CREATE ON SCHEMA \"shop\" TO \":owner\"",
    ),
    (
        "REVOKE USAGE ON SCHEMA shop FROM :owner",
        "GRANT USAGE, CREATE ON SCHEMA \"shop\" TO \":owner\"",
    ),
    (
        "REVOKE TRIGGER ON shop.t FROM :owner",
        "GRANT SELECT, UPDATE, TRIGGER ON \"shop\".\"t\" TO \":owner\"",
    ),
];

pub async fn a_plain_member(server: Server) -> Outcome {
    let roles = Roles::new(ROLES);
    let scene = shop(&server, &roles, "login", "").await?;
    let mut rights = vec![
        (
            "REVOKE CREATE ON DATABASE :database FROM :login",
            "GRANT CREATE ON DATABASE \":database\" TO \":login\"",
        ),
        ("REVOKE :owner FROM :login", "GRANT \":owner\" TO \":login\""),
    ];
    if server.version >= 16 {
        rights.push((
            "GRANT :owner TO :login WITH SET FALSE",
            "GRANT \":owner\" TO \":login\" WITH SET TRUE",
        ));
    }
    rights.extend(OF_THE_OWNER);
    each_is_missed(&scene, &roles, &rights).await?;
    roles.drop(scene).await
}

/// Who has to say SET ROLE for everything.
pub async fn a_member_who_inherits_nothing(server: Server) -> Outcome {
    let roles = Roles::new(ROLES);
    let more = "REVOKE :owner FROM :login; ALTER ROLE :login NOINHERIT; GRANT :owner TO :login;";
    let scene = shop(&server, &roles, "login", more).await?;
    each_is_missed(&scene, &roles, &[]).await?;
    roles.drop(scene).await
}

pub async fn the_owner_itself(server: Server) -> Outcome {
    let roles = Roles::new(ROLES);
    let scene = shop(&server, &roles, "owner", "ALTER ROLE :owner LOGIN;").await?;
    let mut rights = vec![(
        "REVOKE CREATE ON DATABASE :database FROM :owner",
        "GRANT CREATE ON DATABASE \":database\" TO \":owner\"",
    )];
    rights.extend(OF_THE_OWNER);
    each_is_missed(&scene, &roles, &rights).await?;
    roles.drop(scene).await
}

/// What a writer's session might put in the way of the capture function.
const BAIT: &str = "
CREATE TEMP TABLE log (id pg_lsn, kind \"char\", k1 bigint);
CREATE FUNCTION pg_temp.spring(anyelement) RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO shop.secret VALUES (current_user); RETURN true; END $$;
CREATE FUNCTION pg_temp.record_image_eq(record, record) RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO shop.secret VALUES (current_user); RETURN true; END $$;
CREATE FUNCTION pg_temp.pg_current_wal_insert_lsn() RETURNS pg_lsn LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO shop.secret VALUES (current_user); RETURN '0/0'; END $$;
CREATE FUNCTION pg_temp.same(text, text) RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO shop.secret VALUES (current_user); RETURN true; END $$;
CREATE OPERATOR pg_temp.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.same);
CREATE OPERATOR pg_temp.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.same);
CREATE DOMAIN pg_temp.int8 AS text CHECK (pg_temp.spring(VALUE));
SET search_path = pg_temp, pg_catalog;
";

/// Writes of every kind.
const WRITES: &[&str] = &[
    "INSERT INTO shop.t (id, v) VALUES (99999, 'a')",
    "UPDATE shop.t SET v = 'b' WHERE id OPERATOR(pg_catalog.=) 99999",
    "UPDATE shop.t SET id = 88888 WHERE id OPERATOR(pg_catalog.=) 99999",
    "DELETE FROM shop.t WHERE id OPERATOR(pg_catalog.=) 88888",
];

/// Writes go through, and none of what is the run's may be touched.
async fn nothing_gained(writer: &Client, oid: &str, when: &str) -> Outcome {
    for statement in WRITES {
        writer
            .batch_execute(statement)
            .await
            .map_err(|e| format!("a writer failed {when}: {statement}: {e:?}"))?;
    }
    let work = format!("repackd_{oid}");
    for attempt in [
        format!("TABLE {work}.log"),
        format!("TABLE {work}.journal"),
        format!("TABLE {work}.chunk"),
        format!("TABLE {work}_new.t"),
        format!("TABLE {work}_old.t"),
        format!("INSERT INTO {work}.log (kind) VALUES ('t')"),
        format!("DELETE FROM {work}.journal"),
        format!("SELECT {work}.capture()"),
        format!(
            "CREATE TRIGGER mine AFTER INSERT ON pg_temp.log EXECUTE FUNCTION {work}.capture()"
        ),
        format!("CREATE FUNCTION {work}.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
        format!("DROP TRIGGER {work}_row ON shop.t"),
        format!("ALTER TABLE shop.t DISABLE TRIGGER {work}_row"),
    ] {
        let Err(error) = writer.batch_execute(&attempt).await else {
            return Err(format!("a writer may, {when}: {attempt}"));
        };
        let refused = [
            SqlState::INSUFFICIENT_PRIVILEGE,
            SqlState::INVALID_SCHEMA_NAME,
            SqlState::UNDEFINED_TABLE,
            SqlState::UNDEFINED_OBJECT,
        ];
        if !error.code().is_some_and(|code| refused.contains(code)) {
            return Err(format!("{attempt} {when}: {error:?}"));
        }
    }
    Ok(())
}

/// What the catalog says of a role without rights: the schemas of the run are closed, and so is
/// everything in them that only the run needs.
const OPEN: &str = "SELECT string_agg(what, ' ') FROM (
    SELECT nspname AS what FROM pg_namespace
    WHERE nspname ~ '^repackd_' AND (has_schema_privilege(':writer', oid, 'USAGE') OR has_schema_privilege(':writer', oid, 'CREATE'))
    UNION ALL
    SELECT relname FROM pg_class
    WHERE relnamespace::regnamespace::text ~ '^repackd_[0-9]+$' AND relkind = 'r'
      AND has_table_privilege(':writer', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
    UNION ALL
    SELECT proname FROM pg_proc
    WHERE pronamespace::regnamespace::text ~ '^repackd_' AND has_function_privilege(':writer', oid, 'EXECUTE')) x";

pub async fn writers_gain_nothing(server: Server) -> Outcome {
    let roles = Roles::new(ROLES);
    let mut scene = shop(&server, &roles, "login", "").await?;
    scene
        .run(&roles.fill(&format!(
            "GRANT TEMPORARY ON DATABASE {} TO :writer;
             ALTER DEFAULT PRIVILEGES FOR ROLE :owner GRANT ALL ON TABLES TO PUBLIC;
             ALTER DEFAULT PRIVILEGES FOR ROLE :owner GRANT ALL ON SCHEMAS TO PUBLIC;
             ALTER DEFAULT PRIVILEGES FOR ROLE :login GRANT ALL ON SCHEMAS TO PUBLIC",
            scene.database.name
        )))
        .await?;
    scene.note()?;
    let writer = client(&scene.database.url(&roles.name("writer"))).await?;
    writer.batch_execute(BAIT).await.map_err(words)?;
    let oid = scene.ask("'shop.t'::regclass::oid").await?;
    let phase = format!("SELECT phase FROM repackd_{oid}.journal");
    let pause = std::env::temp_dir().join(format!("{}.pause", scene.database.name));
    std::fs::write(&pause, "").map_err(words)?;
    let set = format!("pause_file={}", pause.display());
    let mut repackd = scene.start(&["run-now", "--set", &set, "shop.t"])?;
    let watch = async {
        // Held before the first chunk, then by an old snapshot before the exchange.
        scene.until(&format!("to_regclass('repackd_{oid}.journal') IS NOT NULL"), "true").await?;
        scene.until(&phase, "copy").await?;
        nothing_gained(&writer, &oid, "during the copy").await?;
        let open = scene.ask(&roles.fill(OPEN)).await?;
        let old = scene.database.client().await?;
        old.batch_execute(
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT count(*) FROM pg_class",
        )
        .await
        .map_err(words)?;
        std::fs::remove_file(&pause).map_err(words)?;
        scene.until(&phase, "cutover").await?;
        for _ in 0..20 {
            nothing_gained(&writer, &oid, "before the cutover").await?;
        }
        let later = scene.ask(&roles.fill(OPEN)).await?;
        old.batch_execute("COMMIT").await.map_err(words)?;
        while repackd.is_running() {
            nothing_gained(&writer, &oid, "at the cutover or after").await?;
        }
        match format!("{open}{later}").as_str() {
            "" => Ok(()),
            open => Err(format!("open to everybody: {open}")),
        }
    };
    let watched = watch.await;
    let _ = std::fs::remove_file(&pause);
    let ended = repackd.wait()?;
    watched.map_err(|e| format!("{e}\n{ended}"))?;
    ended.status(0)?;
    nothing_gained(&writer, &oid, "afterwards").await?;
    match scene.ask("SELECT count(*) FROM shop.secret").await?.as_str() {
        "0" => {}
        _ => return Err("a writer wrote with the owner's rights".into()),
    }
    drop(writer);
    // A number of the sequence for each row written meanwhile.
    let before = scene.ask("SELECT last_value FROM shop.t_nr_seq").await?;
    if before.parse::<i64>().unwrap_or(0) < 3020 {
        return Err(format!("too few rows were written: {before}"));
    }
    roles.drop(scene).await
}
