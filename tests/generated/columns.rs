//! Columns that come late, that are gone, and their properties.

use super::names::name;
use super::objects::Column;
use super::scene::Scene;
use super::types;
use crate::support::random::Random;
use repackd::names::ident;

/// A column added to the rows that are there.
pub fn late(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let column = ident(&name(scene, random, "late"));
    let r#type = types::pick(scene, random.range(0, 1000));
    let t = &scene.tables[table];
    let (sql, owner) = (t.sql(), t.owner);
    let mut definition = format!("{column} {}", r#type.sql);
    if random.percent(70) {
        definition.push_str(&format!(" DEFAULT {}", r#type.value.replace("{i}", "7")));
        if random.percent(50) {
            definition.push_str(" NOT NULL");
        }
    }
    scene.say(owner, format!("ALTER TABLE {sql} ADD COLUMN {definition}"));
    if random.percent(40) && definition.contains("DEFAULT") {
        let other = r#type.value.replace("{i}", "8");
        scene.say(owner, format!("ALTER TABLE {sql} ALTER COLUMN {column} SET DEFAULT {other}"));
    }
    scene.objects.push((format!("COLUMN {sql}.{column}"), owner));
    let written = random.percent(70) || !definition.contains("DEFAULT");
    scene.add_column(table, &Column { name: column, r#type, written, identity: false });
}

/// A column less.
pub fn dropped(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = &scene.tables[table];
    if random.percent(50) {
        // One that leaves its trace in every row.
        let (sql, owner) = (t.sql(), t.owner);
        let gone = ident(&name(scene, random, "gone"));
        let r#type = types::pick(scene, random.range(0, 1000));
        scene.say(owner, format!("ALTER TABLE {sql} ADD COLUMN {gone} {}", r#type.sql));
        scene.superuser(format!(
            "UPDATE {sql} SET {gone} = {} WHERE {} % 2 = 0",
            r#type.value.replace("{i}", "3"),
            scene.tables[table].number()
        ));
        scene.say(owner, format!("ALTER TABLE {sql} DROP COLUMN {gone}"));
        return;
    }
    let free: Vec<usize> =
        (1..t.columns.len()).filter(|c| !t.held.contains(&t.columns[*c].name)).collect();
    if free.is_empty() {
        return;
    }
    let at = free[random.range(0, free.len() as i64) as usize];
    let (sql, owner) = (t.sql(), t.owner);
    let column = scene.tables[table].columns.remove(at);
    scene.objects.retain(|(o, _)| *o != format!("COLUMN {sql}.{}", column.name));
    scene.say(owner, format!("ALTER TABLE {sql} DROP COLUMN {}", column.name));
}

/// Statistics target, n_distinct, storage, compression, default.
pub fn property(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = &scene.tables[table];
    let c = &t.columns[random.range(0, t.columns.len() as i64) as usize];
    let change = match random.range(0, 9) {
        0 => "SET STATISTICS 0".to_owned(),
        1 => "SET STATISTICS 1234".to_owned(),
        2 => "SET (n_distinct = -0.25)".to_owned(),
        3 => "SET (n_distinct = 7, n_distinct_inherited = 100)".to_owned(),
        4 if c.written => format!("SET DEFAULT {}", c.value("9")),
        5 if c.written => "DROP DEFAULT".to_owned(),
        _ if !c.is_long() => "SET STATISTICS 77".to_owned(),
        6 => "SET STORAGE EXTERNAL".to_owned(),
        7 => "SET STORAGE MAIN".to_owned(),
        _ => "SET COMPRESSION pglz".to_owned(),
    };
    let (sql, owner) =
        (format!("ALTER TABLE {} ALTER COLUMN {} {change}", t.sql(), c.name), t.owner);
    scene.say(owner, sql);
}

/// A sequence that belongs to a column, of another name than a serial's, or to several defaults.
pub fn sequence(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = scene.tables[table].clone();
    let sequence = format!("{}.{}", ident(&t.schema), ident(&name(scene, random, "seq")));
    let options =
        ["", " INCREMENT 3 MINVALUE 10 MAXVALUE 100000000 CYCLE", " AS integer START 5 CACHE 2"]
            [random.range(0, 3) as usize];
    scene.say(t.owner, format!("CREATE SEQUENCE {sequence}{options}"));
    let column = ident(&name(scene, random, "drawn"));
    let literal = repackd::names::literal(&sequence);
    scene.say(
        t.owner,
        format!(
            "ALTER TABLE {} ADD COLUMN {column} bigint DEFAULT nextval({literal}) + 1",
            t.sql()
        ),
    );
    if random.percent(70) {
        scene.say(t.owner, format!("ALTER SEQUENCE {sequence} OWNED BY {}.{column}", t.sql()));
    }
    if random.percent(30) {
        let other = &scene.tables[scene.any_table(random)].clone();
        let shared = ident(&name(scene, random, "drawn"));
        scene.superuser(format!(
            "GRANT USAGE ON SEQUENCE {sequence} TO {}; ALTER TABLE {} ADD COLUMN {shared} integer DEFAULT nextval({literal})",
            other.owner,
            other.sql()
        ));
    }
    scene.objects.push((format!("SEQUENCE {sequence}"), t.owner));
    let r#type = types::Type { sql: "bigint".into(), value: "NULL".into(), can: "bht".into() };
    scene.add_column(table, &Column { name: column, r#type, written: false, identity: false });
}
