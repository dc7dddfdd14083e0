//! What the owner of a table can have run by whoever repacks it, and as whom.
//!
//! `owner` is hostile, `victim` owns a table that only its members can write, and `login` is a plain
//! member of both. Whatever of the owner's is run must be run as the owner. Against code that says
//! RESET ROLE this is no help: what that gains is tested too.

use super::Roles;
use crate::bad_input::ends;
use crate::support::program::{Finished, finish, program};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server, client, words};
use libtest_mimic::{Failed, Trial};

pub const ROLES: &[&str] = &["owner", "victim", "login", "only", "boss"];

/// As the superuser.
const STAGE: &str = "
CREATE ROLE :owner LOGIN; CREATE ROLE :victim; CREATE ROLE :login LOGIN; CREATE ROLE :only LOGIN;
CREATE ROLE :boss SUPERUSER;
GRANT :owner, :victim TO :login;
GRANT :owner TO :only;
GRANT USAGE, CREATE ON SCHEMA public TO :owner;
CREATE SCHEMA trap AUTHORIZATION :owner;
CREATE SCHEMA safe AUTHORIZATION :victim;
GRANT USAGE ON SCHEMA safe TO PUBLIC;
SET ROLE :victim;
CREATE TABLE safe.canary (who text);
CREATE TABLE safe.secret (word text);
INSERT INTO safe.secret VALUES ('hush');
RESET ROLE;
";

/// As the owner. The trap keeps a record of who sprang it, and fails nobody: an error while an index
/// compares would be the server's, not repackd's.
const TRAP: &str = "
CREATE TABLE trap.sprung (session text, who text);
CREATE TABLE trap.stolen (word text);
GRANT USAGE ON SCHEMA trap TO PUBLIC;
GRANT ALL ON trap.sprung, trap.stolen TO PUBLIC;
CREATE FUNCTION trap.spring() RETURNS int LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF current_setting('transaction_read_only')::bool THEN RETURN 1; END IF;
  INSERT INTO trap.sprung VALUES (session_user, current_user);
  IF has_table_privilege('safe.canary', 'INSERT') THEN
    INSERT INTO safe.canary VALUES (session_user || ' as ' || current_user);
  END IF;
  IF has_table_privilege('safe.secret', 'SELECT') THEN
    INSERT INTO trap.stolen SELECT word FROM safe.secret;
  END IF;
  RETURN 1;
END $$;
CREATE FUNCTION trap.bait(x anyelement) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN PERFORM trap.spring(); RETURN x; END $$;
CREATE FUNCTION trap.fire() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM trap.spring(); RETURN NEW; END $$;
";

/// The same trap by somebody who knows that SET ROLE is not for good.
pub const RESETTING: &str = "
CREATE OR REPLACE FUNCTION trap.spring() RETURNS int LANGUAGE plpgsql AS $$
DECLARE before text := current_setting('role');
BEGIN
  IF current_setting('transaction_read_only')::bool
     OR NOT has_table_privilege(session_user, 'safe.canary', 'INSERT') THEN
    RETURN 1;
  END IF;
  PERFORM set_config('role', 'none', false);
  INSERT INTO safe.canary VALUES (session_user || ' as ' || current_user);
  PERFORM set_config('role', before, false);
  RETURN 1;
-- A security-restricted operation, which is safe.
EXCEPTION WHEN insufficient_privilege THEN RETURN 1;
END $$;
";

/// Whether a trap is sprung by repacking the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sprung {
    /// Rows cannot be written without it.
    AsOwner,
    /// There is no need for it.
    Never,
    /// That is for the server to decide.
    Maybe,
}

/// A table with a trap in it, made by its owner.
pub struct Trap {
    name: &'static str,
    sprung: Sprung,
    /// What takes a superuser, before the table is made.
    prepared: &'static str,
    table: &'static str,
}

pub const fn trap(name: &'static str, sprung: Sprung, table: &'static str) -> Trap {
    Trap { name, sprung, prepared: "", table }
}

