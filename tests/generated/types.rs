//! The types of columns, and their values.

use super::scene::Scene;
use repackd::names::ident;

/// A type. Letters in `can`: the index methods that have a default operator class for it (b-tree,
/// hash, gist, s: sp-gist, n: gin, r: brin); u: as many values as numbers; t: cast to text is
/// immutable.
#[derive(Debug, Clone)]
pub struct Type {
    /// As written in a column's definition.
    pub sql: String,
    /// The value for the number `{i}`.
    pub value: String,
    /// What it can.
    pub can: String,
}

const PLAIN: [(&str, &str, &str); 44] = [
    ("integer", "({i})", "bhrut"),
    ("text", "'t' || ({i})", "bhrsut"),
    ("bigint", "({i})::bigint * 1000003", "bhrut"),
    ("smallint", "(({i}) % 3000)::smallint", "bhrt"),
    ("numeric", "({i})::numeric + 0.5", "bhrut"),
    ("numeric(14,3)", "({i}) * 1.125", "bhrut"),
    ("real", "({i})::real / 4", "bhr"),
    ("double precision", "({i})::double precision / 8", "bhru"),
    ("text COLLATE \"C\"", "'t' || ({i})", "bhrsut"),
    ("text COLLATE \"POSIX\"", "repeat(md5(({i})::text), 90)", "t"),
    ("character varying(40)", "('v' || ({i}))::character varying(40)", "bhrut"),
    ("character varying", "'v' || ({i})", "bhrut"),
    ("character(12)", "('c' || ({i}))::character(12)", "bhrut"),
    ("\"char\"", "chr(65 + abs({i}) % 20)::\"char\"", "bh"),
    ("name", "('n' || ({i}))::name", "bhu"),
    ("bytea", "decode(md5(({i})::text), 'hex')", "bru"),
    ("boolean", "({i}) % 2 = 0", "bht"),
    ("date", "date '2000-01-01' + ({i}) % 100000", "bhr"),
    ("timestamp(3) without time zone", "timestamp '2000-01-01' + ({i}) * interval '61 s'", "bhru"),
    (
        "timestamp with time zone",
        "timestamptz '2000-01-01 00:00+00' + ({i}) * interval '61 s'",
        "bhru",
    ),
    ("time without time zone", "time '00:00' + ({i}) * interval '7 s'", "bhr"),
    ("time(0) with time zone", "timetz '00:00+02' + ({i}) * interval '7 s'", "bh"),
    ("interval", "({i}) * interval '61 s'", "bhru"),
    ("interval day to second(2)", "({i}) * interval '1 h 61.25 s'", "bhru"),
    ("uuid", "md5(({i})::text)::uuid", "bhrut"),
    ("json", "json_build_object('a', {i}, 'b', NULL)", ""),
    ("jsonb", "jsonb_build_object('a', {i}, 'b', jsonb_build_array({i}, 'x'))", "bhnu"),
    ("inet", "'10.0.0.0'::inet + abs({i})", "bhsru"),
    ("cidr", "set_masklen('10.0.0.0'::inet + abs({i}), 32)::cidr", "bh"),
    ("macaddr", "lpad(to_hex(abs({i}) % 16777216), 12, '0')::macaddr", "bhru"),
    ("bit(8)", "({i})::integer::bit(8)", "b"),
    ("bit varying(40)", "(({i})::integer::bit(32))::bit varying(40)", "bu"),
    ("point", "point({i}, 1)", "gs"),
    ("box", "box(point({i}, 0), point(({i}) + 0.5, 1))", "gsr"),
    ("circle", "circle(point(({i}) * 3, 0), 1)", "g"),
    ("polygon", "polygon(box(point({i}, 0), point(({i}) + 0.5, 1)))", "gs"),
    ("path", "path(polygon(box(point({i}, 0), point(({i}) + 0.5, 1))))", ""),
    ("tsvector", "to_tsvector('simple', 'word' || ({i}) || ' more')", "ng"),
    ("int4range", "int4range(({i}) * 10, ({i}) * 10 + 5)", "bhgsu"),
    ("nummultirange", "nummultirange(numrange({i}, ({i}) + 0.5))", "bhgu"),
    ("integer[]", "ARRAY[({i}), 1, NULL]", "bhnu"),
    ("text[]", "ARRAY['a' || ({i}), NULL, E'{,\"\\\\']", "bn"),
    ("pg_lsn", "'0/1000'::pg_lsn + abs({i})::numeric", "bhr"),
    ("jsonpath", "('$.a[' || abs({i}) || ']')::jsonpath", ""),
];

/// A type by a number.
pub fn pick(scene: &Scene, number: i64) -> Type {
    let own = &scene.own_types;
    let make = |sql: String, value: &str, can: &str| Type {
        sql,
        value: value.to_owned(),
        can: can.to_owned(),
    };
    match number.rem_euclid(56) as usize {
        n if n < PLAIN.len() => make(PLAIN[n].0.to_owned(), PLAIN[n].1, PLAIN[n].2),
        44 | 45 => make(
            own.mood.clone(),
            &format!("(ARRAY['a', 'b''c', 'D \"d', ''])[1 + abs({{i}}) % 4]::{}", own.mood),
            "bh",
        ),
        46 | 47 => make(own.count.clone(), "({i})", "bhut"),
        48 => make(format!("{} COLLATE \"C\"", own.label), "'l' || ({i})", "bht"),
        49 | 50 => make(own.pair.clone(), &format!("ROW({{i}}, 'x')::{}", own.pair), "bu"),
        51 => make(
            format!("{}[]", own.pair),
            &format!("ARRAY[ROW({{i}}, 'x')::{}, NULL]", own.pair),
            "b",
        ),
        52 => make(format!("{}[]", own.mood), &format!("ARRAY['a', 'b''c']::{}[]", own.mood), "bn"),
        53 => make(own.list.clone(), &format!("ARRAY[{{i}}]::{}", own.list), ""),
        _ => make("integer".into(), "({i}) / 3", "bhrt"),
    }
}

/// Types that belong to the schema, with their names as written.
#[derive(Debug, Clone, Default)]
pub struct OwnTypes {
    pub mood: String,
    pub count: String,
    pub label: String,
    pub pair: String,
    pub list: String,
}

/// The statements that make them, in this schema.
pub fn create(schema: &str, names: [String; 5]) -> (OwnTypes, Vec<String>) {
    let [mood, count, label, pair, list] =
        names.map(|name| format!("{}.{}", ident(schema), ident(&name)));
    let statements = vec![
        format!("CREATE TYPE {mood} AS ENUM ('a', 'b''c', 'D \"d', '')"),
        format!("CREATE DOMAIN {count} AS integer DEFAULT 3 CHECK (VALUE > -1000000000)"),
        format!(
            "CREATE DOMAIN {label} AS character varying(30) COLLATE \"C\" CONSTRAINT \"la bel\" CHECK (VALUE <> 'forbidden')"
        ),
        format!("CREATE TYPE {pair} AS (\"a \"\"b\" integer, c text COLLATE \"C\")"),
        format!("CREATE DOMAIN {list} AS integer[] CHECK (array_length(VALUE, 1) < 5)"),
    ];
    (OwnTypes { mood, count, label, pair, list }, statements)
}
