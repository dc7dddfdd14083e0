//! Views and views on views, and materialized ones.

use super::expressions::condition;
use super::names::name;
use super::objects::{Call, Table, View};
use super::scene::Scene;
use crate::support::random::Random;
use repackd::names::ident;

/// The word of a refusal for what is printed differently when its text is read again.
pub const PRINTED: &str = "printed differently";

/// A query over one table or several: the body of a view.
struct Query {
    sql: String,
    tables: Vec<usize>,
    writable: bool,
    aged: bool,
    labelled: bool,
}

fn query_of(scene: &mut Scene, random: &mut Random, column: &str) -> Query {
    let (one, two) = (scene.any_table(random), scene.any_table(random));
    let alias = ident(&name(scene, random, "a"));
    let (t, u) = (&scene.tables[one], &scene.tables[two]);
    let n = format!("{alias}.{}", t.number());
    let c = &t.columns[random.range(0, t.columns.len() as i64) as usize].name;
    let where_ = condition(t, random, &format!("{alias}."), false);
    let (w, from, un) = (&where_, format!("{} {alias}", t.sql()), u.number());
    let (mut writable, mut aged, mut labelled) = (false, false, false);
    let upper = scene.views.len() as i64;
    let sql = match random.range(0, 20) {
        0..4 => {
            writable = true;
            format!("SELECT {n} AS {column}, {alias}.{c} AS \"the c\" FROM {from} WHERE {w}")
        }
        4 => format!("SELECT {n} AS {column}, {alias}.* FROM ONLY {from} WHERE {w}"),
        5 => format!(
            "SELECT {n} AS {column}, x.{un} AS other FROM {from} LEFT JOIN {} x ON x.{un} = {n} AND {w}",
            u.sql()
        ),
        6 => format!(
            "SELECT count(*) AS {column}, max({n}) FILTER (WHERE {w}), count({alias}.*) FROM {from} GROUP BY GROUPING SETS (({n} % 3), ())"
        ),
        7 => {
            // Depends on the key, if it takes that to have the column.
            let key = t.primary.clone().unwrap_or_else(|| vec![t.number().to_owned(), c.clone()]);
            let key: Vec<String> = key.iter().map(|c| format!("{alias}.{c}")).collect();
            let n = &key[0];
            format!(
                "SELECT CASE WHEN {n} IS NULL THEN 1 ELSE 0 END AS {column}, {alias}.{c}, count(*) FROM {from} GROUP BY {}",
                key.join(", ")
            )
        }
        8 => format!(
            "SELECT {n} AS {column}, to_json({alias}) AS whole, ({alias} IS NOT NULL) AS is_there, ({alias}).{c} FROM {from}"
        ),
        9 => format!(
            "WITH RECURSIVE down(i) AS (SELECT max({n}) FROM {from} UNION ALL SELECT i - 100 FROM down WHERE i > 0) SELECT i AS {column} FROM down"
        ),
        10 => format!(
            "SELECT {n} AS {column}, row_number() OVER wide AS place, lag({alias}.{c}) OVER (wide ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {from} WINDOW wide AS (PARTITION BY {n} % 2 ORDER BY {n})"
        ),
        11 => format!(
            "SELECT DISTINCT ON ({n} % 10) {n} AS {column}, (SELECT count(*) FROM {} x WHERE x.{un} < {n}) AS less FROM {from} ORDER BY {n} % 10, {n} DESC",
            u.sql()
        ),
        12 => format!(
            "SELECT {n} AS {column} FROM {from} UNION ALL (SELECT x.{un} FROM {} x EXCEPT SELECT 5) ORDER BY 1 LIMIT 1000",
            u.sql()
        ),
        13 => format!(
            "SELECT {n} AS {column}, deep.* FROM {from} CROSS JOIN LATERAL (SELECT x.{un} AS found FROM {} x WHERE x.{un} >= {n} ORDER BY 1 FETCH FIRST ROW ONLY) AS deep(\"fo und\") WHERE EXISTS (SELECT FROM {} y WHERE y.{un} = {n})",
            u.sql(),
            u.sql()
        ),
        14 => format!(
            "SELECT v.{column}, {alias}.{c} FROM (VALUES (1, 'one'), (3, 'three')) AS v({column}, word) JOIN {from} ON {n} = v.{column}"
        ),
        15 => {
            labelled = true;
            format!(
                "SELECT {n} AS {column}, {alias}.tableoid::regclass::text AS of_table FROM {from} TABLESAMPLE system (100) REPEATABLE (1) WHERE {n} = ANY (ARRAY(SELECT generate_series(1, 99)))"
            )
        }
        _ if upper > 0 => {
            let view = scene.views[random.range(0, upper) as usize].clone();
            (aged, labelled) = (view.aged, view.labelled);
            format!(
                "SELECT v.{} AS {column}, {alias}.{c} FROM {} v LEFT JOIN {from} ON {n} = v.{} WHERE {w} OR {n} IS NULL",
                view.column, view.sql, view.column
            )
        }
        _ => format!(
            "SELECT {n} AS {column} FROM {from} WHERE {n} NOT IN (SELECT x.{un} FROM {} x WHERE x.{un} % 2 = 0)",
            u.sql()
        ),
    };
    Query { sql, tables: vec![one, two], writable, aged, labelled }
}

