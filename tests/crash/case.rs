//! What can be tried: every place of every step, with everything that can happen there.

use crate::support::random::Random;
use repackd::failpoint::{Action, STEPS, Step};

/// One interruption.
#[derive(Debug, Clone)]
pub struct Case {
    /// The step.
    pub step: Step,
    /// Where in it.
    pub place: &'static str,
    /// What happens there, by name.
    pub action: &'static str,
    /// At which hit.
    pub nth: i64,
    /// How many milliseconds into the step, if it is in the middle of it.
    pub delay: i64,
}

impl Case {
    /// The name of the failpoint.
    pub fn point(&self) -> String {
        format!("{}-{}", self.step.name, self.place)
    }

    /// As the environment variable has it.
    pub fn armed(&self) -> String {
        format!("{}={}:{}:{}", self.point(), self.action, self.nth, self.delay)
    }

    /// Whether an abort comes by here, and nothing else does.
    pub fn in_abort(&self) -> bool {
        self.step.name.starts_with("abort-")
    }

    /// At a hit and after a delay that chance picks.
    pub fn varied(mut self, random: &mut Random) -> Self {
        // So often every run comes by: three chunks, four indexes, a drain before and after each
        // phase, two sequences of foreign keys.
        let most = match self.step.name {
            "enter" | "drain" => 6,
            "index-build" => 3,
            "copy-chunk" | "validate" => 2,
            _ => 1,
        };
        self.nth = random.range(1, most + 1);
        self.delay = if self.place == "during" { random.range(0, 25) } else { 0 };
        self
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.armed())
    }
}

/// The full product, without what cannot be: a session that does not exist yet, a reply that is lost
/// before the statement is sent.
pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for step in STEPS {
        for place in ["before", "during", "commit", "after"] {
            for (action, what) in Action::ALL {
                let case = Case { step: *step, place, action, nth: 1, delay: 0 };
                if fits(&case, *what) {
                    cases.push(case);
                }
            }
        }
    }
    cases
}

fn fits(case: &Case, action: Action) -> bool {
    use repackd::failpoint::Role::Holder;
    let alone = matches!(
        action,
        Action::Kill | Action::LoseReply | Action::StopServer | Action::Drop(Holder)
    );
    let place = match action {
        Action::LoseReply => case.place == "after",
        Action::Cancel => case.place != "after",
        _ => true,
    };
    place && (case.place != "commit" || case.step.commits) && (case.step.name != "lock" || alone)
}
