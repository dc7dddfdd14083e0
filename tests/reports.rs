//! Reports, by mail and by webhook: against a mail server, an Alertmanager, and a server that checks
//! signatures, each in good days and bad.

mod alarms;
mod daemons;
mod hook;
mod mail;
mod nights;
mod post;
mod trying;
mod webhooks;

use crate::bad_input::{cases, newest, trials};
use crate::daemon::{Rig, bloated};
use libtest_mimic::Trial;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let all = cases! {
        mail: starttls_and_login repcloud encrypted_from_the_start wrong_authority bad_password hung down;
        webhooks: signed again_and_again slack_and_teams rules injected over_tls;
        alarms: pagerduty alertmanager;
        trying: test list_and_again templates no_store;
        daemons: fleet killed without_windows once unmeasured;
        nights: window away digest;
    };
    trials("reports", &newest(), all)
}

/// A table that cannot be copied while the database has `scene.mood = 'bad'`; what its function says then
/// is like what a server says when it quotes rows.
pub fn moody(name: &str) -> String {
    let table = bloated(name)
        .replace("n int)", "n int, s bigint GENERATED ALWAYS AS (public.moody(id)) STORED)");
    format!(
        "CREATE FUNCTION public.moody(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$
         BEGIN
           IF $1 = 4000 AND current_setting('scene.mood', true) = 'bad' THEN RAISE 'row says quoted-row-4000'; END IF;
           RETURN $1;
         END $$;
         ALTER FUNCTION public.moody(bigint) OWNER TO shape_owner;
         {table}"
    )
}

/// From here on the table of [`moody`] fails, or does not.
pub async fn mood(rig: &Rig, mood: &str) -> crate::support::Outcome {
    rig.run(&format!("ALTER DATABASE {} SET scene.mood = '{mood}'", rig.database.name)).await
}
