//! Triggers of all sorts, and rules.

use super::expressions::condition;
use super::names::name;
use super::scene::Scene;
use super::views::PRINTED;
use crate::support::random::Random;
use repackd::names::{ident, literal};

/// A trigger.
pub fn trigger(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let trigger = ident(&name(scene, random, "tr"));
    let t = scene.tables[table].clone();
    let sql = t.sql();
    let column = &t.columns[random.range(0, t.columns.len() as i64) as usize];
    let argument = literal(
        ["plain", "it's", "back\\slash", "FROM (x) WHEN", "ünï"][random.range(0, 5) as usize],
    );
    let event = match random.range(0, 6) {
        0 => "INSERT".to_owned(),
        1 => "DELETE".to_owned(),
        2 => format!("UPDATE OF {}, {}", t.number(), column.name).replacen(
            &format!(", {}", t.number()),
            "",
            usize::from(column.name == t.number()),
        ),
        3 => "INSERT OR UPDATE OR DELETE".to_owned(),
        _ => "UPDATE".to_owned(),
    };
    let mut when = String::new();
    if random.percent(40) {
        let row = if event == "DELETE" { "OLD." } else { "NEW." };
        if event == "UPDATE" && random.percent(40) {
            when = " WHEN (OLD.* IS DISTINCT FROM NEW.*)".into();
        } else if event != "INSERT OR UPDATE OR DELETE" && !t.columns.iter().any(|c| !c.written) {
            let condition = condition(&t, random, row, false);
            when = format!(" WHEN ({})", condition);
        }
    }
    let statement = match random.range(0, 8) {
        0 => format!(
            "CREATE TRIGGER {trigger} BEFORE {event} ON {sql} FOR EACH ROW{when} EXECUTE FUNCTION public.gen_note({argument}, 'x')"
        ),
        1 if column.written => format!(
            "CREATE TRIGGER {trigger} BEFORE INSERT ON {sql} FOR EACH ROW EXECUTE FUNCTION public.gen_change({})",
            // A value for which there is no column changes nothing.
            literal(if random.percent(50) { "none" } else { "a" })
        ),
        2 => {
            when.clear();
            format!(
                "CREATE TRIGGER {trigger} AFTER {event} ON {sql} FOR EACH STATEMENT EXECUTE FUNCTION public.gen_note({argument})"
            )
        }
        3 => {
            when.clear();
            format!(
                "CREATE TRIGGER {trigger} AFTER INSERT ON {sql} REFERENCING NEW TABLE AS \"new \"\"rows\" FOR EACH STATEMENT EXECUTE FUNCTION public.gen_count_new()"
            )
        }
        4 => {
            when.clear();
            let level = ["ROW", "STATEMENT"][random.range(0, 2) as usize];
            format!(
                "CREATE TRIGGER {trigger} AFTER DELETE ON {sql} REFERENCING OLD TABLE AS old_rows FOR EACH {level} EXECUTE FUNCTION public.gen_count_old({argument})"
            )
        }
        5 => {
            when.clear();
            format!(
                "CREATE TRIGGER {trigger} {} TRUNCATE ON {sql} EXECUTE FUNCTION public.gen_note({argument})",
                ["BEFORE", "AFTER"][random.range(0, 2) as usize]
            )
        }
        6 => {
            let other = &scene.tables[scene.any_table(random)];
            let from =
                if random.percent(40) { format!(" FROM {}", other.sql()) } else { String::new() };
            let when_deferred =
                [" DEFERRABLE INITIALLY DEFERRED", " DEFERRABLE", ""][random.range(0, 3) as usize];
            format!(
                "CREATE CONSTRAINT TRIGGER {trigger} AFTER {event} ON {sql}{from}{when_deferred} FOR EACH ROW{when} EXECUTE FUNCTION public.gen_note({argument})"
            )
        }
        _ => format!(
            "CREATE TRIGGER {trigger} AFTER {event} ON {sql} FOR EACH ROW{when} EXECUTE FUNCTION public.gen_note()"
        ),
    };
    scene.superuser(statement);
    if random.percent(30) {
        let state = ["DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS"][random.range(0, 3) as usize];
        // That of a partition need not be that of the whole.
        let parts: Vec<_> = scene.descent(table);
        let only = ["", "ONLY "][random.range(0, 2) as usize];
        let at = if random.percent(40) { parts.last().copied().unwrap_or(table) } else { table };
        let one = scene.tables[at].sql();
        scene.say(t.owner, format!("ALTER TABLE {only}{one} {state} TRIGGER {trigger}"));
        if t.partitioned {
            let all: Vec<usize> = (0..scene.tables.len()).collect();
            scene.refuse("which differs from that of the partitioned table", false, &all);
        }
    }
    scene.objects.push((format!("TRIGGER {trigger} ON {sql}"), t.owner));
}

