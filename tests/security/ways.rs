//! Other ways than a trap in the table: what RESET ROLE gains, schemas and paths prepared in advance, and
//! names that fit better than PostgreSQL's own. The roles and the trap are those of [`super::traps`].

use super::Roles;
use super::traps::{RESETTING, ROLES, Sprung, TRAPS, by, harm, stage, trap, unharmed};
use crate::support::program::{finish, program};
use crate::support::{Outcome, Server, words};

/// What the README says about login roles that are members of several owners, and about those that
/// are a member of one.
pub async fn reset_role_gains_the_login_role(server: Server) -> Outcome {
    for (user, gained) in [("only", ""), ("owner", ""), ("login", ":login as :login")] {
        let roles = Roles::new(ROLES);
        let (scene, owner) = stage(&server, &roles, &TRAPS[0]).await?;
        owner.batch_execute(RESETTING).await.map_err(words)?;
        by(&scene, &roles.name(user), &["prepare", "t"])?.status(0)?;
        by(&scene, &roles.name(user), &["resume", "t"])?.status(0)?;
        let found = harm(&scene).await?;
        if found != roles.fill(gained) {
            return Err(format!("{user}: {found}"));
        }
        drop(owner);
        roles.drop(scene).await?;
    }
    Ok(())
}

/// Those who are no superuser but one step away from it are refused like one.
pub async fn other_paths_to_superuser(server: Server) -> Outcome {
    let mut paths = vec![
        ("GRANT :boss TO :login", "REVOKE :boss FROM :login", "is a member of "),
        (
            "GRANT pg_execute_server_program TO :login",
            "REVOKE pg_execute_server_program FROM :login",
            "is a member of pg_execute_server_program",
        ),
    ];
    if server.version < 16 {
        paths.push((
            "ALTER ROLE :login CREATEROLE",
            "ALTER ROLE :login NOCREATEROLE",
            "has CREATEROLE",
        ));
    }
    let roles = Roles::new(ROLES);
    let (scene, owner) = stage(&server, &roles, &TRAPS[0]).await?;
    owner.batch_execute(RESETTING).await.map_err(words)?;
    by(&scene, &roles.name("owner"), &["prepare", "t"])?.status(0)?;
    for (grant, revoke, reason) in &paths {
        scene.run(&roles.fill(grant)).await?;
        for command in ["plan", "resume"] {
            let report = scene.repackd(&[command, "t"])?;
            report.status(3)?;
            let said = format!("{}{}", report.out, report.err);
            if !said.contains(reason) {
                return Err(format!("{reason} was expected of {report}"));
            }
        }
        scene.run(&roles.fill(revoke)).await?;
    }
    unharmed(&scene, "being refused").await?;
    // What the owner could do anyway is no reason.
    scene.run(&roles.fill("GRANT pg_execute_server_program TO :owner")).await?;
    by(&scene, &roles.name("only"), &["resume", "t"])?.status(0)?;
    drop(owner);
    roles.drop(scene).await
}

/// The schemas that a run will need are somebody else's already.
pub async fn schemas_made_in_advance(server: Server) -> Outcome {
    let roles = Roles::new(ROLES);
    let (mut scene, owner) = stage(&server, &roles, &TRAPS[0]).await?;
    let oid = scene.ask("'public.t'::regclass::oid").await?;
    scene.note()?;
    for schema in [format!("repackd_{oid}_new"), format!("repackd_{oid}_old")] {
        owner
            .batch_execute(&format!(
                "CREATE SCHEMA {schema}; GRANT ALL ON SCHEMA {schema} TO PUBLIC;
                 CREATE VIEW {schema}.t AS SELECT 1::bigint AS id, trap.bait('x'::text) AS v;
                 CREATE FUNCTION {schema}.capture() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM trap.spring(); RETURN NULL; END'"
            ))
            .await
            .map_err(words)?;
        for command in ["run-now", "prepare"] {
            let report = scene.repackd(&[command, "t"])?;
            report.status(3)?.says(&["public.t is busy", &schema, "in the way"])?;
        }
        scene.repackd(&["status"])?.status(0)?;
        for command in [&["abort", "--all"][..], &["cleanup"]] {
            scene.repackd(command)?.status(0)?;
        }
        unharmed(&scene, &schema).await?;
        owner.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.map_err(words)?;
    }
    scene.repackd(&["run-now", "t"])?.status(0)?;
    unharmed(&scene, "all of it").await?;
    drop(owner);
    roles.drop(scene).await
}

