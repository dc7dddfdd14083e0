//! What hangs on a table from outside, or could not be on its shadow before the exchange: each kind
//! as its catalog query gives it. The statements that take it off and put it on again are built in
//! [`crate::sql::attached`].

use super::table::TableDescription;
use crate::names::QualifiedName;
use serde::{Deserialize, Serialize};

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Foreign keys of the table and to it.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its triggers, and constraint triggers of other tables that are FROM it.
    pub triggers: Vec<Trigger>,
    /// Its rules, and those of other relations that name it.
    pub rules: Vec<Rule>,
    /// Its row security policies, and those of other tables that read it.
    pub policies: Vec<Policy>,
    /// Views that name it.
    pub views: Vec<View>,
    /// Functions with a body in standard SQL that name it.
    pub functions: Vec<Function>,
    /// Publications that name it.
    pub publications: Vec<Publication>,
    /// Materialized views that name it, and those that name one of these, each after what it names.
    #[serde(default)]
    pub matviews: Vec<Matview>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// The table that has it.
    pub table: QualifiedName,
    /// The owner of that table.
    pub owner: String,
    /// Whether that is the table at hand.
    pub own: bool,
    /// Whether a partition has it from its parent.
    pub inherited: bool,
    /// Whether it is one of a partitioned table that the table is a part of; after [`Attached::settle`],
    /// also whether it comes and goes with such a one.
    pub of_parent: bool,
    /// The table it refers to.
    pub references: QualifiedName,
    /// `pg_get_constraintdef`.
    pub definition: String,
    /// `convalidated`.
    pub validated: bool,
    /// `conenforced` (18).
    pub enforced: bool,
    /// MATCH FULL.
    pub full: bool,
    /// The referring columns.
    pub columns: Vec<String>,
    /// The columns they refer to.
    pub foreign_columns: Vec<String>,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
    /// Whether its owner can validate it; with row security forced on him the login role does.
    #[serde(default)]
    pub validates: bool,
    /// Its comment.
    pub comment: Option<String>,
    /// Its place among the foreign keys to the other table, where that could be lost and can be kept.
    #[serde(default)]
    pub turn: Option<Turn>,
    /// What partitions of its table have of it under another name or with a comment, the deepest
    /// first.
    pub parts: Option<Vec<ForeignKeyPart>>,
}

/// Triggers act in the order of their names. Those of a foreign key end in their OIDs, so one that is
/// added again would act after all others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The owner of the table referred to, who may give them other names.
    pub owner: String,
    /// The name of the trigger for DELETE on that.
    pub delete: String,
    /// The name of the trigger for UPDATE.
    pub update: String,
}

/// A partition's share in a foreign key of its parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKeyPart {
    /// Its name.
    pub name: String,
    /// The partition.
    pub table: QualifiedName,
    /// The owner of the partition.
    pub owner: String,
    /// `pg_get_constraintdef`.
    pub definition: String,
    /// Its comment.
    pub comment: Option<String>,
}

impl Attached {
    /// Whether the foreign keys of the parent could be taken off and added again.
    pub fn has_keys_of_parent(&self) -> bool {
        self.foreign_keys.iter().any(|k| k.of_parent && k.is_to_validate())
    }

    /// Decides what becomes of the foreign keys of the parent: taken off as a whole and added again, or
    /// left alone, so that ATTACH PARTITION reads the rows.
    pub fn settle(&mut self, keys_of_parent: bool) {
        if keys_of_parent {
            self.foreign_keys.iter_mut().filter(|k| k.inherited).for_each(|k| k.of_parent = true);
        } else {
            self.foreign_keys.retain(|k| !k.of_parent);
        }
    }

    /// Puts the foreign keys in an order that does not depend on when they were made: those of a
    /// parent are made anew at another time than the partition's own.
    pub fn sort(&mut self) {
        let by = |k: &ForeignKey| (k.table.to_string(), k.name.clone());
        self.foreign_keys.sort_by_key(by);
    }
}

impl ForeignKey {
    /// Whether it has to be validated after the exchange. One that is the parent's too is valid there.
    pub fn is_to_validate(&self) -> bool {
        self.validated && self.enforced && !self.inherited
    }
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The table that has it.
    pub table: QualifiedName,
    /// The owner of that table.
    pub owner: String,
    /// Whether that is the table at hand. Otherwise it is a constraint trigger FROM the table.
    pub own: bool,
    /// Whether a partition has it from its parent: then ATTACH PARTITION makes it.
    pub inherited: bool,
    /// `pg_get_triggerdef`.
    pub definition: String,
    /// `tgenabled`.
    pub enabled: String,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
    /// Its comment.
    pub comment: Option<String>,
    /// The comment on the constraint of a constraint trigger.
    pub constraint_comment: Option<String>,
}

/// A rule, but not the one that makes a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The relation that has it.
    pub relation: QualifiedName,
    /// The owner of that relation.
    pub owner: String,
    /// Whether that is the table at hand.
    pub own: bool,
    /// `pg_get_ruledef`.
    pub definition: String,
    /// `ev_enabled`.
    pub enabled: String,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// A row security policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The table that has it.
    pub table: QualifiedName,
    /// The owner of that table.
    pub owner: String,
    /// Whether that is the table at hand.
    pub own: bool,
    /// `polcmd`.
    pub command: String,
    /// AS PERMISSIVE, not AS RESTRICTIVE.
    pub permissive: bool,
    /// Whom it is for; `None` is PUBLIC.
    pub roles: Option<Vec<String>>,
    /// USING.
    pub using: Option<String>,
    /// WITH CHECK.
    pub check: Option<String>,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// A view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its name.
    pub name: QualifiedName,
    /// Its owner.
    pub owner: String,
    /// `pg_get_viewdef`.
    pub definition: String,
    /// security_barrier and the like.
    pub options: Vec<String>,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
}

/// A function or procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its name and argument types, as SQL.
    pub name: String,
    /// Its schema.
    pub schema: String,
    /// Its owner.
    pub owner: String,
    /// `pg_get_functiondef`.
    pub definition: String,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
}

/// A materialized view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matview {
    /// What it is as a relation, and what hangs on it.
    pub description: TableDescription,
    /// `pg_get_viewdef`.
    pub definition: String,
    /// Whether it holds data.
    pub populated: bool,
    /// Whether its owner may move it from and to its schema; otherwise the login role does it.
    pub able: bool,
}

impl Matview {
    /// Its name.
    pub fn name(&self) -> QualifiedName {
        self.description.name()
    }

    /// Its owner.
    pub fn owner(&self) -> &str {
        &self.description.relation.owner
    }

    /// The same without what the exchange reads anew: its privileges, and what hangs on it.
    pub fn alone(&self) -> Self {
        let mut copy = self.clone();
        copy.description = copy.description.without_grants();
        copy.description.attached = Attached::default();
        copy
    }
}

/// The table's part in a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The publication.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// The columns, if not all (15).
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// The row filter (15).
    #[serde(default)]
    pub filter: Option<String>,
}
