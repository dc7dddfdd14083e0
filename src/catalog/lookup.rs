//! Finding tables by name, and their sizes.

use crate::error::{Error, Result};
use crate::job::Sizes;
use crate::names::{QualifiedName, TableArg};
use tokio_postgres::{GenericClient, types::Type};

/// A table found in the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its OID.
    pub oid: u32,
    /// Its schema and name.
    pub name: QualifiedName,
}

/// Finds the table a person named. Without a schema, the first match on the role's own search
/// path counts, as in psql; `path` is that search path, since ours is empty.
pub async fn by_name(
    client: &impl GenericClient,
    arg: &TableArg,
    path: &[String],
) -> Result<Option<Found>> {
    let schemas: Vec<String> = match &arg.schema {
        Some(schema) => vec![schema.clone()],
        None => path.to_vec(),
    };
    let rows = client
        .query_typed(
            "SELECT c.oid, n.nspname::text, c.relname::text
             FROM unnest($1::text[]) WITH ORDINALITY AS p(schema, ord)
             JOIN pg_catalog.pg_namespace n ON n.nspname = p.schema
             JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
             WHERE c.relname = $2 ORDER BY p.ord LIMIT 1",
            &[(&schemas, Type::TEXT_ARRAY), (&arg.name, Type::TEXT)],
        )
        .await
        .map_err(Error::sql(format!("looking for {arg}")))?;
    Ok(rows.first().map(found))
}

/// Finds the relation of exactly this name.
pub async fn by_full_name(
    client: &impl GenericClient,
    name: &QualifiedName,
) -> Result<Option<Found>> {
    let arg = TableArg { schema: Some(name.schema.clone()), name: name.name.clone() };
    by_name(client, &arg, &[]).await
}

/// The name a relation has now, by its OID.
pub async fn by_oid(client: &impl GenericClient, oid: u32) -> Result<Option<Found>> {
    let rows = client
        .query_typed(
            "SELECT c.oid, n.nspname::text, c.relname::text
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.oid = $1",
            &[(&oid, Type::OID)],
        )
        .await
        .map_err(Error::sql("looking for the table by its OID"))?;
    Ok(rows.first().map(found))
}

/// The partitions that hold the rows of a partitioned table, on whatever level, largest first; none of
/// any other relation.
pub async fn leaves(client: &impl GenericClient, oid: u32) -> Result<Vec<Found>> {
    let rows = client
        .query_typed(
            "SELECT c.oid, n.nspname::text, c.relname::text
             FROM pg_catalog.pg_partition_tree($1) t
             JOIN pg_catalog.pg_class c ON c.oid = t.relid
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE t.isleaf AND t.level > 0 AND c.relkind <> 'p'
             ORDER BY pg_catalog.pg_total_relation_size(c.oid) DESC NULLS LAST, n.nspname, c.relname",
            &[(&oid, Type::OID)],
        )
        .await
        .map_err(Error::sql("listing the partitions"))?;
    Ok(rows.iter().map(found).collect())
}

/// The tables a relation stands for: a partitioned one for its partitions, any other for itself.
pub async fn meant_by(client: &impl GenericClient, relation: Found) -> Result<Vec<Found>> {
    let leaves = leaves(client, relation.oid).await?;
    Ok(if leaves.is_empty() { vec![relation] } else { leaves })
}

/// Every ordinary table a list means: those of `schemas` and those of `tables`, or, when both are
/// empty, all that are not the system's or repackd's own. Largest first. A partitioned table among
/// `tables` stands for its partitions.
pub async fn by_list(
    client: &impl GenericClient,
    schemas: &[String],
    tables: &[QualifiedName],
) -> Result<Vec<Found>> {
    let pairs: (Vec<&str>, Vec<&str>) =
        tables.iter().map(|t| (t.schema.as_str(), t.name.as_str())).unzip();
    let rows = client
        .query_typed(
            "SELECT c.oid, n.nspname::text, c.relname::text
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'r' AND c.relpersistence <> 't'
               AND n.nspname !~ '^(pg_|information_schema$|repackd_[0-9]+(_new|_old)?$)'
               AND (n.nspname = ANY ($1)
                    OR (n.nspname, c.relname) IN (SELECT * FROM unnest($2::text[], $3::text[]))
                    OR c.oid IN (SELECT t.relid FROM unnest($2::text[], $3::text[]) AS l(schema, name)
                                 JOIN pg_catalog.pg_namespace pn ON pn.nspname = l.schema
                                 JOIN pg_catalog.pg_class p ON p.relnamespace = pn.oid AND p.relname = l.name AND p.relkind = 'p'
                                 CROSS JOIN LATERAL pg_catalog.pg_partition_tree(p.oid) t)
                    OR cardinality($1) = 0 AND cardinality($2) = 0)
             ORDER BY pg_catalog.pg_total_relation_size(c.oid) DESC NULLS LAST, n.nspname, c.relname",
            &[
                (&schemas, Type::TEXT_ARRAY),
                (&pairs.0, Type::TEXT_ARRAY),
                (&pairs.1, Type::TEXT_ARRAY),
            ],
        )
        .await
        .map_err(Error::sql("listing the tables"))?;
    Ok(rows.iter().map(found).collect())
}

/// The first of these schemas that does not exist.
pub async fn missing_schema(
    client: &impl GenericClient,
    schemas: &[String],
) -> Result<Option<String>> {
    let rows = client
        .query_typed(
            "SELECT s.name FROM unnest($1::text[]) WITH ORDINALITY AS s(name, place)
             WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = s.name)
             ORDER BY s.place LIMIT 1",
            &[(&schemas, Type::TEXT_ARRAY)],
        )
        .await
        .map_err(Error::sql("looking for the schemas"))?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// The sizes of a table now.
pub async fn sizes(client: &impl GenericClient, oid: u32) -> Result<Sizes> {
    let row = client
        .query_typed_opt(
            "SELECT coalesce(pg_catalog.pg_table_size(c.oid) - coalesce(pg_catalog.pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0), 0),
                    coalesce(pg_catalog.pg_indexes_size(c.oid), 0),
                    coalesce(pg_catalog.pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0)
             FROM pg_catalog.pg_class c WHERE c.oid = $1",
            &[(&oid, Type::OID)],
        )
        .await
        .map_err(Error::sql("measuring the table"))?;
    Ok(row.map_or_else(Sizes::default, |r| Sizes {
        heap: r.get(0),
        indexes: r.get(1),
        toast: r.get(2),
    }))
}

fn found(row: &tokio_postgres::Row) -> Found {
    Found {
        oid: row.get(0),
        name: QualifiedName::new(row.get::<_, String>(1), row.get::<_, String>(2)),
    }
}
