//! Row security and its policies.

use super::expressions::condition;
use super::names::name;
use super::scene::Scene;
use crate::support::random::Random;
use repackd::names::ident;

/// A policy, more often than not with row security on.
pub fn policy(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let policy = ident(&name(scene, random, "po"));
    let t = scene.tables[table].clone();
    let other_at = scene.any_table(random);
    let other = scene.tables[other_at].clone();
    let sql = t.sql();
    let kind = ["", " AS RESTRICTIVE"][random.range(0, 2) as usize];
    let command = ["", " FOR ALL", " FOR SELECT", " FOR INSERT", " FOR UPDATE", " FOR DELETE"]
        [random.range(0, 6) as usize];
    let roles = [
        "",
        " TO shape_writer",
        " TO shape_writer, CURRENT_USER",
        " TO shape_reader, shape_grantor, shape_writer",
    ][random.range(0, 4) as usize];
    let condition = condition(&t, random, "", false);
    let elsewhere = format!(
        "{} IN (SELECT x.{} FROM {} x WHERE x.{} % 2 = 0)",
        t.number(),
        other.number(),
        other.sql(),
        other.number()
    );
    let using = match random.range(0, 4) {
        0 => elsewhere,
        1 => format!("current_user <> 'nobody' AND {} <> 9", t.number()),
        _ => condition,
    };
    let mut tail =
        if command == " FOR INSERT" { String::new() } else { format!(" USING ({using})") };
    if command != " FOR SELECT"
        && command != " FOR DELETE"
        && (random.percent(50) || tail.is_empty())
    {
        tail.push_str(&format!(" WITH CHECK ({} <> -77)", t.number()));
    }
    scene.say(t.owner, format!("GRANT SELECT ON {} TO PUBLIC", sql));
    scene.superuser(format!("CREATE POLICY {policy} ON {sql}{kind}{command}{roles}{tail}"));
    if random.percent(60) {
        scene.say(t.owner, format!("ALTER TABLE {sql} ENABLE ROW LEVEL SECURITY"));
    }
    scene.objects.push((format!("POLICY {policy} ON {sql}"), t.owner));
}

/// Row security that binds the owner, too: the copy would miss rows.
pub fn forced(scene: &mut Scene, random: &mut Random) {
    let table = scene.any_table(random);
    let t = &scene.tables[table];
    let (sql, owner) = (t.sql(), t.owner);
    let on = random.percent(50);
    let enable = if on { "ENABLE ROW LEVEL SECURITY, " } else { "" };
    scene.say(owner, format!("ALTER TABLE {sql} {enable}FORCE ROW LEVEL SECURITY"));
    // Without ENABLE, only together with a policy that has it.
    scene.refuse("row security is forced on its owner", on, &[table]);
}
