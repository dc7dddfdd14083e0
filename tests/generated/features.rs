//! All that a table can have, or that can hang on it.

use super::scene::Scene;
use super::spec::Feature;
use super::{
    columns, constraints, foreign_keys, functions, grants, indexes, kin, trimmings, views,
};
use super::{policies, triggers};
use crate::support::random::Random;

/// Whether something is generated, and what is to become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "who carries something over turns its switch")]
pub enum Switch {
    /// It is not generated.
    Off,
    /// It is, and tables that have it must be refused, with that reason and no other.
    Refused,
    /// It is, and must be carried over.
    Carried,
}

// The three below are carried over, and have shapes of their own. The generator does not know yet for
// which combinations of them a refusal is right (a view over a parent, a policy that its owner meets).
/// Materialized views over the tables.
pub const MATERIALIZED_VIEWS: Switch = Switch::Off;
/// Parents and children of the tables.
pub const INHERITANCE: Switch = Switch::Off;
/// Partitioned tables to which the tables are attached.
pub const PARTITIONS: Switch = Switch::Off;

/// A kind of feature.
pub struct Kind {
    /// What it is.
    pub name: &'static str,
    /// When it is made: what it stands on comes before.
    phase: u8,
    /// How often it is made.
    pub weight: usize,
    /// The first version that has it.
    pub since: u32,
    /// Whether it is made at all.
    pub on: bool,
    make: fn(&mut Scene, &mut Random),
}

const fn kind(
    phase: u8,
    weight: usize,
    name: &'static str,
    make: fn(&mut Scene, &mut Random),
) -> Kind {
    Kind { name, phase, weight, since: 14, on: true, make }
}

const fn since(since: u32, kind: Kind) -> Kind {
    Kind { since, ..kind }
}

const fn switch(switch: Switch, kind: Kind) -> Kind {
    Kind { on: !matches!(switch, Switch::Off), ..kind }
}

/// All kinds.
pub const KINDS: &[Kind] = &[
    kind(1, 6, "late column", columns::late),
    kind(1, 6, "dropped column", columns::dropped),
    kind(1, 8, "column property", columns::property),
    kind(1, 2, "owned sequence", columns::sequence),
    kind(2, 8, "check", constraints::check),
    kind(2, 6, "unique constraint", constraints::unique),
    kind(2, 5, "exclusion constraint", constraints::exclusion),
    since(18, kind(2, 4, "named not null", constraints::not_null)),
    kind(3, 18, "index", indexes::index),
    kind(4, 12, "foreign key", foreign_keys::foreign_key),
    switch(INHERITANCE, kind(4, 4, "parent", kin::parent)),
    switch(INHERITANCE, kind(4, 4, "child", kin::child)),
    switch(PARTITIONS, kind(4, 4, "partitioned parent", kin::partitioned)),
    kind(5, 14, "view", views::view),
    switch(MATERIALIZED_VIEWS, kind(5, 6, "materialized view", views::materialized)),
    kind(5, 6, "function", functions::function),
    kind(6, 14, "trigger", triggers::trigger),
    kind(6, 3, "trigger of a view", triggers::of_view),
    kind(6, 8, "rule", triggers::rule),
    kind(6, 8, "policy", policies::policy),
    kind(7, 5, "statistics object", trimmings::statistics),
    kind(7, 5, "storage parameters", trimmings::parameters),
    kind(7, 3, "replica identity", trimmings::replica_identity),
    kind(7, 3, "cluster mark", trimmings::cluster),
    kind(7, 4, "publication", trimmings::publication),
    kind(7, 2, "event trigger", trimmings::event_trigger),
    kind(7, 4, "setting of the database", trimmings::setting),
    kind(7, 16, "grant", grants::grant),
    kind(7, 6, "default privileges", grants::default_privileges),
    kind(8, 18, "comment", trimmings::comment),
    kind(9, 6, "rename", trimmings::rename),
];

/// What makes a table be refused: at most one of them is in a schema, and rarely.
pub const REFUSED: [fn(&mut Scene, &mut Random); 3] =
    [functions::row_type, policies::forced, trimmings::publication_of_all];

/// Makes features, what others stand on first.
pub fn make(scene: &mut Scene, features: &[Feature], refused: bool) {
    let mut on: Vec<&Feature> = features.iter().filter(|f| f.on).collect();
    on.sort_by_key(|f| KINDS[f.kind].phase);
    for feature in on {
        (KINDS[feature.kind].make)(scene, &mut Random::new(feature.seed, 4));
    }
    if refused {
        let mut random = Random::new(u64::from(scene.counter), 7);
        REFUSED[random.range(0, REFUSED.len() as i64) as usize](scene, &mut random);
    }
}
