//! Names that a schema should not be made of.

use super::scene::Scene;
use crate::support::random::Random;

/// Words that mean something to the server, or that repackd's own statements call things by.
const WORDS: [&str; 40] = [
    "select",
    "table",
    "user",
    "order",
    "group",
    "all",
    "end",
    "default",
    "check",
    "old",
    "new",
    "excluded",
    "row",
    "values",
    "key",
    "log",
    "seq",
    "generated",
    "shadow",
    "t",
    "k",
    "l",
    "s",
    "c",
    "a",
    "n",
    "o",
    "x",
    "i",
    "public",
    "pg_temp",
    "null",
    "primary",
    "only",
    "from",
    "on",
    "chunk",
    "journal",
    "window",
    "offset",
];

/// A name that nothing else in the schema has. Plain ones if the schema is to have no others.
pub fn name(scene: &mut Scene, random: &mut Random, prefix: &str) -> String {
    scene.counter += 1;
    let n = scene.counter;
    if !scene.hostile || random.percent(25) {
        return format!("{prefix}{n}");
    }
    let name = match random.range(0, 26) {
        0 => format!("{}{n}", prefix.to_uppercase()),
        1 => format!("{prefix} {n} x"),
        2 => format!("{prefix}\"{n}"),
        3 => format!("{prefix}.{n}"),
        4 => format!("%I{prefix}%s{n}%"),
        5 => long(&format!("{prefix}{n}"), "x"),
        6 => long(&format!("{prefix}{n}"), "ü"),
        7 => format!("Ü{prefix}{n}é🐘"),
        8 => format!("{prefix}', '{n}"),
        9 => format!("{prefix}\\{n}"),
        10 => format!("$1{prefix}{n}"),
        11 => format!("{prefix}$${n}$$"),
        12 => format!("{prefix}--{n}"),
        13 => format!("{prefix}/*{n}"),
        14 => format!("{prefix} ON {n}"),
        15 => format!("{prefix} TO a.b AS {n}"),
        16 => format!("{prefix}::text{n}"),
        17 => format!("{prefix}\n{n}"),
        18 => format!(",\"){prefix}{n}"),
        19 => format!("new_repackd_{n}"),
        20 => format!(" {prefix}{n} "),
        21 => format!("E'{prefix}\\'{n}"),
        22 => format!("{n}{prefix}"),
        23 => format!("(ARRAY[{prefix}{n}])::text[]"),
        _ => WORDS[random.range(0, WORDS.len() as i64) as usize].to_owned(),
    };
    if scene.names.insert(name.clone()) { name } else { format!("{prefix}{n}") }
}

/// Fills a name up to the 63 bytes that there are.
fn long(start: &str, with: &str) -> String {
    let mut name = start.to_owned();
    while name.len() + with.len() <= 63 {
        name.push_str(with);
    }
    name
}
