//! What cannot be repacked, or not by this role.

use crate::support::scene::{Scene, TABLE};
use crate::support::{Outcome, Server};

/// What is said besides the reason.
const UNTOUCHED: &str = "state: nothing was changed; the table is untouched and in use";

/// Refused by every command that would begin something, with this reason.
async fn refused(scene: &Scene, table: &str, reason: &[&str]) -> Outcome {
    for command in ["run-now", "prepare"] {
        let report = scene.repackd(&[command, table])?;
        report.status(3)?.says(&["repackd: ", UNTOUCHED])?.says(reason)?;
    }
    scene.repackd(&["plan", table])?.status(3)?.shows(&["cannot be repacked"])?;
    scene.untouched().await
}

pub async fn not_the_owner(server: Server) -> Outcome {
    let mut scene = Scene::new(&server, "").await?;
    scene.run(&format!("GRANT CREATE ON DATABASE {} TO shape_other", scene.database.name)).await?;
    scene.note()?;
    scene.user = "shape_other".into();
    let reason = ["public.t", "neither its owner", "GRANT \"shape_owner\" TO \"shape_other\""];
    refused(&scene, "public.t", &reason).await?;
    scene.drop().await
}

pub async fn no_create(server: Server) -> Outcome {
    let mut scene = Scene::new(&server, "").await?;
    let name = scene.database.name.clone();
    scene.run(&format!("REVOKE CREATE ON DATABASE {name} FROM shape_owner")).await?;
    scene.note()?;
    let grant = format!("GRANT CREATE ON DATABASE \"{name}\" TO \"shape_owner\"");
    refused(&scene, "t", &["public.t", "may not create schemas", &grant]).await?;
    let init = scene.repackd(&["init"])?;
    init.status(1)?.shows(&[grant.as_str()])?;
    scene.drop().await
}

pub async fn temporary(server: Server) -> Outcome {
    let mut scene = Scene::new(&server, "").await?;
    let grant = format!("GRANT TEMPORARY ON DATABASE {} TO shape_owner", scene.database.name);
    scene.run(&grant).await?;
    scene.note()?;
    scene.run("SET ROLE shape_owner; CREATE TEMPORARY TABLE mine (id int PRIMARY KEY)").await?;
    scene.run("RESET ROLE").await?;
    let schema = scene
        .ask("SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'mine'")
        .await?;
    refused(&scene, &format!("{schema}.mine"), &["temporary table", "mine"]).await?;
    // It is not in the search path of anybody else.
    scene.repackd(&["run-now", "mine"])?.status(3)?.says(&["there is no table mine"])?;
    scene.drop().await
}

pub async fn extension(server: Server) -> Outcome {
    // A table becomes a member of an extension that is there anyway.
    let scene = Scene::new(&server, "ALTER EXTENSION plpgsql ADD TABLE public.t;").await?;
    refused(&scene, "public.t", &["public.t", "extension plpgsql"]).await?;
    scene.drop().await
}

pub async fn invalid_index(server: Server) -> Outcome {
    let mut scene = Scene::new(&server, "").await?;
    let built = scene.run("CREATE UNIQUE INDEX CONCURRENTLY twice ON public.t (n)").await;
    if built.is_ok() {
        return Err("the index should not have been built".into());
    }
    scene.note()?;
    let advice = "REINDEX INDEX CONCURRENTLY \"public\".\"twice\"";
    refused(&scene, "t", &["public.twice is invalid", advice, "DROP INDEX CONCURRENTLY"]).await?;
    scene.run("DROP INDEX CONCURRENTLY public.twice").await?;
    scene.note()?;
    scene.repackd(&["run-now", "t"])?.status(0)?;
    scene.untouched().await?;
    scene.drop().await
}

/// Only a default, which repackd's own sessions are free to set otherwise.
pub async fn read_only_database(server: Server) -> Outcome {
    let scene = Scene::of(&server, TABLE).await?;
    let name = scene.database.name.clone();
    let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    scene.run(&set).await?;
    scene.repackd(&["run-now", "t"])?.status(0)?.shows(&["public.t repacked"])?;
    scene.run(&format!("ALTER DATABASE {name} RESET ALL")).await?;
    scene.untouched().await?;
    scene.drop().await
}
