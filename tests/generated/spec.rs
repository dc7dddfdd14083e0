//! What a schema is made from: a list of features, each with a seed that decides its details. A
//! failing one shrinks by leaving things out, never by changing what stays.

use super::features::KINDS;
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Strategy, any};
use proptest::sample::select;

/// A schema, how it is repacked, and what is done to it meanwhile.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Whether names are strange.
    pub hostile: bool,
    /// Whether there are several owners and grantors; otherwise it is repacked as the owner.
    pub mixed: bool,
    /// Whether something is to be refused.
    pub refused: bool,
    /// The tables, with their columns.
    pub tables: Vec<Table>,
    /// Which table is repacked, and how.
    pub seed: u64,
    /// What else there is.
    pub features: Vec<Feature>,
    /// The clients' statements.
    pub workload: Vec<Action>,
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Whether it is there. The first always is.
    pub on: bool,
    /// Names, key, owner.
    pub seed: u64,
    /// Columns besides the number of the row.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Whether it is there.
    pub on: bool,
    /// Which type it has, and which properties.
    pub seed: u64,
}

/// Something that a table has, or that hangs on it.
#[derive(Debug, Clone)]
pub struct Feature {
    /// Whether it is there.
    pub on: bool,
    /// Its place in [`KINDS`].
    pub kind: usize,
    /// Which table, what name, which options.
    pub seed: u64,
}

/// What a client does.
#[derive(Debug, Clone)]
pub struct Action {
    /// Whether it is done.
    pub on: bool,
    /// What, and where.
    pub seed: u64,
}

/// All of them.
pub fn spec(version: u32) -> impl Strategy<Value = Spec> {
    let on = || weighted(0.9999);
    let seed = || any::<u64>().no_shrink();
    let column = (on(), seed()).prop_map(|(on, seed)| Column { on, seed });
    let table = (on(), seed(), fixed(column, 1..9));
    let table = table.prop_map(|(on, seed, columns)| Table { on, seed, columns });
    let kinds: Vec<usize> = KINDS
        .iter()
        .enumerate()
        .filter(|(_, kind)| kind.since <= version)
        .flat_map(|(number, kind)| std::iter::repeat_n(number, kind.weight))
        .collect();
    let feature = (on(), select(kinds).no_shrink(), seed());
    let feature = feature.prop_map(|(on, kind, seed)| Feature { on, kind, seed });
    let action = (on(), seed()).prop_map(|(on, seed)| Action { on, seed });
    let all = (
        weighted(0.7),
        weighted(0.6),
        weighted(0.04),
        fixed(table, 1..4),
        seed(),
        fixed(feature, 8..36),
        fixed(action, 4..20),
    );
    all.prop_map(|(hostile, mixed, refused, tables, seed, features, workload)| Spec {
        hostile,
        mixed,
        refused,
        tables,
        seed,
        features,
        workload,
    })
}

/// A list whose length does not shrink: its members are switched off instead, so that the others
/// keep their places.
fn fixed<S: Strategy + Clone + 'static>(
    member: S,
    length: std::ops::Range<usize>,
) -> BoxedStrategy<Vec<S::Value>> {
    length.no_shrink().prop_flat_map(move |n| vec(member.clone(), n..=n).boxed()).boxed()
}
