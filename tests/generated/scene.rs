//! A schema while it is being made: what there is so far, and the statements that made it.

use super::names::name;
use super::objects::{Call, Column, Table, View};
use super::spec::{self, Spec};
use super::types::{self, OwnTypes, Type};
use crate::support::random::Random;
use repackd::names::{ident, literal};
use std::collections::BTreeSet;

/// Rows that each table begins with, two thirds of which stay.
pub const ROWS: u32 = 300;

/// A statement, and what it means for the tables it concerns.
#[derive(Debug, Clone)]
pub struct Step {
    /// Who runs it; nobody: the superuser.
    pub role: Option<&'static str>,
    /// The statement.
    pub sql: String,
    /// Why tables will or may be refused for it.
    pub refusals: Vec<Refusal>,
}

/// Why tables will or may be refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What the reason says: one of these words, which bars divide.
    pub word: String,
    /// Whether there is no other way.
    pub certain: bool,
    /// Which ones.
    pub tables: Vec<usize>,
}

/// The schema so far.
pub struct Scene {
    pub version: u32,
    pub hostile: bool,
    pub mixed: bool,
    pub counter: u32,
    pub names: BTreeSet<String>,
    pub schemas: Vec<String>,
    pub own_types: OwnTypes,
    pub tables: Vec<Table>,
    /// The place of the table that is repacked.
    pub target: usize,
    pub views: Vec<View>,
    /// Whatever may get a comment, with its owner.
    pub objects: Vec<(String, &'static str)>,
    /// Statements that call what was made.
    pub calls: Vec<Call>,
    /// Settings of the database.
    pub settings: Vec<String>,
    pub steps: Vec<Step>,
}

impl Scene {
    /// Schemas, types, functions and tables, filled and with dead rows.
    pub fn new(spec: &Spec, version: u32) -> Self {
        let mut random = Random::new(spec.seed, 1);
        let mut me = Self {
            version,
            hostile: spec.hostile,
            mixed: spec.mixed,
            counter: 0,
            names: BTreeSet::new(),
            schemas: Vec::new(),
            own_types: OwnTypes::default(),
            tables: Vec::new(),
            target: 0,
            views: Vec::new(),
            objects: Vec::new(),
            calls: Vec::new(),
            settings: Vec::new(),
            steps: Vec::new(),
        };
        me.base(&mut random);
        for (number, table) in spec.tables.iter().enumerate() {
            if number == 0 || table.on {
                me.table(table);
            }
        }
        me.target = random.range(0, me.tables.len() as i64) as usize;
        me
    }

    fn base(&mut self, random: &mut Random) {
        for _ in 0..2 {
            let schema = name(self, random, "s");
            let schema = if schema.starts_with("pg_") { format!("s{schema}") } else { schema };
            let owner = self.owner(random);
            self.superuser(format!(
                "CREATE SCHEMA {0} AUTHORIZATION {owner}; GRANT USAGE ON SCHEMA {0} TO PUBLIC; GRANT CREATE ON SCHEMA {0} TO shape_owner, shape_other",
                ident(&schema)
            ));
            self.objects.push((format!("SCHEMA {}", ident(&schema)), owner));
            self.schemas.push(schema);
        }
        self.superuser("GRANT CREATE ON SCHEMA public TO shape_owner, shape_other".into());
        if random.percent(30) {
            self.schemas.push("public".into());
        }
        let names = ["mood", "count", "label", "pair", "list"].map(|n| name(self, random, n));
        let (own, statements) = types::create(&self.schemas[1], names);
        self.own_types = own;
        for sql in statements {
            self.say("shape_owner", sql);
        }
        self.superuser(include_str!("base.sql").to_owned());
    }

