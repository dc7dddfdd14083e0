//! `repackd bloat` as people and programs meet it.

use crate::cli::files::Folder;
use crate::cli::output::{fields, number, text};
use crate::support::program::{finish, program};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server};
use serde_json::Value;

/// Half of it goes; 48 per cent of the whole, since the TOAST table has its page, and so has each index.
const HALF: &str = "VACUUM ANALYZE public.t;";

async fn bloated(server: &Server, more: &str) -> Result<Scene, String> {
    let scene = Scene::new(server, more).await?;
    scene.run("ALTER TABLE public.t SET (autovacuum_enabled = off)").await?;
    Ok(scene)
}

pub async fn as_text(server: Server) -> Outcome {
    let scene = bloated(&server, "CREATE TABLE public.small (a int);").await?;
    scene.run(HALF).await?;
    let named = scene.repackd(&["bloat", "t"])?;
    named.status(0)?.shows(&["public.t", "48%", "statistics"])?;
    // It is smaller than is worth anybody's while.
    scene.repackd(&["bloat", "--all"])?.status(0)?.shows(&["no table, or only smaller"])?;
    let all = scene.repackd(&["bloat", "--min-size", "8kB"])?;
    all.status(0)?.shows(&["public.t", "48%"])?;
    if all.out.contains("public.small") {
        return Err(format!("an empty table is larger than a page: {all}"));
    }
    scene.repackd(&["bloat", "nowhere"])?.status(3)?.says(&["there is no table nowhere"])?;
    scene.repackd(&["bloat", "--min-size", "8 pigs"])?.status(2)?.says(&["no unit of size"])?;
    scene.drop().await
}

pub async fn as_json(server: Server) -> Outcome {
    let more = "CREATE INDEX t_gin ON public.t USING gin (to_tsvector('simple', v));";
    let scene = bloated(&server, more).await?;
    scene.run(HALF).await?;
    let document = scene.repackd(&["bloat", "t", "--json"])?.status(0)?.json()?;
    let table = &document["tables"][0];
    fields(
        table,
        &[
            ("connection", text()),
            ("table", "public.t".into()),
            ("oid", number()),
            ("rows", 3000.into()),
            ("dead_rows", number()),
            ("bytes", number()),
            ("bloat_bytes", number()),
            ("bloat_ratio", number()),
            ("heap.bytes", number()),
            ("heap.expected_bytes", number()),
            ("heap.bloat_bytes", number()),
            ("heap.basis", "statistics".into()),
            ("heap.reason", Value::Null),
            ("indexes", Value::Array(vec![])),
            ("toast.bytes", number()),
        ],
    )?;
    let gin = &table["indexes"][0];
    fields(
        gin,
        &[
            ("name", "t_gin".into()),
            ("method", "gin".into()),
            ("bytes", number()),
            ("expected_bytes", Value::Null),
            ("basis", "unknown".into()),
            ("reason", "access_method".into()),
        ],
    )?;
    if table["rows"] != 3000 {
        return Err(format!("it has 3000 rows: {table:#}"));
    }
    scene.drop().await
}

pub async fn never_analyzed(server: Server) -> Outcome {
    let scene = bloated(&server, "").await?;
    let before = scene.repackd(&["bloat", "t"])?;
    before.status(0)?.shows(&["?", "never analyzed", "--analyze makes them"])?;
    let json = scene.repackd(&["bloat", "t", "--json"])?.json()?;
    if !json["tables"][0]["bloat_bytes"].is_null() {
        return Err(format!("nobody can know that: {json:#}"));
    }
    scene.repackd(&["bloat", "t", "--analyze"])?.status(0)?.shows(&["48%", "statistics"])?;
    scene.repackd(&["bloat", "t"])?.status(0)?.shows(&["48%"])?;
    scene.drop().await
}

/// What the login may not see is unknown, and not without bloat.
pub async fn not_readable(server: Server) -> Outcome {
    let mut scene = bloated(&server, "").await?;
    scene.run(HALF).await?;
    scene.user = "shape_other".into();
    let hidden = scene.repackd(&["bloat", "--min-size", "1B"])?;
    hidden.status(0)?.shows(&["statistics not readable", "?", "member of the table's owner"])?;
    // Neither is a table whose rows it may not all see.
    scene
        .run(
            "GRANT SELECT ON public.t TO shape_other;
             ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;
             CREATE POLICY p ON public.t USING (id < 10);",
        )
        .await?;
    scene
        .repackd(&["bloat", "--min-size", "1B"])?
        .status(0)?
        .shows(&["statistics not readable"])?;
    scene.run("ALTER TABLE public.t DISABLE ROW LEVEL SECURITY").await?;
    scene.repackd(&["bloat", "--min-size", "1B"])?.status(0)?.shows(&["48%"])?;
    scene.drop().await
}

/// Whether each qualifies, by which rule, and why not; and the whole account of one.
pub async fn explained(server: Server) -> Outcome {
    let more =
        "CREATE TABLE public.rest (a int); INSERT INTO public.rest SELECT generate_series(1, 9);";
    let scene = bloated(&server, more).await?;
    scene.run(HALF).await?;
    scene.run("VACUUM ANALYZE public.rest").await?;
    let folder = Folder::new(&scene)?;
    let text = format!(
        "[[rule]]
name = 'halves'
tables = ['public.t']
when = {{ bloat_ratio = 0.3, bloat_bytes = '8kB' }}
[[rule]]
name = 'rest'
tables = ['*']
when = {{ dead_rows = 1000000 }}
[connections.shop]
url = '{}'
",
        scene.url()
    );
    let file = folder.write("rules.toml", &text)?;
    let bloat = |more: &[&str]| {
        finish(program(&[&["bloat", "--config", &file, "--min-size", "8kB"], more].concat()))
    };
    bloat(&[])?.status(0)?.shows(&[
        "due",
        "public.t: qualifies by halves\n",
        "public.rest: not by rest: dead_rows 0 rows (at least 1,000,000 rows)\n",
    ])?;
    bloat(&["t", "--explain"])?.status(0)?.shows(&[
        "public.t of shop qualifies\n",
        "rules.toml:1: rule halves decides: `public.t` matches\n",
        "    yes cooldown no repack is known",
        "    yes bloat_ratio 4",
        "(at least 30.0%)",
        "    yes bloat_bytes",
    ])?;
    bloat(&["rest", "--explain"])?.status(0)?.shows(&[
        "public.rest of shop does not qualify\n",
        "rules.toml:1: rule halves does not decide: none of its tables matches: `public.t`\n",
        "rules.toml:5: rule rest decides: `*` matches\n",
        "    no  dead_rows 0 rows (at least 1,000,000 rows)\n",
    ])?;
    let document = bloat(&["t", "--json"])?.status(0)?.json()?;
    fields(
        &document["tables"][0]["decision"],
        &[("qualifies", true.into()), ("rule.name", "halves".into()), ("rule.line", 1.into())],
    )?;
    bloat(&["--explain"])?.status(2)?;
    // Without rules nobody decides, and nothing is said of it.
    let plain = scene.repackd(&["bloat", "t"])?;
    if plain.out.contains("qualifies") {
        return Err(format!("who would decide that: {plain}"));
    }
    scene.drop().await
}
