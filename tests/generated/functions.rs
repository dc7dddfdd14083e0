//! Functions with a body in standard SQL, and uses of the row type.

use super::expressions::condition;
use super::names::name;
use super::scene::Scene;
use super::views::lend;
use crate::support::random::Random;
use repackd::names::ident;

/// A function or procedure with a body in standard SQL.
pub fn function(scene: &mut Scene, random: &mut Random) {
    let function = scene.qualified(random, "f");
    let argument = ident(&name(scene, random, "arg"));
    let owner = scene.owner(random);
    lend(scene, owner);
    let (one, two) = (scene.any_table(random), scene.any_table(random));
    let (t, u) = (scene.tables[one].clone(), scene.tables[two].clone());
    let n = t.number();
    let where_ = condition(&t, random, "", false);
    let w = &where_;
    let properties = [
        "",
        " STABLE",
        " SECURITY DEFINER COST 7",
        " PARALLEL SAFE SET work_mem = '8MB'",
        " LEAKPROOF",
    ][random.range(0, 4) as usize];
    let (sql, signature, call) = match random.range(0, 5) {
        0 => (
            format!(
                "CREATE FUNCTION {function}({argument} bigint DEFAULT 5) RETURNS bigint LANGUAGE sql{properties} BEGIN ATOMIC SELECT count(*) + {argument} FROM {} WHERE {w}; END",
                t.sql()
            ),
            format!("FUNCTION {function}(bigint)"),
            format!("SELECT {function}()"),
        ),
        1 => (
            format!(
                "CREATE FUNCTION {function}({argument} bigint) RETURNS TABLE (a text, b bigint) LANGUAGE sql{properties} RETURN (SELECT ROW(max(x.{n})::text, count(*)) FROM {} x WHERE x.{n} > {argument})",
                t.sql()
            ),
            format!("FUNCTION {function}(bigint)"),
            format!("SELECT * FROM {function}(5)"),
        ),
        2 => (
            format!(
                "CREATE PROCEDURE {function}({argument} bigint) LANGUAGE sql BEGIN ATOMIC DELETE FROM {0} WHERE {n} = {argument}; UPDATE {1} SET {2} = {2} WHERE {2} = {argument} + 3; END",
                t.sql(),
                u.sql(),
                u.number()
            ),
            format!("PROCEDURE {function}(bigint)"),
            format!("CALL {function}(12)"),
        ),
        3 => (
            format!(
                "CREATE FUNCTION {function}(OUT {argument} bigint, VARIADIC more bigint[] DEFAULT '{{}}') LANGUAGE sql{properties} RETURN (SELECT sum(x.{n}) FROM {} x JOIN {} y ON y.{} = x.{n})",
                t.sql(),
                u.sql(),
                u.number()
            ),
            format!("FUNCTION {function}(bigint[])"),
            format!("SELECT {function}(1, 2)"),
        ),
        _ => (
            format!(
                "CREATE FUNCTION {function}() RETURNS SETOF bigint LANGUAGE sql{properties} BEGIN ATOMIC SELECT x.{n}::bigint FROM {} x ORDER BY 1 LIMIT 3; SELECT y.{}::bigint FROM {} y ORDER BY 1 DESC LIMIT 2; END",
                t.sql(),
                u.number(),
                u.sql()
            ),
            format!("FUNCTION {function}()"),
            format!("SELECT * FROM {function}()"),
        ),
    };
    scene.say(owner, sql.clone());
    scene.objects.push((signature, owner));
    scene.call(call);
}

/// What binds the table's row type, which is not carried over.
pub fn row_type(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = scene.tables[table].clone();
    let thing = scene.qualified(random, "rt");
    let sql = t.sql();
    let (statement, word) = match random.range(0, 4) {
        0 => (
            format!("CREATE FUNCTION {thing}({sql}) RETURNS integer LANGUAGE sql AS 'SELECT 1'"),
            "function",
        ),
        1 => (
            format!(
                "CREATE FUNCTION {thing}() RETURNS SETOF {sql} LANGUAGE plpgsql AS 'BEGIN RETURN; END'"
            ),
            "function",
        ),
        2 => (format!("CREATE TABLE {thing} (r {sql}[])"), "column r of table"),
        _ => (format!("CREATE VIEW {thing} AS SELECT x FROM {sql} x"), "view"),
    };
    scene.say(t.owner, statement);
    scene.refuse(word, true, &[table]);
}