    fn table(&mut self, spec: &spec::Table) {
        let mut random = Random::new(spec.seed, 2);
        let owner = self.owner(&mut random);
        let schema = self.schema(&mut random);
        let table_name = name(self, &mut random, "t");
        let number = ident(&name(self, &mut random, "nr"));
        let numbers = types::pick(self, if random.percent(70) { 0 } else { 2 });
        let value = "({i})".to_owned();
        let numbers = Type { value, ..numbers };
        let mut columns =
            vec![Column { name: number.clone(), r#type: numbers, written: true, identity: false }];
        let mut definitions = vec![format!("{number} {} NOT NULL", columns[0].r#type.sql)];
        for column in spec.columns.iter().filter(|c| c.on) {
            let (column, definition) = self.column(column.seed, &number);
            definitions.push(definition);
            columns.push(column);
        }
        if random.percent(30) {
            // So that the number is not always the first.
            definitions.rotate_left(1);
        }
        let unlogged = if random.percent(5) { "UNLOGGED " } else { "" };
        let table = Table::new(schema, table_name, owner, columns);
        let sql = table.sql();
        self.say(
            owner,
            format!("CREATE {unlogged}TABLE {sql} (\n  {}\n)", definitions.join(",\n  ")),
        );
        self.objects.push((format!("TABLE {sql}"), owner));
        for column in &table.columns {
            self.objects.push((format!("COLUMN {sql}.{}", column.name), owner));
        }
        let fill = insert(&table, &format!("generate_series(1, {ROWS}) gen_i"));
        self.superuser(format!("{fill}; DELETE FROM {sql} WHERE {number} % 3 = 1"));
        if random.percent(60) {
            self.say(
                owner,
                format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {sql} TO shape_writer"),
            );
        }
        self.tables.push(table);
        self.key(self.tables.len() - 1, &mut random);
    }

    /// A column and its definition.
    fn column(&mut self, seed: u64, number: &str) -> (Column, String) {
        let mut random = Random::new(seed, 3);
        let column_name = ident(&name(self, &mut random, "c"));
        let mut r#type = types::pick(self, random.range(0, 1000));
        let mut definition = format!("{column_name} {}", r#type.sql);
        let (mut written, mut identity) = (true, false);
        match random.range(0, 100) {
            0..8 => {
                let expressions = [
                    ("bigint", format!("({number} * 2)::bigint")),
                    ("text", format!("upper('g ' || {number}::text)")),
                    (
                        "numeric",
                        format!(
                            "CASE WHEN {number} > 50 THEN {number} ELSE -{number}::numeric END"
                        ),
                    ),
                ];
                let (sql, expression) = expressions[random.range(0, 3) as usize].clone();
                let how =
                    if self.version >= 18 && random.percent(40) { "VIRTUAL" } else { "STORED" };
                r#type = Type { sql: sql.into(), value: "NULL".into(), can: "b".into() };
                if how == "VIRTUAL" {
                    r#type.can.clear();
                }
                definition =
                    format!("{column_name} {sql} GENERATED ALWAYS AS ({expression}) {how}");
                written = false;
            }
            8..14 => {
                let sql = ["bigint", "integer"][random.range(0, 2) as usize];
                let when = ["ALWAYS", "BY DEFAULT"][random.range(0, 2) as usize];
                let options = [
                    "",
                    " (START WITH 1000 INCREMENT BY 5)",
                    " (START WITH -5 INCREMENT BY -2 MINVALUE -100000 MAXVALUE 10 CYCLE)",
                ][random.range(0, 3) as usize];
                r#type = Type { sql: sql.into(), value: "NULL".into(), can: "bht".into() };
                definition = format!("{column_name} {sql} GENERATED {when} AS IDENTITY{options}");
                (written, identity) = (false, true);
            }
            14..20 => {
                let sql = ["serial", "bigserial"][random.range(0, 2) as usize];
                r#type = Type { sql: "bigint".into(), value: "NULL".into(), can: "bht".into() };
                definition = format!("{column_name} {sql}");
                written = false;
            }
            20..50 => {
                let default = r#type.value.replace("{i}", "5");
                definition.push_str(&format!(" DEFAULT {default}"));
                if random.percent(40) {
                    definition.push_str(" NOT NULL");
                }
            }
            50..65 => definition.push_str(" NOT NULL"),
            65..80 => {
                let r = random.range(0, 7);
                r#type.value =
                    format!("CASE WHEN ({{i}}) % 7 = {r} THEN NULL ELSE {} END", r#type.value);
            }
            _ => {}
        }
        (Column { name: column_name, r#type, written, identity }, definition)
    }

    /// The table's key.
    fn key(&mut self, table: usize, random: &mut Random) {
        let t = self.tables[table].clone();
        let number = t.number().to_owned();
        let wide: Vec<String> = t
            .columns
            .iter()
            .filter(|c| {
                c.can('u') && c.can('b') && c.written && !c.r#type.value.contains("NULL ELSE")
            })
            .map(|c| c.name.clone())
            .collect();
        let other = wide[random.range(0, wide.len() as i64) as usize].clone();
        let key = match random.range(0, 10) {
            0..5 => vec![number],
            5 | 6 => vec![other],
            _ if other == number => vec![number],
            7 => vec![other, number],
            _ => vec![number, other],
        };
        let last = &t.columns[t.columns.len() - 1];
        // A virtual column cannot be in an index.
        let last = if last.written { last.name.clone() } else { t.number().to_owned() };
        self.tables[table].held = key.iter().cloned().chain([last.clone()]).collect();
        let list = key.join(", ");
        let constraint = ident(&name(self, random, "key"));
        let sql = t.sql();
        match random.range(0, 100) {
            0..55 => {
                let tail = [
                    "",
                    "",
                    " INCLUDE ()",
                    " WITH (fillfactor = 70)",
                    " DEFERRABLE",
                    " DEFERRABLE INITIALLY DEFERRED",
                ][random.range(0, 6) as usize];
                let include = format!(" INCLUDE ({last})");
                let tail = tail.replace(" INCLUDE ()", &include);
                self.say(
                    t.owner,
                    format!(
                        "ALTER TABLE {sql} ADD CONSTRAINT {constraint} PRIMARY KEY ({list}){tail}"
                    ),
                );
                self.objects.push((format!("CONSTRAINT {constraint} ON {sql}"), t.owner));
                if !tail.contains("DEFERRABLE") {
                    self.tables[table].unique.push(key.clone());
                    self.tables[table].primary = Some(key);
                }
            }
            55..75 => {
                self.say(t.owner, format!("ALTER TABLE {sql} ADD PRIMARY KEY ({list})"));
                self.tables[table].unique.push(key.clone());
                self.tables[table].primary = Some(key);
            }
            75..98 => {
                for column in &key {
                    self.say(
                        t.owner,
                        format!("ALTER TABLE {sql} ALTER COLUMN {column} SET NOT NULL"),
                    );
                }
                self.say(
                    t.owner,
                    format!("CREATE UNIQUE INDEX {constraint} ON {sql} ({})", key.join(" DESC, ")),
                );
                self.objects.push((format!("INDEX {}.{constraint}", ident(&t.schema)), t.owner));
                self.tables[table].unique.push(key);
            }
            _ => {
                self.say(t.owner, format!("COMMENT ON COLUMN {sql}.{} IS 'no key'", t.number()));
                // A unique constraint may yet give it one.
                self.refuse("has no key", false, &[table]);
            }
        }
    }

    /// A statement of a role.
    pub fn say(&mut self, role: &'static str, sql: String) {
        self.steps.push(Step { role: Some(role), sql, refusals: Vec::new() });
    }

    /// A statement of the superuser.
    pub fn superuser(&mut self, sql: String) {
        self.steps.push(Step { role: None, sql, refusals: Vec::new() });
    }

    /// What clients may run, and what it gives is that of this moment.
    pub fn call(&mut self, sql: String) {
        self.calls.push(Call { sql, aged: false });
    }

    /// The last statement makes tables be refused.
    pub fn refuse(&mut self, word: &str, certain: bool, tables: &[usize]) {
        if let Some(step) = self.steps.last_mut() {
            step.refusals.push(Refusal { word: word.into(), certain, tables: tables.to_vec() });
        }
    }

    /// One of the owners.
    pub fn owner(&self, random: &mut Random) -> &'static str {
        if self.mixed && random.percent(30) { "shape_other" } else { "shape_owner" }
    }

    /// One of the schemas.
    pub fn schema(&self, random: &mut Random) -> String {
        self.schemas[random.range(0, self.schemas.len() as i64) as usize].clone()
    }

    /// A table, more often than not the one that is repacked.
    pub fn any_table(&self, random: &mut Random) -> usize {
        if random.percent(60) {
            self.target
        } else {
            random.range(0, self.tables.len() as i64) as usize
        }
    }

    /// The table, and whatever inherits from it or is a part of it.
    pub fn descent(&self, table: usize) -> Vec<usize> {
        let mut all = vec![table];
        let mut at = 0;
        while at < all.len() {
            for child in &self.tables[all[at]].children {
                if !all.contains(child) {
                    all.push(*child);
                }
            }
            at += 1;
        }
        all
    }

    /// The table, or the topmost one that it is a part of: where partitions get their columns.
    pub fn root(&self, table: usize) -> usize {
        let mut at = table;
        while let (true, Some(parent)) =
            (self.tables[at].partition, self.tables[at].parents.first())
        {
            at = *parent;
        }
        at
    }

    /// Gives the table a column, and whatever inherits from it.
    pub fn add_column(&mut self, table: usize, column: &Column) {
        for one in self.descent(table) {
            let columns = &mut self.tables[one].columns;
            if columns.iter().all(|c| c.name != column.name) {
                // Identity is not inherited.
                columns
                    .push(Column { identity: column.identity && one == table, ..column.clone() });
            }
        }
    }

    /// A name with its schema, as SQL.
    pub fn qualified(&mut self, random: &mut Random, prefix: &str) -> String {
        let schema = self.schema(random);
        let name = name(self, random, prefix);
        format!("{}.{}", ident(&schema), ident(&name))
    }

    /// A comment that is hard to quote.
    pub fn text(&self, random: &mut Random) -> String {
        let texts = [
            "plain",
            "it's \"quoted\" \\ $1 %s %I",
            "two\nlines\tand a tab \\n",
            "ünï 🐘",
            "$$ -- /* '' */",
            "E'\\'",
        ];
        literal(texts[random.range(0, texts.len() as i64) as usize])
    }
}

/// Inserts the rows that a FROM clause numbers by `i`.
pub fn insert(table: &Table, from: &str) -> String {
    let written: Vec<&Column> = table.columns.iter().filter(|c| c.written).collect();
    let names: Vec<&str> = written.iter().map(|c| c.name.as_str()).collect();
    let values: Vec<String> = written.iter().map(|c| c.value("gen_i")).collect();
    format!(
        "INSERT INTO {} ({}) SELECT {} FROM {from} ORDER BY gen_i + 0",
        table.sql(),
        names.join(", "),
        values.join(", ")
    )
}
