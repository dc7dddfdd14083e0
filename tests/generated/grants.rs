//! Privileges, with and without grant option, from several grantors, on columns and sequences; and
//! default privileges, which must not leak in.

use super::scene::Scene;
use crate::support::random::Random;
use repackd::names::ident;

const ROLES: [&str; 5] = ["shape_reader", "shape_writer", "PUBLIC", "shape_other", "shape_grantor"];

fn role(random: &mut Random) -> &'static str {
    ROLES[random.range(0, ROLES.len() as i64) as usize]
}

/// A grant or a revocation.
pub fn grant(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = scene.tables[table].clone();
    let (sql, owner) = (t.sql(), t.owner);
    let maintain = if scene.version >= 17 { "MAINTAIN, SELECT" } else { "SELECT" };
    let privileges =
        ["SELECT", "INSERT, UPDATE, DELETE", "ALL", "TRUNCATE, TRIGGER", "REFERENCES", maintain]
            [random.range(0, 6) as usize];
    let column = &t.columns[random.range(0, t.columns.len() as i64) as usize].name;
    let other = t.number();
    match random.range(0, 10) {
        0..3 => {
            let role = role(random);
            scene.say(owner, format!("GRANT {privileges} ON {sql} TO {role}"));
        }
        3 => scene
            .say(owner, format!("GRANT {privileges} ON {sql} TO shape_grantor WITH GRANT OPTION")),
        4 => {
            let role = role(random);
            scene.say(owner, format!("GRANT SELECT ({column}), UPDATE ({other}, {column}), INSERT ({column}) ON {sql} TO {role}"));
        }
        5 if scene.mixed => {
            scene.say(owner, format!("GRANT SELECT, UPDATE ON {sql} TO shape_grantor WITH GRANT OPTION; GRANT REFERENCES ({column}) ON {sql} TO shape_grantor WITH GRANT OPTION"));
            let role = role(random);
            let role = if role == "shape_grantor" { "PUBLIC" } else { role };
            scene.say("shape_grantor", format!("GRANT SELECT ON {sql} TO {role}; GRANT REFERENCES ({column}) ON {sql} TO {role}"));
        }
        6 => {
            let role = role(random);
            scene.say(
                owner,
                format!(
                    "GRANT ALL ON {sql} TO {role}; REVOKE UPDATE, REFERENCES ON {sql} FROM {role}"
                ),
            );
        }
        // What the owner has left is enough.
        7 => scene.say(owner, format!("REVOKE INSERT, TRUNCATE ON {sql} FROM {owner}")),
        8 => {
            let role = role(random);
            let schema = ident(&t.schema);
            scene.superuser(format!("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"));
        }
        _ => scene
            .say(owner, format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {sql} TO shape_writer")),
    }
}

/// Default privileges, global or of a schema.
pub fn default_privileges(scene: &mut Scene, random: &mut Random) {
    let creator = ["shape_owner", "shape_other", "postgres"][random.range(0, 3) as usize];
    let schema = if random.percent(40) {
        format!(" IN SCHEMA {}", ident(&scene.schema(random)))
    } else {
        String::new()
    };
    let role = role(random);
    let option = if role != "PUBLIC" && random.percent(30) { " WITH GRANT OPTION" } else { "" };
    let change = match random.range(0, 8) {
        0 | 1 => format!("GRANT ALL ON TABLES TO {role}{option}"),
        2 => format!("GRANT SELECT, INSERT ON TABLES TO {role}{option}"),
        3 => format!("GRANT ALL ON SEQUENCES TO {role}{option}"),
        4 if schema.is_empty() => format!("GRANT USAGE ON SCHEMAS TO {role}{option}"),
        5 if schema.is_empty() => "REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC".to_owned(),
        6 if schema.is_empty() => format!("REVOKE ALL ON TABLES FROM {creator}"),
        _ => "REVOKE USAGE ON TYPES FROM PUBLIC".to_owned(),
    };
    let change = if change.contains("TYPES") && !schema.is_empty() {
        format!("GRANT USAGE ON TYPES TO {role}")
    } else {
        change
    };
    scene.superuser(format!("ALTER DEFAULT PRIVILEGES FOR ROLE {creator}{schema} {change}"));
}