pub const TRAPS: &[Trap] = &[
    trap(
        "generated_column",
        Sprung::AsOwner,
        "CREATE TABLE t (id bigint PRIMARY KEY, v text, g text GENERATED ALWAYS AS (trap.bait(v)) STORED);",
    ),
    trap(
        "check",
        Sprung::AsOwner,
        "CREATE TABLE t (id bigint PRIMARY KEY, v text CHECK (trap.bait(v) IS NOT NULL));",
    ),
    trap(
        "domain",
        Sprung::Maybe,
        "CREATE DOMAIN trap.wary AS text CHECK (trap.bait(VALUE) IS NOT NULL);
         CREATE DOMAIN trap.odd AS bigint CHECK (trap.bait(VALUE) > 0);
         CREATE TABLE t (id trap.odd PRIMARY KEY, v trap.wary);",
    ),
    trap(
        "index",
        Sprung::AsOwner,
        "CREATE TABLE t (id bigint PRIMARY KEY, v text);
         CREATE INDEX t_trap ON t (trap.bait(v)) WHERE trap.bait(id) > 0;
         CREATE UNIQUE INDEX t_unique ON t ((trap.bait(id)));",
    ),
    trap(
        "statistics",
        Sprung::AsOwner,
        "CREATE TABLE t (id bigint PRIMARY KEY, v text);
         CREATE STATISTICS t_trap ON (trap.bait(v)) FROM t; ANALYZE t;",
    ),
    trap(
        "default",
        Sprung::Never,
        "CREATE TABLE t (id bigint PRIMARY KEY, v text, d int DEFAULT trap.spring(), n int DEFAULT trap.bait(1) NOT NULL);",
    ),
    trap(
        "trigger",
        Sprung::Never,
        "CREATE TABLE t (id bigint PRIMARY KEY, v text);
         CREATE TRIGGER a BEFORE INSERT OR UPDATE ON t FOR EACH ROW WHEN (trap.bait(NEW.id) > 0) EXECUTE FUNCTION trap.fire();
         CREATE CONSTRAINT TRIGGER b AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trap.fire();
         CREATE TRIGGER c AFTER DELETE ON t REFERENCING OLD TABLE AS gone EXECUTE FUNCTION trap.fire();
         CREATE TRIGGER d BEFORE TRUNCATE ON t EXECUTE FUNCTION trap.fire();
         ALTER TABLE t ENABLE ALWAYS TRIGGER a, ENABLE ALWAYS TRIGGER c;",
    ),
    trap(
        "rule",
        Sprung::Never,
        "CREATE TABLE t (id bigint PRIMARY KEY, v text);
         CREATE RULE a AS ON INSERT TO t DO ALSO SELECT trap.spring();
         CREATE RULE b AS ON UPDATE TO t WHERE trap.spring() = 0 DO INSTEAD NOTHING;",
    ),
    trap(
        "policy",
        Sprung::Never,
        "CREATE TABLE t (id bigint PRIMARY KEY, v text);
         ALTER TABLE t ENABLE ROW LEVEL SECURITY;
         CREATE POLICY a ON t USING (trap.spring() = 1) WITH CHECK (trap.spring() = 1);
         CREATE TABLE u (id bigint);
         ALTER TABLE u ENABLE ROW LEVEL SECURITY;
         CREATE POLICY b ON u USING (EXISTS (SELECT FROM t WHERE trap.spring() = 1));",
    ),
    trap(
        "view_and_function",
        Sprung::Never,
        "CREATE TABLE t (id bigint PRIMARY KEY, v text);
         CREATE VIEW few WITH (security_barrier) AS SELECT id, trap.bait(v) AS v FROM t WHERE trap.spring() = 1;
         CREATE FUNCTION body(x int DEFAULT trap.spring()) RETURNS bigint LANGUAGE sql
         BEGIN ATOMIC SELECT count(*) FROM t WHERE trap.spring() = x; END;",
    ),
    trap(
        "cast",
        Sprung::Maybe,
        "CREATE TYPE trap.odd AS (x json);
         CREATE FUNCTION trap.odd(trap.odd) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN trap.bait('x'::text); END $$;
         CREATE CAST (trap.odd AS text) WITH FUNCTION trap.odd(trap.odd) AS IMPLICIT;
         CREATE TYPE trap.kind AS ENUM ('a', 'b');
         CREATE FUNCTION trap.kind(trap.kind) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN trap.bait('x'::text); END $$;
         CREATE CAST (trap.kind AS text) WITH FUNCTION trap.kind(trap.kind) AS ASSIGNMENT;
         CREATE COLLATION trap.order FROM \"C\";
         CREATE TABLE t (id bigint, kind trap.kind DEFAULT 'a', name text COLLATE trap.order DEFAULT '', v text, odd trap.odd DEFAULT ROW('1'),
                         PRIMARY KEY (id, kind, name));",
    ),
    Trap {
        name: "operator_class",
        sprung: Sprung::AsOwner,
        prepared: "
SET ROLE :owner;
CREATE FUNCTION trap.cmp(bigint, bigint) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM trap.spring(); RETURN btint8cmp($1, $2); END $$;
CREATE FUNCTION trap.lt(bigint, bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM trap.spring(); RETURN $1 < $2; END $$;
CREATE FUNCTION trap.le(bigint, bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM trap.spring(); RETURN $1 <= $2; END $$;
CREATE FUNCTION trap.eq(bigint, bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM trap.spring(); RETURN $1 = $2; END $$;
CREATE FUNCTION trap.ge(bigint, bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM trap.spring(); RETURN $1 >= $2; END $$;
CREATE FUNCTION trap.gt(bigint, bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM trap.spring(); RETURN $1 > $2; END $$;
CREATE OPERATOR trap.< (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = trap.lt, COMMUTATOR = OPERATOR(trap.>));
CREATE OPERATOR trap.<= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = trap.le);
CREATE OPERATOR trap.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = trap.eq, MERGES);
CREATE OPERATOR trap.>= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = trap.ge);
CREATE OPERATOR trap.> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = trap.gt);
RESET ROLE;
CREATE OPERATOR CLASS trap.ops FOR TYPE bigint USING btree AS
    OPERATOR 1 trap.<, OPERATOR 2 trap.<=, OPERATOR 3 trap.=, OPERATOR 4 trap.>=, OPERATOR 5 trap.>,
    FUNCTION 1 trap.cmp(bigint, bigint);",
        table: "CREATE TABLE t (id bigint NOT NULL, v text); CREATE UNIQUE INDEX t_key ON t (id trap.ops);",
    },
];

/// A trial for each trap.
pub fn each(group: &str) -> Vec<Trial> {
    let mut all = Vec::new();
    for trap in TRAPS {
        for server in ends() {
            let name = format!("{group}::traps::{}::pg{}", trap.name, server.version);
            let run =
                move || crate::support::block_on(walked_into(trap, &server)).map_err(Failed::from);
            all.push(Trial::test(name, run));
        }
    }
    all
}

/// The stage with a table on it, and the owner's own session.
pub async fn stage(
    server: &Server,
    roles: &Roles,
    trap: &Trap,
) -> Result<(Scene, tokio_postgres::Client), String> {
    let mut scene = Scene::of(server, &roles.fill(STAGE)).await?;
    let name = &scene.database.name;
    let grant = format!("GRANT CREATE ON DATABASE {name} TO :owner, :login, :only");
    scene.run(&roles.fill(&grant)).await?;
    let owner = client(&scene.database.url(&roles.name("owner"))).await?;
    let own = async |sql: &str| {
        let done = owner.batch_execute(&roles.fill(sql)).await;
        done.map_err(|e| format!("{}: {e:?}", trap.name))
    };
    own(TRAP).await?;
    scene.run(&roles.fill(trap.prepared)).await?;
    own(&format!("SET search_path = public; {} RESET search_path", trap.table)).await?;
    own("INSERT INTO public.t (id, v) SELECT i, 'x' || i FROM generate_series(1, 200) i;
         DELETE FROM public.t WHERE id % 2 = 0;")
    .await?;
    // Only what repackd springs from here on is of interest.
    scene.run("TRUNCATE trap.sprung, trap.stolen, safe.canary").await?;
    scene.user = roles.name("login");
    Ok((scene, owner))
}

/// Who wrote to the canary and how often the secret was read; empty if nobody did.
pub async fn harm(scene: &Scene) -> Result<String, String> {
    scene
        .ask(
            "SELECT concat_ws(', ', (SELECT string_agg(DISTINCT who, ', ') FROM safe.canary),
                               (SELECT 'stolen: ' || min(word) FROM trap.stolen))",
        )
        .await
}

pub async fn unharmed(scene: &Scene, after: &str) -> Outcome {
    match harm(scene).await?.as_str() {
        "" => Ok(()),
        harm => Err(format!("after {after}: {harm}")),
    }
}

pub fn by(scene: &Scene, user: &str, arguments: &[&str]) -> Result<Finished, String> {
    let mut command = program(arguments);
    command.arg("--url").arg(scene.database.url(user));
    finish(command)
}

/// First by a plain member, whom it gains nothing as long as it runs as the owner; then by a
/// superuser, who must not run any of it.
async fn walked_into(trap: &Trap, server: &Server) -> Outcome {
    let roles = Roles::new(ROLES);
    let (scene, owner) = stage(server, &roles, trap).await?;
    let writes = async || {
        let done = owner
            .batch_execute(
                "UPDATE public.t SET v = v || '!' WHERE id < 50; INSERT INTO public.t (id, v) VALUES (777, 'x');
                 UPDATE public.t SET id = 778 WHERE id = 777; DELETE FROM public.t WHERE id = 778",
            )
            .await;
        done.map_err(|e| format!("a writer failed: {e:?}"))
    };
    scene.repackd(&["plan", "t"])?.status(0)?;
    unharmed(&scene, "plan").await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    unharmed(&scene, "prepare").await?;
    writes().await?;
    scene.repackd(&["status"])?.status(0)?;
    scene.repackd(&["resume", "t"])?.status(0)?;
    unharmed(&scene, "resume").await?;
    let seen =
        scene
            .ask(&roles.fill(
                "SELECT string_agg(DISTINCT who, ' ') FROM trap.sprung WHERE session = ':login'",
            ))
            .await?;
    match (trap.sprung, seen.as_str()) {
        (Sprung::Never | Sprung::Maybe, "") => {}
        (Sprung::AsOwner | Sprung::Maybe, who) if who == roles.name("owner") => {}
        (_, who) => return Err(format!("sprung as {who:?}")),
    }

    owner.batch_execute(RESETTING).await.map_err(words)?;
    let refused = [" is a superuser and its owner ", "--trust-owner"];
    for command in ["run-now", "prepare"] {
        by(&scene, "postgres", &[command, "t"])?.status(3)?.says(&refused)?;
    }
    by(&scene, "postgres", &["plan", "t"])?.status(3)?.shows(&refused)?;
    // The owner begins a run himself, for a superuser to find.
    by(&scene, &roles.name("owner"), &["prepare", "t"])?.status(0)?;
    writes().await?;
    by(&scene, "postgres", &["status"])?.status(0)?.shows(&["public.t"])?;
    by(&scene, "postgres", &["resume", "t"])?.status(3)?.says(&refused)?;
    by(&scene, "postgres", &["abort", "t"])?.status(0)?;
    let harm = scene
        .ask("SELECT string_agg(DISTINCT who, ', ') FROM safe.canary WHERE who ~ '^postgres'")
        .await?;
    if !harm.is_empty() {
        return Err(format!("run by the superuser: {harm}"));
    }
    let remains = scene.database.remains().await?;
    if !remains.is_empty() {
        return Err(format!("left behind: {remains:?}"));
    }
    drop(owner);
    roles.drop(scene).await
}
