//! A table that is changed while a run of it waits. Writers never fail, whatever the change. What can
//! be is carried over; otherwise the change wins, and the run says so and takes itself back.

use crate::support::scene::Scene;
use crate::support::{Outcome, Server, same};

/// Writes of every kind to the table as it was.
const WRITES: &str = "INSERT INTO public.t (id, v) VALUES (99999, 'a');
UPDATE public.t SET v = 'b' WHERE id = 99999;
UPDATE public.t SET id = 88888 WHERE id = 99999;
DELETE FROM public.t WHERE id = 88888;";

/// What somebody does meanwhile.
struct Change {
    /// The statements.
    sql: &'static str,
    /// Writes to the table as it is then.
    writes: &'static str,
    /// What is said of it; nothing if it is carried over.
    says: &'static [&'static str],
}

impl Change {
    fn new(sql: &'static str, says: &'static [&'static str]) -> Self {
        Self { sql, writes: WRITES, says }
    }

    /// Prepares, changes the table, writes to it, and resumes; the other way out is to abort.
    async fn meets_a_run(&self, server: &Server) -> Outcome {
        let control = Scene::new(server, self.sql).await?;
        let expected = control.database.dump()?;
        let resumed = i32::from(!self.says.is_empty());
        for (command, status) in [("resume", resumed), ("abort", 0)] {
            let scene = Scene::new(server, "").await?;
            scene.repackd(&["prepare", "t"])?.status(0)?;
            scene.run(self.sql).await?;
            for statement in self.writes.split_inclusive(';') {
                let written = scene.run(statement).await;
                written.map_err(|e| format!("a writer failed: {e}"))?;
            }
            let report = scene.repackd(&[command, "t"])?;
            report.status(status).map_err(|e| format!("{}: {e}", self.sql))?;
            if status == 1 {
                report.says(self.says)?.says(&[
                    "public.t was changed meanwhile: ",
                    "state: ",
                    "everything of this run was removed",
                    "next: ",
                ])?;
            }
            let remains = scene.database.remains().await?;
            if !remains.is_empty() {
                return Err(format!("{command} left behind {remains:?}"));
            }
            scene.run(self.writes).await?;
            same(command, &expected, &scene.database.dump()?)?;
            scene.drop().await?;
        }
        control.drop().await
    }
}

pub async fn dropped(server: Server) -> Outcome {
    let change = Change::new("DROP TABLE public.t;", &["it was dropped"]);
    Change { writes: "", ..change }.meets_a_run(&server).await
}

pub async fn renamed(server: Server) -> Outcome {
    let change =
        Change::new("ALTER TABLE public.t RENAME TO u;", &["relation name was \"t\", is \"u\""]);
    let writes = "INSERT INTO public.u (id, v) VALUES (99999, 'a');
        UPDATE public.u SET id = 88888, v = 'b' WHERE id = 99999;
        DELETE FROM public.u WHERE id = 88888;";
    Change { writes, ..change }.meets_a_run(&server).await
}

pub async fn column_added(server: Server) -> Outcome {
    Change::new("ALTER TABLE public.t ADD COLUMN more int;", &["columns more"])
        .meets_a_run(&server)
        .await
}

pub async fn column_dropped(server: Server) -> Outcome {
    Change::new("ALTER TABLE public.t DROP COLUMN n;", &["n"]).meets_a_run(&server).await
}

pub async fn column_renamed(server: Server) -> Outcome {
    Change::new("ALTER TABLE public.t RENAME n TO m;", &["columns n name was \"n\", is \"m\""])
        .meets_a_run(&server)
        .await
}

pub async fn column_retyped(server: Server) -> Outcome {
    let sql = "ALTER TABLE public.t ALTER n TYPE numeric;";
    Change::new(sql, &["columns n type was", "numeric"]).meets_a_run(&server).await
}

/// The table looks the same afterwards, and no trigger has seen its rows change. Verification would
/// find out; without it nothing but the table's file tells.
pub async fn retyped_there_and_back(server: Server) -> Outcome {
    let mut scene = Scene::new(&server, "").await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    scene.run("ALTER TABLE public.t ALTER n TYPE numeric USING n + 0.5").await?;
    scene.run("ALTER TABLE public.t ALTER n TYPE int USING n + 1").await?;
    let report = scene.repackd(&["resume", "--no-verify", "t"])?;
    report.status(1)?.says(&["public.t was changed meanwhile: it was rewritten"])?;
    scene.note()?;
    scene.untouched().await?;
    if scene.ask("SELECT n FROM public.t WHERE id = 1").await? == "1" {
        return Err("the change is lost".into());
    }
    scene.drop().await
}

pub async fn key_renamed(server: Server) -> Outcome {
    let change = Change::new("ALTER TABLE public.t RENAME id TO key;", &["id", "key"]);
    let writes = "INSERT INTO public.t (key, v) VALUES (99999, 'a');
        UPDATE public.t SET v = 'b' WHERE key = 99999;
        UPDATE public.t SET key = 88888 WHERE key = 99999;
        DELETE FROM public.t WHERE key = 88888;";
    Change { writes, ..change }.meets_a_run(&server).await
}

pub async fn key_retyped_to_text(server: Server) -> Outcome {
    let sql = "ALTER TABLE public.t ALTER id TYPE text;";
    let writes = "INSERT INTO public.t (id, v) VALUES ('x99999', 'a');
        UPDATE public.t SET v = 'b' WHERE id = 'x99999';
        UPDATE public.t SET id = 'x88888' WHERE id = 'x99999';
        INSERT INTO public.t (id, v) VALUES ('99999', 'a');
        DELETE FROM public.t WHERE id IN ('99999', 'x88888');";
    Change { writes, ..Change::new(sql, &["id"]) }.meets_a_run(&server).await
}

pub async fn key_retyped_to_int(server: Server) -> Outcome {
    let sql = "ALTER TABLE public.t ALTER id TYPE int;";
    Change::new(sql, &["columns id type", "integer"]).meets_a_run(&server).await
}

pub async fn key_dropped(server: Server) -> Outcome {
    let change = Change::new("ALTER TABLE public.t DROP COLUMN id;", &["id"]);
    let writes = "INSERT INTO public.t (v) VALUES ('a');
        UPDATE public.t SET v = 'b' WHERE v = 'a';
        DELETE FROM public.t WHERE v = 'b';";
    Change { writes, ..change }.meets_a_run(&server).await
}

pub async fn index_added(server: Server) -> Outcome {
    Change::new("CREATE INDEX t_v ON public.t (v);", &["indexes", "t_v"]).meets_a_run(&server).await
}

pub async fn constraint_added(server: Server) -> Outcome {
    let sql = "ALTER TABLE public.t ADD CONSTRAINT small CHECK (n < 1000);";
    Change::new(sql, &["small"]).meets_a_run(&server).await
}

pub async fn view_added(server: Server) -> Outcome {
    let sql =
        "SET ROLE shape_owner; CREATE VIEW public.seen AS SELECT id FROM public.t; RESET ROLE;";
    Change::new(sql, &[]).meets_a_run(&server).await
}

pub async fn foreign_key_added(server: Server) -> Outcome {
    let sql = "SET ROLE shape_owner;
               CREATE TABLE public.child (t_id bigint REFERENCES public.t ON DELETE CASCADE);
               INSERT INTO public.child SELECT min(id) FROM public.t;
               RESET ROLE;";
    Change::new(sql, &[]).meets_a_run(&server).await
}

/// What may not be carried over stops the run before it locks anything; it can be resumed with the
/// privilege.
pub async fn view_of_somebody_else(server: Server) -> Outcome {
    let sql = "CREATE VIEW public.seen AS SELECT id FROM public.t;
               DO $$ BEGIN CREATE ROLE view_owner; EXCEPTION WHEN duplicate_object THEN END $$;
               GRANT USAGE, CREATE ON SCHEMA public TO view_owner;
               ALTER VIEW public.seen OWNER TO view_owner;";
    let scene = Scene::new(&server, "").await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    scene.run(sql).await?;
    let report = scene.repackd(&["resume", "t"])?;
    report.status(1)?.says(&["view public.seen", "GRANT view_owner TO shape_owner", "resume"])?;
    scene.run("GRANT view_owner TO shape_owner").await?;
    scene.repackd(&["resume", "t"])?.status(0)?;
    scene.run("REVOKE view_owner FROM shape_owner; GRANT SELECT ON t TO view_owner").await?;
    if scene.ask("SELECT count(*) - (SELECT count(*) FROM t) FROM seen").await? != "0" {
        return Err("the view does not read the table".into());
    }
    scene.drop().await
}

/// What is added meanwhile and cannot be carried over ends the run.
pub async fn row_type_used(server: Server) -> Outcome {
    let sql = "CREATE FUNCTION public.seen(public.t) RETURNS int LANGUAGE sql AS 'SELECT 1';";
    Change::new(sql, &["function", "seen"]).meets_a_run(&server).await
}

pub async fn trigger_added(server: Server) -> Outcome {
    let sql = "CREATE TRIGGER own BEFORE UPDATE ON public.t FOR EACH ROW
               EXECUTE FUNCTION suppress_redundant_updates_trigger();";
    Change::new(sql, &[]).meets_a_run(&server).await
}

/// As a data-only restore does it: writes in between are not captured.
pub async fn triggers_off_and_on(server: Server) -> Outcome {
    let sql = "ALTER TABLE public.t DISABLE TRIGGER USER;
               UPDATE public.t SET v = 'unseen' WHERE id < 50;
               ALTER TABLE public.t ENABLE TRIGGER USER;";
    Change::new(sql, &["capture"]).meets_a_run(&server).await
}

pub async fn owner_changed(server: Server) -> Outcome {
    // A role of this test alone: memberships are those of the whole server.
    let sql = "DO $$ BEGIN CREATE ROLE new_owner; EXCEPTION WHEN duplicate_object THEN END $$;
               GRANT new_owner TO shape_owner;
               GRANT CREATE ON SCHEMA public TO new_owner;
               ALTER TABLE public.t OWNER TO new_owner;";
    Change::new(sql, &["owner", "new_owner"]).meets_a_run(&server).await
}

/// A grant is no reason to give up, and is not lost.
pub async fn granted(server: Server) -> Outcome {
    let sql = "GRANT SELECT, UPDATE (v) ON public.t TO shape_reader WITH GRANT OPTION;";
    let control = Scene::new(&server, sql).await?;
    let scene = Scene::new(&server, "").await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    scene.run(sql).await?;
    scene.repackd(&["resume", "t"])?.status(0)?.shows(&["public.t repacked"])?;
    same("the database", &control.database.dump()?, &scene.database.dump()?)?;
    control.drop().await?;
    scene.drop().await
}
