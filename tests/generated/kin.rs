//! Parents and children by inheritance.

use super::expressions::condition;
use super::names::name;
use super::objects::{Column, Table};
use super::scene::{Scene, insert};
use super::types::{self, Type};
use crate::support::random::Random;
use repackd::names::ident;

/// More tables than these make a schema slow, not rich.
pub const TABLES: usize = 8;

/// What a repack of a table says whose child has another parent after it.
const ORDER: &str = "which inherits from";
/// What it says of an inherited constraint that is not valid.
const NOT_VALID: &str = "which is not valid";

/// A parent with some of the table's columns, in an order of its own, with rows, constraints and a
/// column that the table gets from it.
pub fn parent(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = scene.tables[table].clone();
    if t.partition || t.partitioned || scene.tables.len() >= TABLES {
        return;
    }
    let mut columns = vec![t.columns[0].clone()];
    columns.extend(t.columns[1..].iter().filter(|c| c.written && random.percent(40)).cloned());
    let p = fresh(scene, random, "parent", t.owner, columns);
    let number = t.number();
    let mut list: Vec<String> = p
        .columns
        .iter()
        .map(|c| {
            let strict = if c.name == number && random.percent(30) { " NOT NULL" } else { "" };
            format!("{} {}{}{strict}", c.name, c.r#type.sql, default(c, random))
        })
        .collect();
    let first = random.range(0, list.len() as i64) as usize;
    list.rotate_left(first);
    let sql = p.sql();
    let at = add(scene, p.clone(), &format!("CREATE TABLE {sql} ({})", list.join(", ")));
    if random.percent(40) {
        let check = ident(&name(scene, random, "common"));
        let body = condition(&p, random, "", true);
        for one in [&sql, &t.sql()] {
            scene.say(t.owner, format!("ALTER TABLE {one} ADD CONSTRAINT {check} CHECK ({body})"));
        }
        scene.objects.push((format!("CONSTRAINT {check} ON {}", t.sql()), t.owner));
    }
    if random.percent(25) {
        let check = ident(&name(scene, random, "its"));
        scene.say(
            t.owner,
            format!("ALTER TABLE {sql} ADD CONSTRAINT {check} CHECK ({number} > 0) NO INHERIT"),
        );
    }
    if random.percent(30) {
        scene.say(t.owner, format!("ALTER TABLE {sql} ADD PRIMARY KEY ({number})"));
        scene.tables[at].unique.push(vec![number.to_owned()]);
        scene.tables[at].primary = Some(vec![number.to_owned()]);
    }
    scene.superuser(insert(&p, "generate_series(401, 440) gen_i"));
    scene.say(t.owner, format!("ALTER TABLE {} INHERIT {sql}", t.sql()));
    // The table comes to be the child of another after those that it has.
    let mut above = t.parents.clone();
    above.retain(|a| scene.tables[*a].children.contains(&table));
    if !above.is_empty() {
        scene.refuse(ORDER, true, &above);
    }
    scene.tables[table].parents.push(at);
    scene.tables[at].children.push(table);
    if random.percent(40) {
        let column = ident(&name(scene, random, "common"));
        let r#type = types::pick(scene, random.range(0, 1000));
        let definition =
            format!("{column} {} DEFAULT {}", r#type.sql, r#type.value.replace("{i}", "6"));
        if random.percent(30) {
            // The two become one, which is the table's own as well.
            scene.say(t.owner, format!("ALTER TABLE {} ADD COLUMN {definition}", t.sql()));
        }
        scene.say(t.owner, format!("ALTER TABLE {sql} ADD COLUMN {definition}"));
        scene.add_column(at, &Column { name: column, r#type, written: true, identity: false });
    }
    if random.percent(30) {
        let check = ident(&name(scene, random, "from"));
        let body = condition(&p, random, "", true);
        let not_valid = if random.percent(3) { " NOT VALID" } else { "" };
        scene.say(
            t.owner,
            format!("ALTER TABLE {sql} ADD CONSTRAINT {check} CHECK ({body}){not_valid}"),
        );
        if !not_valid.is_empty() {
            refuse_not_valid(scene, at);
        }
        scene.objects.push((format!("CONSTRAINT {check} ON {}", t.sql()), t.owner));
    }
    lend(scene, random, at);
}

/// The last statement gave a table and its children a constraint that is not valid.
pub fn refuse_not_valid(scene: &mut Scene, table: usize) {
    let all = scene.descent(table);
    if all.len() > 1 {
        scene.refuse(NOT_VALID, true, &all);
    }
}

/// A child with a column, a key and rows of its own, made from its parents or on its own.
pub fn child(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = scene.tables[table].clone();
    if t.partition || t.partitioned || scene.tables.len() >= TABLES {
        return;
    }
    let own = ident(&name(scene, random, "own"));
    let integer = || Type { sql: "integer".into(), value: "({i}) % 5".into(), can: "bhrt".into() };
    let mut columns: Vec<Column> =
        t.columns.iter().map(|c| Column { identity: false, ..c.clone() }).collect();
    let number = t.number();
    columns.push(Column { name: own.clone(), r#type: integer(), written: true, identity: false });
    let c = fresh(scene, random, "child", t.owner, columns);
    let sql = c.sql();
    let mut parents = vec![t.sql()];
    let mut mine = vec![format!("{own} integer")];
    if random.percent(30) {
        mine.insert(0, format!("{number} {}", t.columns[0].r#type.sql));
    }
    if random.percent(30) {
        let check = ident(&name(scene, random, "its"));
        mine.push(format!("CONSTRAINT {check} CHECK ({own} < 100)"));
    }
    let mut ordered = true;
    let mut other = None;
    match random.range(0, 10) {
        0..3 => {
            // Another parent, which the table's column of that name comes from, too.
            let extra = fresh(scene, random, "extra", t.owner, vec![t.columns[0].clone()]);
            let also = ident(&name(scene, random, "also"));
            let list = format!("{also} text DEFAULT 'x', {number} {}", t.columns[0].r#type.sql);
            parents.push(extra.sql());
            if random.percent(92) {
                parents.rotate_left(1);
            } else {
                ordered = false;
            }
            let create = format!("CREATE TABLE {} ({list})", extra.sql());
            other = Some(add(scene, extra, &create));
        }
        3 | 4 => {
            let like = "INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS";
            mine.retain(|m| !m.starts_with(number));
            mine.insert(0, format!("LIKE {} {like}", t.sql()));
            parents.clear();
        }
        _ => {}
    }
    let from = match parents.len() {
        0 => String::new(),
        _ => format!(" INHERITS ({})", parents.join(", ")),
    };
    let at = add(scene, c.clone(), &format!("CREATE TABLE {sql} ({}){from}", mine.join(", ")));
    if parents.is_empty() {
        scene.say(t.owner, format!("ALTER TABLE {sql} INHERIT {}", t.sql()));
    }
    // What is materialized from the table shows the child's rows as well.
    scene.refuse("child tables too", false, &[table]);
    // Made like the table it has its checks as its own.
    scene.refuse("does not let the child leave", false, &[table, at]);
    if !ordered {
        scene.refuse(ORDER, true, &[table]);
    }
    scene.tables[at].parents.push(table);
    scene.tables[table].children.push(at);
    if let Some(other) = other {
        scene.tables[at].parents.push(other);
        scene.tables[other].children.push(at);
    }
    for column in t.columns.iter().filter(|c| c.identity) {
        let (column, owner) = (&column.name, t.owner);
        scene.say(owner, format!("ALTER TABLE {sql} ALTER COLUMN {column} SET DEFAULT 7"));
    }
    if random.percent(60) {
        scene.say(t.owner, format!("ALTER TABLE {sql} ADD PRIMARY KEY ({number})"));
        scene.tables[at].unique.push(vec![number.to_owned()]);
        scene.tables[at].primary = Some(vec![number.to_owned()]);
    }
    scene.superuser(insert(&c, "generate_series(501, 540) gen_i"));
    lend(scene, random, at);
}

/// Sometimes a default for a column; it cannot look for a row of another table.
pub fn default(column: &Column, random: &mut Random) -> String {
    let value = column.value("4");
    if random.percent(20) && !value.contains("referenced_row") {
        format!(" DEFAULT {value}")
    } else {
        String::new()
    }
}

/// A table that is to be.
pub fn fresh(
    scene: &mut Scene,
    random: &mut Random,
    prefix: &str,
    owner: &'static str,
    columns: Vec<Column>,
) -> Table {
    let schema = scene.schema(random);
    let name = name(scene, random, prefix);
    Table::new(schema, name, owner, columns)
}

/// Makes it, and says where it is.
pub fn add(scene: &mut Scene, table: Table, create: &str) -> usize {
    scene.say(table.owner, create.to_owned());
    let (sql, owner) = (table.sql(), table.owner);
    scene.objects.push((format!("TABLE {sql}"), owner));
    for column in &table.columns {
        scene.objects.push((format!("COLUMN {sql}.{}", column.name), owner));
    }
    scene.tables.push(table);
    scene.tables.len() - 1
}

/// Lets clients write to it, mostly.
pub fn lend(scene: &mut Scene, random: &mut Random, table: usize) {
    let (sql, owner) = (scene.tables[table].sql(), scene.tables[table].owner);
    if random.percent(60) {
        scene.say(owner, format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {sql} TO shape_writer"));
    }
}
