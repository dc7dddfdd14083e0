//! What must hold after a repack, whatever was going on during it.

use super::{Database, Outcome, words};
use std::io::Write;
use std::process::{Command, Stdio};

impl Database {
    /// Fails if anything of repackd is left.
    pub async fn expect_no_remains(&self) -> Outcome {
        let remains = self.remains().await?;
        if remains.is_empty() { Ok(()) } else { Err(format!("left behind: {remains:?}")) }
    }

    /// Fails unless the table's indexes are valid, complete and hold nothing else.
    pub async fn expect_sound_indexes(&self, table: &str) -> Outcome {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT i.indexrelid::regclass::text, i.indisvalid AND i.indisready AND i.indislive, a.amname::text
                 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
                 WHERE i.indrelid = $1::text::regclass",
                &[&table],
            )
            .await
            .map_err(words)?;
        let wanted = "SELECT FROM pg_available_extensions WHERE name = 'amcheck'";
        let amcheck = !client.query(wanted, &[]).await.map_err(words)?.is_empty();
        if amcheck {
            client.batch_execute("CREATE EXTENSION amcheck").await.map_err(words)?;
        }
        for row in &rows {
            let (index, usable, method): (String, bool, String) =
                (row.get(0), row.get(1), row.get(2));
            if !usable {
                return Err(format!("{index} is not usable"));
            }
            if amcheck && method == "btree" {
                let check = format!("SELECT bt_index_parent_check('{index}', true)");
                client.batch_execute(&check).await.map_err(|e| format!("{index}: {e:?}"))?;
            }
        }
        Ok(())
    }

    /// Fails unless every index of the database is valid, and every B-tree complete.
    pub async fn expect_all_indexes_sound(&self) -> Outcome {
        let client = self.client().await?;
        let query = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready AND indislive)";
        if let Some(row) = client.query(query, &[]).await.map_err(words)?.first() {
            return Err(format!("{} is not usable", row.get::<_, String>(0)));
        }
        let wanted = "SELECT FROM pg_available_extensions WHERE name = 'amcheck'";
        if client.query(wanted, &[]).await.map_err(words)?.is_empty() {
            return Ok(());
        }
        client
            .batch_execute("CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA public")
            .await
            .map_err(words)?;
        let check = "SELECT public.bt_index_check(i.indexrelid, true)
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'i' AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'btree') AND n.nspname NOT LIKE 'pg\\_%'";
        client.query(check, &[]).await.map(drop).map_err(|e| format!("an index: {e:?}"))
    }

    /// Fails unless a dump of the database can be restored, which checks all that its constraints
    /// say.
    pub async fn expect_restorable(&self) -> Outcome {
        let copy = Self::create(&self.server).await?;
        // Of 17 and above.
        let dump = self.dump()?.replace("SET transaction_timeout = 0;\n", "");
        let mut psql = Command::new(format!(
            "{}/psql",
            std::env::var("REPACKD_TEST_CLIENT_BIN").map_err(words)?
        ))
        .args(["-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", "-d"])
        .arg(copy.url("postgres"))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(words)?;
        let mut input = psql.stdin.take().ok_or("psql takes no input")?;
        // What goes wrong here is said by psql.
        let _ = input.write_all(dump.as_bytes());
        drop(input);
        let output = psql.wait_with_output().map_err(words)?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("the dump cannot be restored: {why}"));
        }
        copy.drop().await
    }
}
