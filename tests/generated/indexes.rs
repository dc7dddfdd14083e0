//! Indexes of all methods, with all options.

use super::expressions::condition;
use super::names::name;
use super::objects::{Column, Table};
use super::scene::Scene;
use crate::support::random::Random;
use repackd::names::ident;

/// An index.
pub fn index(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let index = ident(&name(scene, random, "ix"));
    let t = scene.tables[table].clone();
    let (unique, mut body) = match random.range(0, 10) {
        0..5 => b_tree(scene.version, &t, random),
        5 => (false, single(&t, random, 'h', "hash", "fillfactor = 60")),
        6 => (
            false,
            single(&t, random, 'n', "gin", "fastupdate = off, gin_pending_list_limit = 100"),
        ),
        7 => (false, single(&t, random, 'g', "gist", "buffering = on")),
        8 => (false, single(&t, random, 's', "spgist", "fillfactor = 75")),
        _ => (false, brin(&t, random)),
    };
    if t.owner == "shape_owner" && random.percent(8) {
        body.push_str(" TABLESPACE shape_space");
    }
    if random.percent(30) {
        let condition = condition(&t, random, "", false);
        body.push_str(&format!(" WHERE {}", condition));
    }
    let unique = if unique { "UNIQUE " } else { "" };
    scene.say(t.owner, format!("CREATE {unique}INDEX {index} ON {} {body}", t.sql()));
    let full = format!("{}.{index}", ident(&t.schema));
    if body.contains("lower(") && random.percent(50) {
        scene.say(t.owner, format!("ALTER INDEX {full} ALTER COLUMN 1 SET STATISTICS 99"));
    }
    scene.objects.push((format!("INDEX {full}"), t.owner));
}

fn some<'a>(t: &'a Table, random: &mut Random, can: char) -> Option<&'a Column> {
    let able: Vec<&Column> = t.columns.iter().filter(|c| c.can(can)).collect();
    let at = random.range(0, able.len() as i64) as usize;
    able.get(at).copied()
}

fn b_tree(version: u32, t: &Table, random: &mut Random) -> (bool, String) {
    let mut parts = Vec::new();
    let mut unique = random.percent(25);
    for _ in 0..random.range(1, 4) {
        let Some(c) = some(t, random, 'b') else { continue };
        let name = &c.name;
        let text =
            c.r#type.sql.starts_with("text") || c.r#type.sql.starts_with("character varying");
        parts.push(match random.range(0, 8) {
            0 => format!("{name} DESC"),
            1 => format!("{name} DESC NULLS LAST"),
            2 => format!("{name} NULLS FIRST"),
            3 if text => format!("{name} COLLATE \"C\" text_pattern_ops"),
            4 if text => format!("{name} COLLATE \"POSIX\" varchar_ops DESC"),
            5 if c.can('t') => format!("lower({name}::text)"),
            6 if c.can('t') => format!("(COALESCE({name}::text, 'it''s') || '\\x') COLLATE \"C\""),
            7 => format!("(({} + 1) % 1000)", t.number()),
            _ => name.clone(),
        });
    }
    if unique {
        parts.push(t.number().to_owned());
    }
    if parts.is_empty() {
        unique = false;
        parts.push(t.number().to_owned());
    }
    let mut body = format!("USING btree ({})", parts.join(", "));
    if random.percent(25) {
        let other = &t.columns[random.range(0, t.columns.len() as i64) as usize].name;
        body.push_str(&format!(" INCLUDE ({other})"));
    }
    if unique && version >= 15 && random.percent(30) {
        body.push_str(" NULLS NOT DISTINCT");
    }
    match random.range(0, 5) {
        0 => body.push_str(" WITH (fillfactor = 55)"),
        1 => body.push_str(" WITH (deduplicate_items = off)"),
        _ => {}
    }
    (unique, body)
}

fn single(t: &Table, random: &mut Random, can: char, method: &str, options: &str) -> String {
    let column = match some(t, random, can) {
        Some(column) => column.name.clone(),
        // Each method has something to index in every table.
        None => match can {
            'h' => t.number().to_owned(),
            'n' => format!("(ARRAY[{}, 1])", t.number()),
            'g' => format!("int8range({0}, {0} + 2)", t.number()),
            _ => format!("(({}::text) || '')", t.number()),
        },
    };
    let with = if random.percent(40) { format!(" WITH ({options})") } else { String::new() };
    format!("USING {method} ({column}){with}")
}

fn brin(t: &Table, random: &mut Random) -> String {
    let number = t.number();
    let column = some(t, random, 'r').map_or(number.to_owned(), |c| c.name.clone());
    let class = if t.columns[0].r#type.sql == "integer" { "int4" } else { "int8" };
    match random.range(0, 4) {
        0 => format!("USING brin ({column}) WITH (pages_per_range = 3, autosummarize = on)"),
        1 => format!("USING brin ({number} {class}_minmax_multi_ops (values_per_range = 16))"),
        2 => format!(
            "USING brin ({number} {class}_bloom_ops (n_distinct_per_range = 50, false_positive_rate = 0.05))"
        ),
        _ => format!("USING brin ({column}, {number})"),
    }
}
