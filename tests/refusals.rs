//! Every table that must not be touched, and the reason that must be given.

use crate::shapes::{Sheet, sheets};
use crate::support::{Database, Outcome, Server, expect, repack};
use libtest_mimic::Trial;
use repackd::engine::{self, Goal};
use repackd::job::Ending;

/// One test for each refusal and server.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    for sheet in sheets("refusals") {
        for server in sheet.servers() {
            let sheet = sheet.clone();
            let name = format!("refusals::{}::pg{}", sheet.name, server.version);
            trials.push(Trial::test(name, move || {
                crate::support::block_on(refused(&sheet, &server)).map_err(Into::into)
            }));
        }
    }
    trials
}

async fn refused(sheet: &Sheet, server: &Server) -> Outcome {
    let database = Database::create(server).await?;
    database.run(&sheet.setup).await.map_err(|e| format!("setup: {e}"))?;
    let job = database.job(sheet.user.as_deref().unwrap_or("postgres"));
    let found = database.find(&sheet.table).await?;
    let before = database.dump()?;
    let plan = engine::plan(&job, &found).await.map_err(|e| e.to_string())?;
    let report = repack(&job, &found, Goal::RunNow).await;
    expect(&report, Ending::Refused)?;
    let reasons = [plan.reasons.join("; "), report.error.unwrap_or_default()];
    for text in reasons.map(|r| r.to_lowercase()) {
        if let Some(missing) = sheet.refuse.iter().find(|w| !text.contains(*w)) {
            return Err(format!("{missing} is not in the reason: {text}"));
        }
    }
    crate::support::same("the refused table's database", &before, &database.dump()?)?;
    database.drop().await
}
