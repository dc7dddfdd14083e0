//! All that a table can have, or that can hang on it.

use super::scene::Scene;
use super::spec::Feature;
use super::{
    columns, constraints, foreign_keys, functions, grants, indexes, kin, partitions, trimmings,
    views,
};
use super::{policies, triggers};
use crate::support::random::Random;

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
    make: fn(&mut Scene, &mut Random),
}

const fn kind(
    phase: u8,
    weight: usize,
    name: &'static str,
    make: fn(&mut Scene, &mut Random),
) -> Kind {
    Kind { name, phase, weight, since: 14, make }
}

const fn since(since: u32, kind: Kind) -> Kind {
    Kind { since, ..kind }
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
    kind(4, 5, "parent", kin::parent),
    kind(4, 4, "child", kin::child),
    kind(4, 9, "partitioned table", partitions::partitioned),
    kind(5, 4, "late check", constraints::check),
    kind(5, 4, "late index", indexes::index),
    kind(5, 2, "late unique constraint", constraints::unique),
    since(18, kind(5, 2, "late named not null", constraints::not_null)),
    kind(5, 14, "view", views::view),
    kind(5, 7, "materialized view", views::materialized),
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