/// A trigger in place of writing to a view.
pub fn of_view(scene: &mut Scene, random: &mut Random) {
    let plain: Vec<_> = scene.views.iter().filter(|v| !v.materialized).cloned().collect();
    if plain.is_empty() {
        return;
    }
    let view = plain[random.range(0, plain.len() as i64) as usize].clone();
    let trigger = ident(&name(scene, random, "vt"));
    let event = ["INSERT", "UPDATE OR DELETE"][random.range(0, 2) as usize];
    scene.superuser(format!(
        "CREATE TRIGGER {trigger} INSTEAD OF {event} ON {} FOR EACH ROW EXECUTE FUNCTION public.gen_note('instead')",
        view.sql
    ));
    scene.objects.push((format!("TRIGGER {trigger} ON {}", view.sql), view.owner));
}

/// A rule, of the table or of another that names it.
pub fn rule(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let rule = ident(&name(scene, random, "ru"));
    let other = scene.any_table(random);
    let (t, o) = (scene.tables[table].clone(), scene.tables[other].clone());
    let (sql, n) = (t.sql(), t.number());
    let event = ["INSERT", "UPDATE", "DELETE"][random.range(0, 3) as usize];
    let row = if event == "DELETE" { "OLD" } else { "NEW" };
    let condition = condition(&t, random, &format!("{row}."), false);
    let mut touched = vec![table];
    // A rule writes its row's expressions out in place, each serial drawn once more: it may only
    // look at the number.
    let where_ = format!("{row}.{n} % 5 = 0 AND {row}.{n} > -5");
    let where_ = if t.columns.iter().all(|c| c.written) { condition } else { where_ };
    let body = match random.range(0, 6) {
        0 => format!(
            "ON {event} TO {sql} DO ALSO INSERT INTO public.gen_log (what, number) VALUES ('rule', {row}.{n}::text)"
        ),
        1 => format!("ON {event} TO {sql} WHERE {row}.{n} % 17 = 4 DO INSTEAD NOTHING"),
        2 => format!(
            "ON DELETE TO {sql} DO ALSO (INSERT INTO public.gen_log (what) VALUES ('one'); NOTIFY \"some one\"; INSERT INTO public.gen_log (what) SELECT 'two' AS word FROM {} x WHERE x.{} = OLD.{n})",
            o.sql(),
            o.number()
        ),
        3 if table != other => {
            touched.push(other);
            format!(
                "ON DELETE TO {sql} DO ALSO DELETE FROM {} x WHERE x.{} = OLD.{n} + 7",
                o.sql(),
                o.number()
            )
        }
        4 => format!(
            "ON {event} TO {sql} WHERE {where_} DO ALSO INSERT INTO public.gen_log (what, how) VALUES ('rule', current_user::text)"
        ),
        _ => format!(
            "ON UPDATE TO {sql} WHERE OLD.{n} <> NEW.{n} DO ALSO UPDATE public.gen_log SET how = 'updated'::text WHERE gen_log.number = OLD.{n}::text"
        ),
    };
    touched.push(other);
    scene.superuser(format!("CREATE RULE {rule} AS {body}"));
    // Constants without a type are printed with one.
    if body.contains("AS word") {
        scene.refuse(PRINTED, false, &touched);
    }
    if random.percent(25) {
        let state = ["DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS"][random.range(0, 3) as usize];
        scene.say(t.owner, format!("ALTER TABLE {sql} {state} RULE {rule}"));
    }
    scene.objects.push((format!("RULE {rule} ON {sql}"), t.owner));
}
