//! Tables that are not there.

use crate::support::scene::Scene;
use crate::support::{Outcome, Server};

/// What is said of a table that is not there, in each of its three parts.
const ABSENT: [&str; 3] = ["there is no table", "state: nothing was begun", "next: "];

pub async fn no_such_table(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    for command in ["run-now", "prepare", "plan"] {
        let report = scene.repackd(&[command, "nowhere"])?;
        report.status(3)?.says(&ABSENT)?.says(&["nowhere", "schema.table"])?;
    }
    // What has no run is nothing to do, which is no failure.
    for command in ["resume", "abort", "status"] {
        scene
            .repackd(&[command, "nowhere"])?
            .status(0)?
            .says(&["nowhere has no unfinished run"])?;
    }
    scene.untouched().await?;
    // One that is there is repacked all the same.
    scene.repackd(&["run-now", "nowhere", "t"])?.status(3)?.shows(&["repacked"])?;
    scene.untouched().await?;
    scene.drop().await
}

pub async fn no_such_schema(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let report = scene.repackd(&["run-now", "nowhere.t"])?;
    report.status(3)?.says(&ABSENT)?.says(&["nowhere.t"])?;
    scene.untouched().await?;
    scene.drop().await
}

pub async fn capitals(server: Server) -> Outcome {
    let scene = Scene::new(&server, "ALTER TABLE public.t RENAME TO \"T\";").await?;
    let report = scene.repackd(&["run-now", "public.T"])?;
    report.status(3)?.says(&ABSENT)?.says(&["double quotes"])?;
    scene.repackd(&["run-now", "public.\"T\""])?.status(0)?;
    scene.gone().await?;
    scene.drop().await
}

pub async fn not_in_a_list(server: Server) -> Outcome {
    let more = "CREATE VIEW public.v AS SELECT 1 AS one; CREATE SCHEMA other AUTHORIZATION shape_owner;
                CREATE TABLE other.w (id int PRIMARY KEY); ALTER TABLE other.w OWNER TO shape_owner;
                CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
                CREATE TABLE public.p (id int) PARTITION BY RANGE (id);
                CREATE FOREIGN TABLE public.f PARTITION OF public.p DEFAULT SERVER nowhere;";
    let scene = Scene::new(&server, more).await?;
    let file = std::env::temp_dir().join(format!("{}.toml", scene.database.name));
    let run = |lists: &str| {
        let text = format!("[connections.shop]\nurl = \"{}\"\n{lists}\n", scene.url());
        std::fs::write(&file, text).map_err(|e| e.to_string())?;
        let path = file.display().to_string();
        let report = crate::support::program::finish(crate::support::program::program(&[
            "run-now", "--config", &path,
        ]));
        let _ = std::fs::remove_file(&file);
        report
    };
    let missing = ["connection shop", "public.u", "does not exist"];
    run("tables = ['public.t', 'public.u']")?.status(1)?.says(&missing)?;
    run("tables = ['public.v', 'public.t', 'public.u']")?.status(1)?.says(&missing)?;
    run("schemas = ['public', 'pubic']")?.status(1)?.says(&["schema pubic", "does not exist"])?;
    run("tables = ['public.p']")?.status(0)?.says(&["public.f", "it is a foreign table"])?;
    scene.untouched().await?;
    // What cannot be repacked is reported, the rest is done: here it counts with the schemas.
    let report = run("schemas = ['other']\ntables = ['public.v', 'public.t']")?;
    report.status(0)?.shows(&["public.t", "other.w"])?.says(&["public.v", "it is a view"])?;
    scene.untouched().await?;
    scene.drop().await
}
