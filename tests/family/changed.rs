//! The family changes while a run waits: the change wins, the run says what it is and takes itself
//! back, and writers do not notice. And who lacks the rights of the parent's owner is told so before.

use crate::support::scene::Scene;
use crate::support::{Outcome, Server, same};

/// The table t is the first partition, or the child, of p.
const PARTITION: &str = "
CREATE TABLE public.p (id bigint NOT NULL, v text, n int) PARTITION BY RANGE (id);
CREATE TABLE public.t PARTITION OF public.p (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (100000);
CREATE TABLE public.other (id bigint NOT NULL, v text, n int);
INSERT INTO public.p SELECT i, 'v', i FROM generate_series(1, 3000) i;
ALTER TABLE public.p OWNER TO shape_owner;
ALTER TABLE public.t OWNER TO shape_owner;
ALTER TABLE public.other OWNER TO shape_owner;
";
const CHILD: &str = "
CREATE TABLE public.p (id bigint NOT NULL, v text, n int);
CREATE TABLE public.t (PRIMARY KEY (id)) INHERITS (public.p);
CREATE TABLE public.other (id bigint NOT NULL, v text, n int);
INSERT INTO public.t SELECT i, 'v', i FROM generate_series(1, 3000) i;
ALTER TABLE public.p OWNER TO shape_owner;
ALTER TABLE public.t OWNER TO shape_owner;
ALTER TABLE public.other OWNER TO shape_owner;
";

/// What somebody does to which family, and what is said of it.
const CHANGES: [(&str, &str, &str); 9] = [
    (PARTITION, "ALTER TABLE p DETACH PARTITION t", "columns id inherited was"),
    (
        PARTITION,
        "ALTER TABLE p DETACH PARTITION t; ALTER TABLE p ATTACH PARTITION t FOR VALUES FROM (0) TO (200000)",
        "family bound was",
    ),
    (
        PARTITION,
        "ALTER TABLE p DETACH PARTITION t; ALTER TABLE p ATTACH PARTITION t DEFAULT",
        "family bound was",
    ),
    (PARTITION, "CREATE INDEX p_n ON p (n)", "indexes"),
    (PARTITION, "ALTER TABLE p RENAME TO q", "family parents"),
    (CHILD, "ALTER TABLE t NO INHERIT p", "columns"),
    (CHILD, "ALTER TABLE t INHERIT other", "columns"),
    (CHILD, "CREATE TABLE below () INHERITS (t)", "family children"),
    (CHILD, "ALTER TABLE other INHERIT t", "family children"),
];

/// Each change.
pub async fn wins(server: &Server) -> Outcome {
    for (setup, change, says) in CHANGES {
        one(server, setup, change, says).await.map_err(|e| format!("{change}: {e}"))?;
    }
    // A sibling of the default partition takes a part of what that may hold.
    let default =
        "CREATE TABLE public.p (id bigint NOT NULL, v text, n int) PARTITION BY RANGE (id);
        CREATE TABLE public.t PARTITION OF public.p (PRIMARY KEY (id)) DEFAULT;
        INSERT INTO public.p SELECT i, 'v', i FROM generate_series(1, 3000) i;
        ALTER TABLE public.p OWNER TO shape_owner;
        ALTER TABLE public.t OWNER TO shape_owner;";
    let change = "CREATE TABLE more PARTITION OF p FOR VALUES FROM (-100) TO (0)";
    one(server, default, change, "family constraint was").await
}

async fn one(server: &Server, setup: &str, change: &str, says: &str) -> Outcome {
    let scene = Scene::of(server, setup).await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    scene.run(change).await?;
    let expected = scene.database.dump()?;
    scene.in_use().await?;
    let report = scene.repackd(&["resume", "t"])?;
    report.status(1)?.says(&["public.t was changed meanwhile: ", says])?;
    scene.database.expect_no_remains().await?;
    let found = scene.database.dump()?;
    // The first was taken while the run was there: only what makes up the family is compared.
    let family = |dump: &str| -> String {
        let of = |l: &&str| {
            l.starts_with("ALTER TABLE ONLY public.") || l.starts_with("INHERITS (public.")
        };
        dump.lines().filter(of).collect::<Vec<_>>().join("\n")
    };
    same("the family", &family(&expected), &family(&found))?;
    scene.drop().await
}

/// The parent belongs to somebody else, whose rights the login role has not got.
pub async fn rights(server: &Server) -> Outcome {
    for setup in [PARTITION, CHILD] {
        let mut scene = Scene::of(server, setup).await?;
        scene.run("ALTER TABLE public.p OWNER TO shape_other").await?;
        scene.note()?;
        let report = scene.repackd(&["run-now", "t"])?;
        report.status(3)?.says(&["parent table public.p", "GRANT shape_other TO shape_owner"])?;
        scene.untouched().await?;
        scene.drop().await?;
    }
    Ok(())
}
