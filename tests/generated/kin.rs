//! Parents, children, partitioned tables.

use super::features::{INHERITANCE, PARTITIONS, Switch};
use super::names::name;
use super::scene::Scene;
use crate::support::random::Random;
use repackd::names::ident;

/// A parent with some of the table's columns.
pub fn parent(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = scene.tables[table].clone();
    let parent = scene.qualified(random, "parent");
    let mut columns = vec![&t.columns[0]];
    columns.extend(t.columns[1..].iter().filter(|c| c.written && random.percent(40)));
    let list: Vec<String> =
        columns.iter().map(|c| format!("{} {}", c.name, c.r#type.sql)).collect();
    scene.say(t.owner, format!("CREATE TABLE {parent} ({})", list.join(", ")));
    scene.objects.push((format!("TABLE {parent}"), t.owner));
    scene.say(t.owner, format!("ALTER TABLE {} INHERIT {parent}", t.sql()));
    if INHERITANCE == Switch::Refused {
        scene.refuse("parent table inherited columns", true, &[table]);
    }
    scene.calls.push(format!("SELECT count(*), sum({}) FROM {parent}", t.number()));
}

/// A child with a column and rows of its own.
pub fn child(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = scene.tables[table].clone();
    let child = scene.qualified(random, "child");
    let own = ident(&name(scene, random, "own"));
    scene.say(t.owner, format!("CREATE TABLE {child} ({own} integer) INHERITS ({})", t.sql()));
    if INHERITANCE == Switch::Refused {
        scene.refuse("child table", true, &[table]);
    }
    scene.objects.push((format!("TABLE {child}"), t.owner));
}

/// A partitioned table, with the table as a partition for all there is.
pub fn partitioned(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = scene.tables[table].clone();
    let parent = scene.qualified(random, "parts");
    let (how, which) = [
        ("RANGE", "FOR VALUES FROM (MINVALUE) TO (MAXVALUE)"),
        ("LIST", "DEFAULT"),
        ("HASH", "FOR VALUES WITH (MODULUS 1, REMAINDER 0)"),
    ][random.range(0, 3) as usize];
    scene.say(
        t.owner,
        format!("CREATE TABLE {parent} (LIKE {}) PARTITION BY {how} ({})", t.sql(), t.number()),
    );
    scene.objects.push((format!("TABLE {parent}"), t.owner));
    scene.say(t.owner, format!("ALTER TABLE {parent} ATTACH PARTITION {} {which}", t.sql()));
    if PARTITIONS == Switch::Refused {
        scene.refuse("partition parent table inherited columns", true, &[table]);
    }
    scene.calls.push(format!("SELECT count(*), sum({}) FROM {parent}", t.number()));
}
