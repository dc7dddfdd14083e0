//! Statistics objects, parameters, publications, comments, new names: what else a table may have.

use super::names::name;
use super::scene::Scene;
use crate::support::random::Random;
use repackd::names::ident;

/// A statistics object.
pub fn statistics(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = scene.tables[table].clone();
    let statistics = scene.qualified(random, "st");
    let kinds = ["", " (ndistinct)", " (mcv, dependencies)", " (ndistinct, dependencies, mcv)"]
        [random.range(0, 4) as usize];
    let able: Vec<&str> = t.columns[1..]
        .iter()
        .filter(|c| c.can('b') && !c.r#type.sql.contains("GENERATED"))
        .map(|c| c.name.as_str())
        .collect();
    let number = t.number();
    let what = match random.range(0, 4) {
        0 => {
            let what = format!("({number} % 10)");
            scene
                .say(t.owner, format!("CREATE STATISTICS {statistics} ON {what} FROM {}", t.sql()));
            String::new()
        }
        1 => format!("({number} / 7), ({number}::text || 'it''s')"),
        _ if able.is_empty() => format!("{number}, ({number} % 10)"),
        _ => format!("{}, {number}", able[random.range(0, able.len() as i64) as usize]),
    };
    if !what.is_empty() {
        scene.say(
            t.owner,
            format!("CREATE STATISTICS {statistics}{kinds} ON {what} FROM {}", t.sql()),
        );
    }
    if random.percent(30) {
        scene.say(t.owner, format!("ALTER STATISTICS {statistics} SET STATISTICS 222"));
    }
    let mut owner = t.owner;
    if scene.mixed && random.percent(25) {
        owner = "shape_other";
        scene.superuser(format!("ALTER STATISTICS {statistics} OWNER TO shape_other"));
    }
    scene.objects.push((format!("STATISTICS {statistics}"), owner));
}

/// Storage parameters.
pub fn parameters(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = &scene.tables[table];
    let (sql, owner) = (t.sql(), t.owner);
    let parameters = [
        "fillfactor = 40",
        "autovacuum_enabled = off",
        "autovacuum_vacuum_scale_factor = 0.25, autovacuum_analyze_threshold = 77",
        "toast.autovacuum_enabled = off",
        "toast_tuple_target = 256, parallel_workers = 2",
        "vacuum_index_cleanup = off, vacuum_truncate = false, toast.vacuum_truncate = true",
        "user_catalog_table = true",
    ][random.range(0, 7) as usize];
    scene.say(owner, format!("ALTER TABLE {sql} SET ({parameters})"));
    if parameters.contains("toast.") {
        // The table may have a TOAST table left from a column that is gone; the new one has none.
        scene.refuse("relation toast_reloptions", false, &[table]);
    }
}

/// How rows are told apart by logical replication.
pub fn replica_identity(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let index = any_index(scene, random);
    let t = &scene.tables[table];
    let (sql, owner) = (t.sql(), t.owner);
    match (random.range(0, 3), index) {
        (0, _) => scene.say(owner, format!("ALTER TABLE {sql} REPLICA IDENTITY FULL")),
        (1, _) => scene.say(owner, format!("ALTER TABLE {sql} REPLICA IDENTITY NOTHING")),
        _ => {
            // Whichever of its indexes will do.
            scene.say(
                owner,
                format!(
                    "DO $do$ DECLARE i name; BEGIN
                     SELECT c.relname INTO i FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
                       WHERE indrelid = {0}::regclass AND indisunique AND indimmediate AND indpred IS NULL AND indexprs IS NULL
                         AND NOT EXISTS (SELECT FROM pg_attribute a WHERE attrelid = indrelid AND attnum = ANY (indkey) AND NOT attnotnull)
                       ORDER BY c.relname LIMIT 1;
                     IF i IS NOT NULL THEN EXECUTE format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', {0}, i); END IF; END $do$",
                    repackd::names::literal(&sql)
                ),
            );
        }
    }
}

fn any_index(scene: &Scene, random: &mut Random) -> Option<String> {
    let indexes: Vec<&str> =
        scene.objects.iter().filter_map(|(o, _)| o.strip_prefix("INDEX ")).collect();
    indexes.get(random.range(0, indexes.len() as i64) as usize).map(|i| (*i).to_owned())
}

/// A mark for CLUSTER.
pub fn cluster(scene: &mut Scene, random: &mut Random) {
    let t = &scene.tables[scene.any_table(random)];
    scene.say(
        t.owner,
        format!(
            "DO $do$ DECLARE i name; BEGIN
             SELECT c.relname INTO i FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_am a ON a.oid = c.relam
               WHERE indrelid = {0}::regclass AND amname = 'btree' AND indpred IS NULL ORDER BY c.relname DESC LIMIT 1;
             IF i IS NOT NULL THEN EXECUTE format('ALTER TABLE %s CLUSTER ON %I', {0}, i); END IF; END $do$",
            repackd::names::literal(&t.sql())
        ),
    );
}

/// A publication of tables, or of a schema.
pub fn publication(scene: &mut Scene, random: &mut Random) {
    let publication = ident(&name(scene, random, "pub"));
    let t = scene.tables[scene.any_table(random)].clone();
    let with =
        ["", " WITH (publish = 'insert, truncate')", " WITH (publish_via_partition_root = true)"]
            [random.range(0, 3) as usize];
    let what = match random.range(0, 5) {
        0 if scene.version >= 15 => format!("TABLES IN SCHEMA {}", ident(&scene.schema(random))),
        1 if scene.version >= 15 => format!("TABLE {} WHERE ({} > 5)", t.sql(), t.number()),
        2 if scene.version >= 15 => {
            let other = &t.columns[t.columns.len() - 1].name;
            let both = if other == t.number() { String::new() } else { format!(", {other}") };
            format!("TABLE ONLY {} ({}{both})", t.sql(), t.number())
        }
        3 => {
            let all: Vec<String> = scene.tables.iter().map(|t| t.sql()).collect();
            format!("TABLE {}", all.join(", "))
        }
        _ => format!("TABLE {}", t.sql()),
    };
    for t in scene.tables.clone().iter().filter(|t| t.primary.is_none()) {
        // Otherwise, clients could not update them any more.
        if random.percent(80) {
            scene.say(t.owner, format!("ALTER TABLE {} REPLICA IDENTITY FULL", t.sql()));
        }
    }
    scene.superuser(format!("CREATE PUBLICATION {publication} FOR {what}{with}"));
    if !what.contains("SCHEMA") {
        let owner = if scene.mixed {
            ["postgres", "shape_other"][random.range(0, 2) as usize]
        } else {
            "shape_owner"
        };
        scene.superuser(format!("ALTER PUBLICATION {publication} OWNER TO {owner}"));
    }
    scene.objects.push((format!("PUBLICATION {publication}"), "shape_owner"));
}

/// A publication of all tables, which would publish the shadow, too.
pub fn publication_of_all(scene: &mut Scene, random: &mut Random) {
    let publication = ident(&name(scene, random, "pub"));
    scene.superuser(format!("CREATE PUBLICATION {publication} FOR ALL TABLES"));
    let all: Vec<usize> = (0..scene.tables.len()).collect();
    scene.refuse("(for all tables)", true, &all);
}

/// Somebody who watches DDL.
pub fn event_trigger(scene: &mut Scene, random: &mut Random) {
    let trigger = ident(&name(scene, random, "et"));
    let event = ["ddl_command_start", "ddl_command_end", "sql_drop"][random.range(0, 3) as usize];
    scene.superuser(format!(
        "CREATE EVENT TRIGGER {trigger} ON {event} EXECUTE FUNCTION public.gen_ddl()"
    ));
}

/// A setting of the database that changes what statements mean or how values are printed.
pub fn setting(scene: &mut Scene, random: &mut Random) {
    let settings = [
        "search_path = pg_temp, public",
        "standard_conforming_strings = off",
        "quote_all_identifiers = on",
        "transform_null_equals = on",
        "extra_float_digits = -10",
        "\"DateStyle\" = 'SQL, DMY'",
        "\"IntervalStyle\" = 'sql_standard'",
        "bytea_output = 'escape'",
        "timezone = 'Asia/Kathmandu'",
        "array_nulls = off",
        "default_toast_compression = pglz",
        "default_statistics_target = 7",
        "check_function_bodies = on",
        "statement_timeout = '400ms'",
        "lock_timeout = '1ms'",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_deferrable = on",
        "default_tablespace = shape_space",
        "row_security = off",
        "enable_seqscan = off",
        "force_parallel_mode = on",
        "debug_parallel_query = on",
        "gin_fuzzy_search_limit = 5",
        "plan_cache_mode = force_generic_plan",
        "client_min_messages = debug5",
        "exit_on_error = on",
        "restrict_nonsystem_relation_kind = 'view'",
        "vacuum_cost_delay = 1",
        "work_mem = '64kB'",
        "synchronous_commit = off",
        "lo_compat_privileges = on",
        "xmloption = document",
        "event_triggers = off",
        "allow_alter_system = on",
    ];
    scene.settings.push(settings[random.range(0, settings.len() as i64) as usize].to_owned());
}

/// A comment on anything.
pub fn comment(scene: &mut Scene, random: &mut Random) {
    let (object, owner) =
        scene.objects[random.range(0, scene.objects.len() as i64) as usize].clone();
    let text = scene.text(random);
    let sql = format!("COMMENT ON {object} IS {text}");
    // Theirs are the superuser's.
    let superuser = object.starts_with("PUBLICATION") || object.starts_with("TRIGGER");
    if superuser { scene.superuser(sql) } else { scene.say(owner, sql) }
}

/// A new name, for the table or a part of it; what was named after it keeps its own.
pub fn rename(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let new = name(scene, random, "new");
    let fresh = ident(&new);
    let t = scene.tables[table].clone();
    match random.range(0, 4) {
        0 => {
            let column = random.range(0, t.columns.len() as i64) as usize;
            let old = &t.columns[column].name;
            let family = scene.descent(table);
            // One that comes from elsewhere too keeps its name.
            let strange = family.iter().flat_map(|one| &scene.tables[*one].parents).any(|p| {
                !family.contains(p) && scene.tables[*p].columns.iter().any(|c| c.name == *old)
            });
            if strange {
                return;
            }
            scene.say(t.owner, format!("ALTER TABLE {} RENAME COLUMN {old} TO {fresh}", t.sql()));
            for one in family {
                rename_column(scene, one, old, &fresh);
            }
        }
        1 => {
            let kind = scene.objects.iter().find(|(o, _)| o.starts_with("INDEX "));
            if let Some((index, owner)) = kind.cloned() {
                scene.say(owner, format!("ALTER {index} RENAME TO {fresh}"));
            }
        }
        2 => {
            let end = format!(" ON {}", t.sql());
            let constraint = scene.objects.iter().find_map(|(o, _)| {
                o.strip_prefix("CONSTRAINT ").and_then(|o| o.strip_suffix(&end)).map(str::to_owned)
            });
            if let Some(constraint) = constraint {
                scene.objects.retain(|(o, _)| *o != format!("CONSTRAINT {constraint}{end}"));
                scene.say(
                    t.owner,
                    format!("ALTER TABLE {} RENAME CONSTRAINT {constraint} TO {fresh}", t.sql()),
                );
            }
        }
        _ => {
            let old = t.sql();
            scene.say(t.owner, format!("ALTER TABLE {old} RENAME TO {fresh}"));
            scene.tables[table].name = new;
            let now = scene.tables[table].sql();
            for other in &mut scene.tables {
                for column in &mut other.columns {
                    column.r#type.value = column
                        .r#type
                        .value
                        .replace(&format!(" {old} AS ref"), &format!(" {now} AS ref"));
                }
            }
            scene.objects.retain(|(o, _)| !o.contains(&old));
        }
    }
}

/// Has the table's column known by its new name, also to values that refer to it.
fn rename_column(scene: &mut Scene, table: usize, old: &str, new: &str) {
    let of = format!(" {} AS referenced_row", scene.tables[table].sql());
    for other in &mut scene.tables {
        for column in &mut other.columns {
            if column.r#type.value.contains(&of) {
                let from = format!("referenced_row.{old}");
                let to = format!("referenced_row.{new}");
                // Followed by a blank: no name begins with another.
                let value = column.r#type.value.replace(&format!("{from} "), &format!("{to} "));
                column.r#type.value = value;
            }
        }
    }
    let me = &mut scene.tables[table];
    me.columns.iter_mut().filter(|c| c.name == old).for_each(|c| c.name = new.to_owned());
    for unique in &mut me.unique {
        unique.iter_mut().filter(|c| **c == old).for_each(|c| *c = new.to_owned());
    }
}
