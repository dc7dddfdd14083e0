//! Checks, unique and exclusion constraints, named NOT NULLs.

use super::expressions::condition;
use super::kin;
use super::names::name;
use super::scene::Scene;
use crate::support::random::Random;
use repackd::names::ident;

/// A check.
pub fn check(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let constraint = ident(&name(scene, random, "check"));
    let t = &scene.tables[table];
    let condition = condition(t, random, "", true);
    let strict = ["", "", "", " NO INHERIT", " NOT VALID", " NO INHERIT NOT VALID"]
        [random.range(0, 6) as usize];
    let strict = if scene.version >= 18 && random.percent(15) { " NOT ENFORCED" } else { strict };
    let (sql, owner, number) = (t.sql(), t.owner, t.number().to_owned());
    // Its children would have it, too, which is refused.
    let strict = if strict == " NOT VALID" && !t.children.is_empty() && random.percent(85) {
        ""
    } else {
        strict
    };
    // Old rows may break one that is not valid.
    let body = if strict.contains("NOT VALID") && random.percent(50) {
        format!("({}) AND {number} <> 33", condition)
    } else {
        condition
    };
    scene.say(
        owner,
        format!("ALTER TABLE {sql} ADD CONSTRAINT {constraint} CHECK ({body}){strict}"),
    );
    if strict == " NOT VALID" {
        kin::refuse_not_valid(scene, table);
    }
    scene.objects.push((format!("CONSTRAINT {constraint} ON {sql}"), owner));
}

/// A unique constraint.
pub fn unique(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let constraint = ident(&name(scene, random, "uq"));
    let t = scene.tables[table].clone();
    let sql = t.sql();
    let wide: Vec<&str> = t
        .columns
        .iter()
        .filter(|c| c.can('u') && c.can('b') && c.written)
        .map(|c| c.name.as_str())
        .collect();
    let first = wide[random.range(0, wide.len() as i64) as usize].to_owned();
    let mut columns = vec![first];
    let any: Vec<&str> = t.columns.iter().filter(|c| c.can('b')).map(|c| c.name.as_str()).collect();
    for _ in 0..random.range(0, 3) {
        let next = any[random.range(0, any.len() as i64) as usize].to_owned();
        if !columns.contains(&next) {
            columns.insert(random.range(0, columns.len() as i64 + 1) as usize, next);
        }
    }
    let list = columns.join(", ");
    let nulls = if scene.version >= 15 && random.percent(20) { " NULLS NOT DISTINCT" } else { "" };
    let other = &t.columns[random.range(0, t.columns.len() as i64) as usize].name;
    let include = if random.percent(25) { format!(" INCLUDE ({other})") } else { String::new() };
    let deferrable =
        ["", "", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"][random.range(0, 4) as usize];
    if random.percent(20) {
        let index = ident(&name(scene, random, "ui"));
        scene
            .say(t.owner, format!("CREATE UNIQUE INDEX {index} ON {sql} ({list}){include}{nulls}"));
        scene.say(t.owner, format!("ALTER TABLE {sql} ADD CONSTRAINT {constraint} UNIQUE USING INDEX {index}{deferrable}"));
    } else {
        let space = if t.owner == "shape_owner" && random.percent(10) {
            " USING INDEX TABLESPACE shape_space"
        } else {
            ""
        };
        scene.say(t.owner, format!("ALTER TABLE {sql} ADD CONSTRAINT {constraint} UNIQUE{nulls} ({list}){include}{space}{deferrable}"));
    }
    scene.objects.push((format!("CONSTRAINT {constraint} ON {sql}"), t.owner));
    if deferrable.is_empty() {
        scene.tables[table].unique.push(columns);
    }
}

/// An exclusion constraint.
pub fn exclusion(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let constraint = ident(&name(scene, random, "ex"));
    let t = scene.tables[table].clone();
    let number = t.number();
    let wide: Vec<&str> =
        t.columns.iter().filter(|c| c.can('u') && c.can('h')).map(|c| c.name.as_str()).collect();
    let ranges: Vec<&str> = t
        .columns
        .iter()
        .filter(|c| c.r#type.sql == "int4range" || c.r#type.sql == "circle")
        .map(|c| c.name.as_str())
        .collect();
    let one = wide[random.range(0, wide.len() as i64) as usize];
    let body = match random.range(0, 5) {
        0 if !ranges.is_empty() => format!("USING gist ({} WITH &&)", ranges[0]),
        0 | 1 => format!("USING gist (int8range({number}, {number}, '[]') WITH &&)"),
        2 => format!("USING hash ({one} WITH =)"),
        3 => format!("USING btree ({number} WITH =, {one} WITH =) INCLUDE ({number})"),
        _ => format!("USING btree (({number}::text || '') COLLATE \"C\" text_pattern_ops WITH =)"),
    };
    let predicate = if random.percent(40) {
        format!(" WHERE ({})", condition(&t, random, "", false))
    } else {
        String::new()
    };
    let deferrable =
        ["", "", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"][random.range(0, 4) as usize];
    scene.say(
        t.owner,
        format!(
            "ALTER TABLE {} ADD CONSTRAINT {constraint} EXCLUDE {body}{predicate}{deferrable}",
            t.sql()
        ),
    );
    scene.objects.push((format!("CONSTRAINT {constraint} ON {}", t.sql()), t.owner));
}

/// A NOT NULL with a name of its own.
pub fn not_null(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let constraint = ident(&name(scene, random, "nn"));
    let t = &scene.tables[table];
    let (sql, owner) = (t.sql(), t.owner);
    let column = &t.columns[random.range(0, t.columns.len() as i64) as usize].name;
    let tail = ["", " NO INHERIT", " NOT VALID"][random.range(0, 3) as usize];
    let statement =
        format!("ALTER TABLE {sql} ADD CONSTRAINT {constraint} NOT NULL {column}{tail}");
    scene.say(owner, statement);
    scene.objects.push((format!("CONSTRAINT {constraint} ON {sql}"), owner));
}
