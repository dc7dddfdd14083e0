//! The description of one table, free of OIDs: two tables with equal descriptions are dumped alike.

use super::acl::Grant;
use super::attached::Attached;
use crate::names::QualifiedName;
use serde::{Deserialize, Serialize};

/// Everything about a table that `pg_dump` would show, and a little more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDescription {
    /// The table itself.
    pub relation: Relation,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its constraints except foreign keys.
    pub constraints: Vec<Constraint>,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// Its extended statistics objects.
    pub statistics: Vec<Statistics>,
    /// The sequences its columns own.
    pub sequences: Vec<Sequence>,
    /// Its parents and children.
    pub family: Family,
    /// What hangs on it from outside, or is put on only by the exchange.
    #[serde(default)]
    pub attached: Attached,
}

/// A security label: its provider and what it says.
pub type Label = (String, String);

/// What `pg_class` says of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // each field is the column of pg_class it is called after
pub struct Relation {
    pub schema: String,
    pub name: String,
    pub owner: String,
    pub kind: String,
    pub persistence: String,
    pub access_method: Option<String>,
    /// `None`: the database's default tablespace.
    pub tablespace: Option<String>,
    pub reloptions: Vec<String>,
    pub toast_reloptions: Vec<String>,
    pub replica_identity: String,
    pub row_security: bool,
    pub force_row_security: bool,
    pub partition: bool,
    pub of_type: Option<String>,
    pub comment: Option<String>,
    #[serde(default)]
    pub labels: Vec<Label>,
    /// In the order of the ACL array; default privileges written out.
    pub acl: Option<Vec<Grant>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type with modifiers, as SQL.
    pub r#type: String,
    /// Its collation as SQL, if not its type's own.
    pub collation: Option<String>,
    /// `attnotnull`.
    pub not_null: bool,
    /// The default expression.
    pub default: Option<String>,
    /// `attgenerated`: empty, `s` stored or `v` virtual.
    pub generated: String,
    /// The generation expression.
    pub expression: Option<String>,
    /// `attidentity`: empty, `a` always or `d` by default.
    pub identity: String,
    /// `attstorage`.
    pub storage: String,
    /// The storage its type starts with.
    pub type_storage: String,
    /// `attcompression`: empty means the server's default.
    pub compression: String,
    /// The statistics target, if set.
    pub statistics: Option<i32>,
    /// `attoptions`: n_distinct and the like.
    pub options: Vec<String>,
    /// `attislocal`: it stays when the last parent that has it is left.
    pub local: bool,
    /// `attinhcount`: how many parents have it.
    pub inherited: i32,
    /// Its comment.
    pub comment: Option<String>,
    /// Its security labels.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Privileges granted on this column alone, in the order of the ACL array.
    pub acl: Option<Vec<Grant>>,
}

/// What sort of constraint, by `pg_constraint.contype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConstraintKind {
    /// CHECK.
    #[serde(rename = "c")]
    Check,
    /// NOT NULL, which has a name from PostgreSQL 18 on.
    #[serde(rename = "n")]
    NotNull,
    /// PRIMARY KEY.
    #[serde(rename = "p")]
    Primary,
    /// UNIQUE.
    #[serde(rename = "u")]
    Unique,
    /// EXCLUDE.
    #[serde(rename = "x")]
    Exclusion,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // each field is the column of pg_constraint it is called after
pub struct Constraint {
    pub name: String,
    pub kind: ConstraintKind,
    /// `pg_get_constraintdef`.
    pub definition: String,
    pub validated: bool,
    pub enforced: bool,
    /// WITHOUT OVERLAPS.
    pub period: bool,
    /// `conislocal`.
    pub local: bool,
    /// `coninhcount`: how many parents have it.
    pub inherited: i32,
    /// The partitioned table's constraint that it is a part of.
    pub parent: Option<String>,
    pub no_inherit: bool,
    pub deferrable: bool,
    pub deferred: bool,
    /// The index behind it.
    pub index: Option<String>,
    /// The column of a NOT NULL.
    pub column: Option<String>,
    pub comment: Option<String>,
}

impl Constraint {
    /// Whether old rows need not satisfy it, as NOT VALID says. Then it must not be there while
    /// they are copied.
    pub fn is_late(&self) -> bool {
        matches!(self.kind, ConstraintKind::Check | ConstraintKind::NotNull)
            && !self.validated
            && self.enforced
    }
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // each field is the column of pg_index it is called after
pub struct Index {
    pub name: String,
    /// `pg_get_indexdef`.
    pub definition: String,
    /// What the definition must begin with.
    pub head: String,
    pub method: String,
    pub tablespace: Option<String>,
    pub unique: bool,
    pub primary: bool,
    pub exclusion: bool,
    pub valid: bool,
    pub clustered: bool,
    pub replica_identity: bool,
    /// The partitioned table's index that it is a part of.
    pub parent: Option<QualifiedName>,
    /// How many of a partition's indexes that ATTACH PARTITION takes for the same are older.
    pub turn: i64,
    /// Statistics targets of expression columns.
    pub statistics: Vec<StatisticsTarget>,
    pub comment: Option<String>,
}

impl Index {
    /// The definition from `USING` on, which holds for any table with the same columns. `None` if
    /// the server printed something else than expected in front of it.
    pub fn tail(&self) -> Option<&str> {
        self.definition.strip_prefix(&self.head).filter(|tail| tail.starts_with("USING "))
    }
}

/// The statistics target of one column of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatisticsTarget {
    /// The column's number in the index, from 1.
    pub column: i16,
    /// The target.
    pub target: i32,
}

