//! `repackd bloat` as people and programs meet it.

use crate::cli::output::{fields, number, text};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server};
use serde_json::Value;

/// Half of it is bloat.
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
    named.status(0)?.shows(&["public.t", "50%", "statistics"])?;
    // It is smaller than is worth anybody's while.
    scene.repackd(&["bloat", "--all"])?.status(0)?.shows(&["no table, or only smaller"])?;
    let all = scene.repackd(&["bloat", "--min-size", "8kB"])?;
    all.status(0)?.shows(&["public.t", "50%"])?;
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
    scene.repackd(&["bloat", "t", "--analyze"])?.status(0)?.shows(&["50%", "statistics"])?;
    scene.repackd(&["bloat", "t"])?.status(0)?.shows(&["50%"])?;
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
    scene.repackd(&["bloat", "--min-size", "1B"])?.status(0)?.shows(&["50%"])?;
    scene.drop().await
}