/// Functions, operators and types that match better than PostgreSQL's own, in a schema that the login
/// role's own search path puts first: the trap of CVE-2018-1058.
pub async fn search_path_of_the_login_role(server: Server) -> Outcome {
    let roles = Roles::new(ROLES);
    let (mut scene, owner) = stage(&server, &roles, &TRAPS[4]).await?;
    let mut planted = String::new();
    for (arguments, result, names) in [
        ("", "boolean", &["pg_is_in_recovery"][..]),
        ("", "int", &["pg_backend_pid"]),
        ("text", "text", &["lower", "current_setting", "quote_ident"]),
        ("text[]", "text[]", &["unnest"]),
        ("text, text", "text", &["format", "string_agg"]),
        ("text, text, boolean", "text", &["set_config"]),
        ("name, name", "boolean", &["same"]),
        ("text, text", "boolean", &["same"]),
        ("oid, oid", "boolean", &["same"]),
        ("bigint, bigint", "boolean", &["same"]),
    ] {
        for name in names {
            planted.push_str(&format!(
                "CREATE FUNCTION public.{name}({arguments}) RETURNS {result} LANGUAGE plpgsql AS
                 $$ BEGIN PERFORM trap.spring(); RETURN NULL; END $$;"
            ));
        }
        if *names == ["same"] {
            let kind = arguments.split(',').next().unwrap_or_default();
            for operator in ["=", "<>", "~"] {
                planted.push_str(&format!(
                    "CREATE OPERATOR public.{operator} (LEFTARG = {kind}, RIGHTARG = {kind}, FUNCTION = public.same);"
                ));
            }
        }
    }
    planted.push_str("CREATE DOMAIN public.text AS pg_catalog.text CHECK (trap.bait(1) = 1);
                      CREATE DOMAIN public.bool AS boolean CHECK (trap.bait(1) = 1);
                      CREATE VIEW public.pg_settings AS SELECT trap.spring(), * FROM pg_catalog.pg_settings;
                      CREATE VIEW public.pg_roles AS SELECT trap.spring(), * FROM pg_catalog.pg_roles;");
    owner.batch_execute(&planted).await.map_err(words)?;
    scene.run(&roles.fill("ALTER ROLE :login SET search_path = public, pg_catalog")).await?;
    scene.note()?;
    let url = format!("{}?target_session_attrs=primary", scene.url());
    for command in [&["init"][..], &["plan", "t"], &["prepare", "t"], &["status"], &["resume", "t"]]
    {
        let mut arguments = command.to_vec();
        arguments.extend(["--url", &url]);
        let report = finish(program(&arguments))?;
        report.status(0)?;
        unharmed(&scene, command[0]).await?;
    }
    let seen = "SELECT string_agg(DISTINCT who, ' ') FROM trap.sprung WHERE session = ':login' AND who <> ':owner'";
    match scene.ask(&roles.fill(seen)).await?.as_str() {
        "" => {}
        who => return Err(format!("sprung as {who}")),
    }
    drop(owner);
    roles.drop(scene).await
}

/// Casts of the owner's can leave the key's equality without a best operator.
pub async fn ambiguous_key(server: Server) -> Outcome {
    let roles = Roles::new(ROLES);
    let table = "CREATE TYPE trap.kind AS ENUM ('a', 'b');
        CREATE FUNCTION trap.kind(trap.kind) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN trap.bait('x'::text); END $$;
        CREATE CAST (trap.kind AS text) WITH FUNCTION trap.kind(trap.kind) AS IMPLICIT;
        CREATE TABLE t (id bigint, kind trap.kind DEFAULT 'a', v text, PRIMARY KEY (id, kind));";
    let (scene, owner) =
        stage(&server, &roles, &trap("ambiguous_key", Sprung::Maybe, table)).await?;
    for command in ["plan", "run-now"] {
        let report = scene.repackd(&[command, "t"])?;
        report.status(3)?;
        if !format!("{}{}", report.out, report.err).contains("operator is not unique") {
            return Err(format!("another reason was expected: {report}"));
        }
    }
    unharmed(&scene, "being refused").await?;
    drop(owner);
    roles.drop(scene).await
}

/// A function of the row type would be bound to the old table.
pub async fn row_type(server: Server) -> Outcome {
    let roles = Roles::new(ROLES);
    let (scene, owner) = stage(&server, &roles, &TRAPS[0]).await?;
    owner
        .batch_execute("CREATE FUNCTION public.id(public.t) RETURNS bigint LANGUAGE sql AS 'SELECT trap.spring()::bigint';")
        .await
        .map_err(words)?;
    for command in ["plan", "run-now"] {
        scene.repackd(&[command, "t"])?.status(3)?;
    }
    unharmed(&scene, "being refused").await?;
    owner.batch_execute("DROP FUNCTION public.id(public.t)").await.map_err(words)?;
    scene.repackd(&["run-now", "t"])?.status(0)?;
    unharmed(&scene, "run-now").await?;
    drop(owner);
    roles.drop(scene).await
}