/// A view.
pub fn view(scene: &mut Scene, random: &mut Random) {
    let view = scene.qualified(random, "v");
    let column = ident(&name(scene, random, "first"));
    let query = query_of(scene, random, &column);
    let owner = scene.owner(random);
    lend(scene, owner);
    let mut options = Vec::new();
    if random.percent(20) {
        options.push("security_barrier = true");
    }
    if scene.version >= 15 && random.percent(20) {
        options.push("security_invoker = true");
    }
    let with =
        if options.is_empty() { String::new() } else { format!(" WITH ({})", options.join(", ")) };
    let checked = if query.writable {
        ["", " WITH LOCAL CHECK OPTION", " WITH CASCADED CHECK OPTION"][random.range(0, 3) as usize]
    } else {
        ""
    };
    scene.say(owner, format!("CREATE VIEW {view}{with} AS {}{checked}", query.sql));
    if random.percent(20) {
        scene.say(owner, format!("ALTER VIEW {view} ALTER COLUMN {column} SET DEFAULT 424242"));
    }
    if random.percent(30) {
        scene.say(owner, format!("GRANT SELECT, INSERT ON {view} TO shape_writer; GRANT SELECT ({column}) ON {view} TO shape_reader WITH GRANT OPTION"));
    }
    scene.objects.push((format!("VIEW {view}"), owner));
    scene.objects.push((format!("COLUMN {view}.{column}"), owner));
    let sql = format!("SELECT count(*), sum({column}) FROM {view}");
    scene.calls.push(Call { sql, aged: query.aged });
    let Query { writable, aged, labelled, .. } = query;
    let materialized = false;
    scene.views.push(View { sql: view, owner, column, writable, materialized, aged, labelled });
}

