//! Conditions of all sorts, as people write them and the server prints them.

use super::objects::{Column, Table};
use crate::support::random::Random;

/// A condition that holds for all rows that clients write, if `always`, and uses immutable functions
/// only. `prefix` comes before the columns.
pub fn condition(table: &Table, random: &mut Random, prefix: &str, always: bool) -> String {
    let n = format!("{prefix}{}", table.number());
    let texts: Vec<&Column> = table.columns.iter().filter(|c| c.can('t')).collect();
    let column = texts[random.range(0, texts.len() as i64) as usize];
    let c = format!("{prefix}{}", column.name);
    let varying = column.r#type.sql.starts_with("character varying");
    let sql = match random.range(0, 30) {
        0 => format!("{n} > -1000000"),
        1 => format!("{n} BETWEEN -5 AND 100000000"),
        2 => format!("{n} NOT IN (-1, -2, -3)"),
        3 => format!("{n} <> ALL (ARRAY[-1, NULL::integer, -3]) IS NOT FALSE OR {c} IS NULL"),
        4 => format!("{c}::text NOT IN ('a', 'it''s', E'\\\\x') OR {c} IS NULL"),
        5 if varying => format!("{c} NOT IN ('a', 'it''s \"x\" ]', '(ARRAY[') OR {c} IS NULL"),
        6 => format!("COALESCE({c}::text, 'none') NOT LIKE '%\\_%' ESCAPE '\\'"),
        7 => format!("{c}::text !~ '^\\d{{90}}$' OR {c} IS NULL"),
        8 => format!(
            "CASE WHEN {n} < 0 THEN false WHEN {n} = 0 THEN NULL ELSE true END IS NOT NULL OR {n} = 0"
        ),
        9 => format!("CASE {n} WHEN -1 THEN 'x' ELSE 'y' END = 'y'"),
        10 => format!("length({c}::text) < 100000 IS NOT FALSE"),
        11 => format!("NOT ({n} IS DISTINCT FROM {n})"),
        12 => format!("GREATEST({n}, 0, -({n})) >= LEAST({n}, 0)"),
        13 => format!("public.gen_fine({n})"),
        14 => format!("COALESCE(public.gen_trim({c}::text, 3, 4, 5), '') <> 'xx'"),
        15 => format!(
            "COALESCE(public.gen_trim({c}::text, VARIADIC \"how \"\"many\" => ARRAY[1,2]), '') <> 'xx'"
        ),
        16 => format!("({n} + 0) OPERATOR(pg_catalog.>) (-100000000)"),
        17 => format!("substring(COALESCE({c}::text, '') from 1 for 2) <> 'zz'"),
        18 => format!("trim(both 'x' from COALESCE({c}::text, 'a')) COLLATE \"C\" < 'zzz'"),
        19 => format!("position('zz' in COALESCE({c}::text, '')) = 0"),
        20 => format!("overlay(COALESCE({c}::text, 'abc') placing 'X' from 1 for 1) IS NOT NULL"),
        21 => format!(
            "extract(year from timestamp '2020-01-01' + make_interval(days => ({n} % 100)::integer)) > 1000"
        ),
        22 => String::from(
            "(timestamptz '2020-01-01 00:00+00' AT TIME ZONE 'Europe/Berlin') > timestamp '2019-01-01'",
        ),
        23 => format!("COALESCE({c}::text, 'a') SIMILAR TO '%' AND ({n} > 0 OR {n} <= 0)"),
        24 => format!("{n}::numeric(20,2) / 3::numeric > '-1e20'::numeric"),
        25 => format!("nullif({n}, 5) IS NOT NULL OR {n} = 5"),
        26 => format!("({n} & 1) + ({n} | 1) # 3 <> -17 AND @ ({n}) >= 0 AND - {n} < 1000000"),
        27 => format!(
            "ARRAY[{n}, 1]::bigint[] @> ARRAY[1]::bigint[] AND (ARRAY[{n}])[1] IS NOT NULL AND ROW({n}, 1) IS NOT NULL"
        ),
        28 => format!("({n}, {n}) > (-1000000, 1)"),
        29 => format!("({n} > 0) IS NOT UNKNOWN"),
        _ => format!("{n} + 1 > {n} AND ({c} IS NULL OR {c} IS NOT NULL)"),
    };
    if always {
        return sql;
    }
    let m = random.range(2, 6);
    format!("({sql}) AND {n} % {m} <> 1")
}
