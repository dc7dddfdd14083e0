//! Foreign keys between the tables, in every direction and with every action.

use super::names::name;
use super::objects::Column;
use super::scene::Scene;
use super::types::Type;
use crate::support::random::Random;
use repackd::names::ident;

/// A foreign key.
pub fn foreign_key(scene: &mut Scene, random: &mut Random) {
    let (from, to) = (scene.any_table(random), scene.any_table(random));
    let parent = scene.tables[to].clone();
    let child = scene.tables[from].clone();
    if parent.unique.is_empty() {
        return;
    }
    let key = parent.unique[random.range(0, parent.unique.len() as i64) as usize].clone();
    let constraint = ident(&name(scene, random, "fk"));
    let itself = key.len() == 1
        && key[0] == parent.number()
        && child.columns[0].r#type.sql == parent.columns[0].r#type.sql
        && random.percent(20);
    let (columns, statements) = if itself {
        (vec![child.number().to_owned()], Vec::new())
    } else {
        let new = added(scene, random, to, &key);
        let names: Vec<String> = new.iter().map(|c| c.name.clone()).collect();
        let add: Vec<String> =
            new.iter().map(|c| format!("ADD COLUMN {} {}", c.name, c.r#type.sql)).collect();
        let set: Vec<String> =
            new.iter().map(|c| format!("{} = {}", c.name, c.value(child.number()))).collect();
        // A partition has the columns of the whole.
        let whole = scene.root(from);
        new.iter().for_each(|c| scene.add_column(whole, c));
        let statements = vec![
            format!("ALTER TABLE {} {}", scene.tables[whole].sql(), add.join(", ")),
            format!("UPDATE {} AS aliased_row SET {}", child.sql(), set.join(", ")),
        ];
        (names, statements)
    };
    for sql in statements {
        scene.superuser(sql);
    }
    let mut tail = String::new();
    if random.percent(25) {
        tail.push_str(" MATCH FULL");
    }
    for event in ["DELETE", "UPDATE"] {
        let columns = if event == "DELETE" && scene.version >= 15 && random.percent(40) {
            format!(" ({})", columns[0])
        } else {
            String::new()
        };
        let action = match random.range(0, 7) {
            0 => "RESTRICT".to_owned(),
            1 | 2 => "CASCADE".to_owned(),
            3 => format!("SET NULL{columns}"),
            4 => format!("SET DEFAULT{columns}"),
            _ => continue,
        };
        tail.push_str(&format!(" ON {event} {action}"));
    }
    tail.push_str(
        ["", "", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"][random.range(0, 4) as usize],
    );
    if scene.version >= 18 && random.percent(10) {
        tail.push_str(" NOT ENFORCED");
    } else if random.percent(15) {
        tail.push_str(" NOT VALID");
    }
    scene.superuser(format!(
        "ALTER TABLE {} ADD CONSTRAINT {constraint} FOREIGN KEY ({}) REFERENCES {} ({}){tail}",
        child.sql(),
        columns.join(", "),
        parent.sql(),
        key.join(", ")
    ));
    if child.partitioned && scene.version < 18 {
        // There it cannot be added again without a look at the rows.
        let mut parts = scene.descent(to);
        parts.retain(|t| scene.root(*t) == scene.root(to));
        scene.refuse("of the partitioned table", true, &parts);
    }
    if child.partitioned || child.partition || parent.partitioned || parent.partition {
        let all: Vec<usize> = (0..scene.tables.len()).collect();
        scene.refuse("with its turn|which is not valid though its part", false, &all);
    }
    scene.objects.push((format!("CONSTRAINT {constraint} ON {}", child.sql()), child.owner));
}

/// The columns that refer: of some row of the other table, or of none.
fn added(scene: &mut Scene, random: &mut Random, to: usize, key: &[String]) -> Vec<Column> {
    let parent = scene.tables[to].clone();
    // Its children may have rows of the same numbers, to which nothing can refer.
    let only = if parent.partitioned { "" } else { "ONLY " };
    let mut new = Vec::new();
    for referenced in key {
        let Some(column) = parent.columns.iter().find(|c| c.name == *referenced) else { continue };
        let value = format!(
            "(SELECT referenced_row.{referenced} FROM {only}{} AS referenced_row WHERE referenced_row.{} = ({{i}}) % 50 * 3)",
            parent.sql(),
            parent.number()
        );
        let fresh = ident(&name(scene, random, "ref"));
        let can: String = column.r#type.can.chars().filter(|c| *c != 'u').collect();
        let r#type = Type { sql: column.r#type.sql.clone(), value, can };
        new.push(Column { name: fresh, r#type, written: true, identity: false });
    }
    new
}
