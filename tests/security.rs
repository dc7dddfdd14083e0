//! Rights: how few are enough, that nobody gains any by a run, and what hostile owners can reach.

mod least;
mod names;
mod traps;
mod ways;

use crate::bad_input::{cases, ends, trials};
use crate::support::scene::Scene;
use crate::support::{Outcome, client, words};
use libtest_mimic::Trial;
use std::sync::atomic::{AtomicU32, Ordering};

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let all = cases! {
        least: a_plain_member a_member_who_inherits_nothing the_owner_itself writers_gain_nothing;
        names: any;
        ways: reset_role_gains_the_login_role other_paths_to_superuser schemas_made_in_advance
            search_path_of_the_login_role ambiguous_key row_type;
    };
    let mut all = trials("security", &ends(), all);
    all.extend(traps::each("security"));
    all
}

/// Roles of one test, which are the whole server's and must not meet those of another.
struct Roles {
    stem: String,
    names: &'static [&'static str],
}

impl Roles {
    fn new(names: &'static [&'static str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { stem: format!("sec{}_{number}", crate::support::process()), names }
    }

    /// A role's real name.
    fn name(&self, role: &str) -> String {
        format!("{}_{role}", self.stem)
    }

    /// Statements with `:role` in them, for the server.
    fn fill(&self, sql: &str) -> String {
        self.names
            .iter()
            .fold(sql.to_owned(), |sql, role| sql.replace(&format!(":{role}"), &self.name(role)))
    }

    /// Ends the scene, and the roles with it.
    async fn drop(self, scene: Scene) -> Outcome {
        let url = scene.database.server.url.clone();
        scene.drop().await?;
        let names: Vec<_> = self.names.iter().map(|role| self.name(role)).collect();
        let statement = format!("DROP ROLE IF EXISTS {}", names.join(", "));
        client(&url).await?.batch_execute(&statement).await.map_err(words)
    }
}