/// Lets a role read all tables and views, as the owner of a view or function over them must.
pub fn lend(scene: &mut Scene, owner: &'static str) {
    let others: Vec<(String, &'static str)> = scene
        .tables
        .iter()
        .map(|t: &Table| (t.sql(), t.owner))
        .chain(scene.views.iter().map(|v| (v.sql.clone(), v.owner)))
        .filter(|(_, o)| *o != owner)
        .collect();
    for (sql, other) in others {
        scene.say(other, format!("GRANT SELECT ON {sql} TO {owner}"));
    }
}

/// A materialized view, with what it may have.
pub fn materialized(scene: &mut Scene, random: &mut Random) {
    let view = scene.qualified(random, "m");
    let column = ident(&name(scene, random, "first"));
    let mut query = query_of(scene, random, &column);
    // What cannot be built anew faithfully is made now and then.
    for _ in 0..if random.percent(93) { 40 } else { 0 } {
        let inherited =
            |t: &usize| !scene.tables[*t].partitioned && !scene.tables[*t].children.is_empty();
        if !query.labelled && !query.tables.iter().any(inherited) {
            break;
        }
        query = query_of(scene, random, &column);
    }
    let each = random.percent(35);
    if each {
        // One row for each number, by which it can be refreshed beside its readers.
        let one = query.tables[0];
        let t = &scene.tables[one];
        let (n, sql) = (t.number(), t.sql());
        query.sql = format!("SELECT {n} AS {column}, count(*) AS many FROM {sql} GROUP BY 1");
        (query.tables, query.aged, query.labelled) = (vec![one], false, false);
    }
    let owner = match random.range(0, 10) {
        0..8 => scene.tables[query.tables[0]].owner,
        _ => scene.owner(random),
    };
    lend(scene, owner);
    let with = ["", "", " WITH (fillfactor = 60)"][random.range(0, 3) as usize];
    let space =
        if owner == "shape_owner" && random.percent(8) { " TABLESPACE shape_space" } else { "" };
    let data = if random.percent(20) { " WITH NO DATA" } else { "" };
    scene
        .say(owner, format!("CREATE MATERIALIZED VIEW {view}{with}{space} AS {}{data}", query.sql));
    // Who sees the table through its policies cannot be told from here.
    scene.refuse("row security policies|holds its tableoid", false, &query.tables);
    scene.refuse("child tables too", false, &query.tables);
    let all: Vec<usize> = (0..scene.tables.len()).collect();
    scene.refuse(PRINTED, false, &all);
    if query.aged {
        scene.refuse("holds its tableoid", false, &all);
    }
    let options = [
        format!("ALTER COLUMN {column} SET STATISTICS 77"),
        "SET (autovacuum_enabled = off)".to_owned(),
        format!("ALTER COLUMN {column} SET (n_distinct = 12)"),
    ];
    if random.percent(30) {
        let option = &options[random.range(0, 3) as usize];
        scene.say(owner, format!("ALTER MATERIALIZED VIEW {view} {option}"));
    }
    indexes(scene, random, &view, owner, &column, each);
    if random.percent(20) {
        let statistics = scene.qualified(random, "ms");
        scene.say(
            owner,
            format!(
                "CREATE STATISTICS {statistics} ON ({column} % 10), ({column} % 7) FROM {view}"
            ),
        );
        scene.objects.push((format!("STATISTICS {statistics}"), owner));
    }
    if random.percent(30) {
        scene.say(owner, format!("GRANT SELECT ON {view} TO shape_writer; GRANT SELECT ({column}) ON {view} TO shape_reader WITH GRANT OPTION"));
    }
    scene.objects.push((format!("MATERIALIZED VIEW {view}"), owner));
    scene.objects.push((format!("COLUMN {view}.{column}"), owner));
    let sql = format!("SELECT count(*), sum({column}), min({column}) FROM {view}");
    scene.calls.push(Call { sql, aged: true });
    let how = if each { ["", " CONCURRENTLY"][random.range(0, 2) as usize] } else { "" };
    scene.calls.push(Call { sql: format!("REFRESH MATERIALIZED VIEW{how} {view}"), aged: true });
    if random.percent(5) {
        // What reads it could not be filled any more.
        let all: Vec<usize> = (0..scene.tables.len()).collect();
        scene.say(owner, format!("REFRESH MATERIALIZED VIEW {view} WITH NO DATA"));
        scene.refuse("could not be filled", false, &all);
    }
    let (writable, materialized, aged, labelled) = (false, true, true, query.labelled);
    scene.views.push(View { sql: view, owner, column, writable, materialized, aged, labelled });
}

fn indexes(
    scene: &mut Scene,
    random: &mut Random,
    view: &str,
    owner: &'static str,
    column: &str,
    each: bool,
) {
    if each {
        let index = ident(&name(scene, random, "mu"));
        scene.say(owner, format!("CREATE UNIQUE INDEX {index} ON {view} ({column})"));
        if random.percent(20) {
            scene.say(owner, format!("ALTER MATERIALIZED VIEW {view} CLUSTER ON {index}"));
        }
    }
    if random.percent(50) {
        let index = ident(&name(scene, random, "mi"));
        let how = ["({c} DESC NULLS LAST)", "(({c} % 10)) WHERE {c} > 5", "USING hash ({c})"]
            [random.range(0, 3) as usize];
        let how = how.replace("{c}", column);
        scene.say(owner, format!("CREATE INDEX {index} ON {view} {how}"));
    }
}
