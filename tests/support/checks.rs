//! What must hold after a repack, whatever was going on during it.

use super::{Database, Outcome, words};

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
}
