//! Tables with parents and children: partitions and inheritance.

mod busy;
mod changed;
mod scans;
mod shares;

use crate::support::random::seed;
use crate::support::{Server, block_on, servers};
use libtest_mimic::Trial;

/// On the oldest and the newest server.
pub fn tests() -> Vec<Trial> {
    let all = servers();
    let ends = [all.first(), all.last()];
    let mut chosen: Vec<Server> = ends.into_iter().flatten().cloned().collect();
    chosen.dedup_by_key(|s| s.version);
    let mut trials = Vec::new();
    for server in &chosen {
        let busy = |name: &str, family: &'static busy::Family, tables: &'static [&'static str]| {
            let server = server.clone();
            Trial::test(format!("family::{name}::pg{}", server.version), move || {
                let seed = seed();
                let work = busy::busy(&server, family, tables, seed);
                block_on(work).map_err(|e| format!("seed {seed}: {e}").into())
            })
        };
        trials.push(busy(
            "partitions",
            &busy::PARTITIONS,
            &["stock_0", "stock_1", "stock_2", "stock_3"],
        ));
        trials.push(busy("inheritance", &busy::INHERITANCE, &["stock_3", "stock_2", "stock"]));
    }
    for server in chosen {
        let (first, second) = (server.clone(), server.clone());
        trials.push(Trial::test(format!("family::changed::pg{}", server.version), move || {
            block_on(changed::wins(&first)).map_err(Into::into)
        }));
        trials.push(Trial::test(format!("family::rights::pg{}", server.version), move || {
            block_on(changed::rights(&second)).map_err(Into::into)
        }));
    }
    // Before, a foreign key of a partitioned table is never NOT VALID.
    for server in servers().into_iter().filter(|s| s.version >= 18) {
        let (first, second) = (server.clone(), server.clone());
        let name = |what: &str| format!("family::{what}::pg{}", server.version);
        trials.push(Trial::test(name("shares"), move || {
            block_on(shares::one_by_one(&first)).map_err(Into::into)
        }));
        trials.push(Trial::test(name("shares_orphan"), move || {
            block_on(shares::orphan(&second)).map_err(Into::into)
        }));
    }
    for server in servers() {
        trials.push(Trial::test(format!("family::no_scans::pg{}", server.version), move || {
            block_on(scans::none(&server)).map_err(Into::into)
        }));
    }
    trials
}