/// An extended statistics object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // each field is the column of pg_statistic_ext it is called after
pub struct Statistics {
    pub schema: String,
    pub name: String,
    pub owner: String,
    /// `pg_get_statisticsobjdef`.
    pub definition: String,
    /// What the definition must begin with.
    pub head: String,
    /// What it must end with.
    pub tail: String,
    pub target: Option<i32>,
    pub comment: Option<String>,
}

impl Statistics {
    /// The kinds and columns of the definition, without its name and table.
    pub fn middle(&self) -> Option<&str> {
        self.definition.strip_prefix(&self.head)?.strip_suffix(&self.tail)
    }
}

/// A sequence owned by a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // each field is the column of pg_sequence it is called after
pub struct Sequence {
    pub schema: String,
    pub name: String,
    pub column: String,
    /// Of an identity column; otherwise OWNED BY, as serial makes it.
    pub identity: bool,
    pub persistence: String,
    pub r#type: String,
    pub start: i64,
    pub increment: i64,
    pub min: i64,
    pub max: i64,
    pub cache: i64,
    pub cycle: bool,
    pub comment: Option<String>,
    #[serde(default)]
    pub labels: Vec<Label>,
    pub acl: Option<Vec<Grant>>,
}

/// A table's place in inheritance and partitioning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// The tables it inherits from, in their order; of a partition, its partitioned table.
    pub parents: Vec<Relative>,
    /// The tables that inherit from it.
    pub children: Vec<Relative>,
    /// A partition's bound, as ATTACH PARTITION takes it.
    pub bound: Option<String>,
    /// What that and those of its ancestors demand of each row.
    pub constraint: Option<String>,
}

impl Family {
    /// Whether the table inherits as a partition does not: by INHERITS.
    pub fn inherits(&self) -> bool {
        self.bound.is_none() && !self.parents.is_empty()
    }
}

/// A parent or child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relative {
    /// Its name.
    pub name: QualifiedName,
    /// Its owner.
    pub owner: String,
}

impl TableDescription {
    /// The table's name.
    pub fn name(&self) -> QualifiedName {
        QualifiedName::new(&self.relation.schema, &self.relation.name)
    }

    /// The sequences that belong to serial columns, which stay through the exchange.
    pub fn serials(&self) -> impl Iterator<Item = &Sequence> {
        self.sequences.iter().filter(|s| !s.identity)
    }

    /// The columns whose values are stored as given, that is all but generated ones.
    pub fn copied_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| c.generated.is_empty())
    }

    /// The same without what is read anew at the cutover: privileges.
    pub fn without_grants(&self) -> Self {
        let mut copy = self.clone();
        copy.relation.acl = None;
        copy.columns.iter_mut().for_each(|c| c.acl = None);
        copy.sequences.iter_mut().for_each(|s| s.acl = None);
        copy
    }

    /// The table as its shadow is to be, which has no family yet. One that shall inherit has got every
    /// column and constraint from a stand-in parent, once; a partition gets all that from ATTACH.
    pub fn alone(&self) -> Self {
        let mut copy = self.clone();
        let (stand_in, partition) = (self.family.inherits(), self.family.bound.is_some());
        copy.family = Family::default();
        copy.relation.partition = false;
        for column in &mut copy.columns {
            column.inherited = stand_in.into();
            column.local |= partition;
            if partition && !self.sequences.iter().any(|s| s.identity && s.column == column.name) {
                column.identity.clear();
            }
        }
        for constraint in &mut copy.constraints {
            constraint.inherited = (stand_in && constraint.inherited > 0).into();
            constraint.local |= partition;
            constraint.parent = None;
        }
        for index in &mut copy.indexes {
            index.parent = None;
            index.turn = 0;
        }
        copy
    }

    /// The indexes and the constraints on them, as one would expect to find them on a table that
    /// lives elsewhere: for comparing a rehearsal in another schema with the original.
    pub fn relocated(&self, schema: &str, name: &str) -> Self {
        let mut copy = self.clone();
        copy.relation.schema = schema.to_owned();
        copy.relation.name = name.to_owned();
        for index in &mut copy.indexes {
            if let Some(tail) =
                self.indexes.iter().find(|i| i.name == index.name).and_then(Index::tail)
            {
                index.definition = tail.to_owned();
                index.head = String::new();
            }
        }
        for statistics in &mut copy.statistics {
            statistics.schema = schema.to_owned();
            if let Some(middle) = statistics.middle().map(str::to_owned) {
                statistics.definition = middle;
                statistics.head = String::new();
                statistics.tail = String::new();
            }
        }
        for sequence in &mut copy.sequences {
            sequence.schema = schema.to_owned();
        }
        copy
    }
}
