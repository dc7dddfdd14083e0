//! `schedule`: what is to come, without a database and with one.

use super::files::Folder;
use super::output::fields;
use crate::support::program::{finish, program};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server};

/// A night in Berlin, cut by a blackout, and two rules.
const SCHEDULE: &str = r#"
timezone = "Europe/Berlin"
[[window]]
name = "nightly"
open = "0 1 * * *"
duration = "4h"
last_start_before_end = "30min"
[[blackout]]
name = "freeze"
from = 2031-12-24T03:00:00
until = 2031-12-26
[[rule]]
name = "first"
tables = ["public.t"]
when = { bloat_ratio = 0.3, bloat_bytes = "1GB" }
[[rule]]
name = "second"
tables = ["*"]
exclude = ["public.left"]
when = { dead_rows = 1000 }
"#;

fn file(folder: &Folder, url: &str, more: &str) -> Result<String, String> {
    let text = format!("{SCHEDULE}{more}[connections.shop]\nurl = \"{url}\"\n");
    folder.write("schedule.toml", &text)
}

/// Nothing answers there.
const NOWHERE: &str = "postgres://app@127.0.0.1:1/none";

pub async fn openings(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let folder = Folder::new(&scene)?;
    let file = file(&folder, NOWHERE, "")?;
    let show = |more: &[&str]| {
        let all = [&["schedule", "--config", &file, "--at", "2031-12-23 12:00"], more].concat();
        finish(program(&all))
    };
    let shown = show(&["--count", "3"])?;
    shown.status(0)?.shows(&[
        "nightly | Wed 2031-12-24 01:00 CET | Wed 03:00 CET | 2 h 00 min | 00:00 to 02:00 | freeze",
        "Thu 2031-12-25 01:00 CET | Thu 05:00 CET | nothing    | 00:00 to 04:00 | freeze",
        "Fri 2031-12-26 01:00 CET | Fri 05:00 CET | 4 h 00 min |",
        "rule first (line 12)",
        "bloat_ratio at least 30.0% and bloat_bytes at least 1.0 GiB",
        "next Wed 2031-12-24 01:00 CET",
        "*; not public.left",
    ])?;
    if shown.out.contains("2031-12-27") {
        return Err(format!("more than three: {shown}"));
    }
    let document = show(&["--json", "--count", "3"])?.status(0)?.json()?;
    let schedule = &document["schedule"];
    fields(
        &schedule["openings"][0],
        &[
            ("window", "nightly".into()),
            ("timezone", "Europe/Berlin".into()),
            ("opens", "2031-12-24T00:00:00Z".into()),
            ("closes", "2031-12-24T04:00:00Z".into()),
            ("blackouts", serde_json::json!(["freeze"])),
        ],
    )?;
    fields(
        &schedule["openings"][0]["parts"][0],
        &[("opens", "2031-12-24T00:00:00Z".into()), ("closes", "2031-12-24T02:00:00Z".into())],
    )?;
    fields(
        &schedule["rules"][1],
        &[
            ("name", "second".into()),
            ("open", false.into()),
            ("opens_next", "2031-12-24T00:00:00Z".into()),
            ("cooldown_seconds", (7 * 86_400).into()),
            ("order", "most_gain".into()),
            ("matches", serde_json::Value::Null),
        ],
    )?;
    let open =
        finish(program(&["schedule", "--config", &file, "--at", "2031-12-27T04:45:00+01:00"]))?;
    open.status(0)?.shows(&["open until Sat 2031-12-27 05:00 CET, too late to start anything"])?;
    let wrong = finish(program(&["schedule", "--config", &file, "--at", "tomorrow"]))?;
    wrong.status(2)?.says(&["--at cannot be `tomorrow`; it is a date"])?;
    // Without a file there is no schedule, and nothing needs one.
    let plain = finish(program(&["schedule", "--url", NOWHERE]))?;
    plain.status(0)?.shows(&["always open", "add a [[rule]]"])?;
    scene.drop().await
}

pub async fn checked(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let folder = Folder::new(&scene)?;
    let check = |more: &str| {
        let file = file(&folder, NOWHERE, more)?;
        finish(program(&["schedule", "--check", "--config", &file]))
    };
    check("")?.status(0)?.shows(&["1 window, 1 blackout, 2 rules: nothing to remark"])?;
    let third = "[[rule]]\ntables = [\"crm.*.*\"]\nwhen = { dead_rows = 1 }\n";
    check(third)?.status(1)?.says(&[
        "schedule.toml:21: rule line 21: `crm.*.*` is about no connection of this configuration",
    ])?;
    let wrong = check("[[rule]]\ntable = [\"*\"]\n")?;
    wrong.status(78)?.says(&["schedule.toml:22: unknown key `table`; did you mean `tables`?"])?;
    scene.drop().await
}

pub async fn tables(server: Server) -> Outcome {
    let more = "CREATE TABLE public.left (id int PRIMARY KEY);
                CREATE TABLE public.u (id int PRIMARY KEY);";
    let scene = Scene::new(&server, more).await?;
    let folder = Folder::new(&scene)?;
    let file = file(&folder, &scene.url(), "")?;
    let ask = ["schedule", "--tables", "--config", &file];
    finish(program(&ask))?
        .status(0)?
        .shows(&["now       shop:public.t\n", "now       shop:public.u\n"])?;
    let document = finish(program(&[&ask[..], &["--json"]].concat()))?.status(0)?.json()?;
    let matches = &document["schedule"]["rules"][0]["matches"];
    fields(&matches[0], &[("connection", "shop".into()), ("table", "public.t".into())])?;
    // Out of reach: what can be said without it is said.
    let far = self::file(&folder, NOWHERE, "")?;
    let shown = finish(program(&["schedule", "--tables", "--config", &far]))?;
    shown.status(75)?.shows(&["nightly", "rule first"])?.says(&["cannot connect"])?;
    scene.drop().await
}
