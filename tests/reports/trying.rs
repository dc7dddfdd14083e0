//! Trying it out: `notify`, `history --reports`, templates of the user's.

use super::hook::{Answer, Hook};
use super::post::{Post, has, part};
use crate::daemon::{Rig, bloated};
use crate::support::{Outcome, Server, words};
use repackd::report::example;
use repackd::store::{Made, Place, Store};
use std::path::Path;

/// Each of them gets the example, and what it answers is said.
pub async fn test(server: Server) -> Outcome {
    let post = Post::start("test", "starttls", false)?;
    let hook = Hook::start(&[Answer::Status(200, "", "thank you")]).await?;
    let rig = Rig::new(&server, "").await?;
    rig.configure(&format!(
        "{}\n[notifier.hook]\nkind = \"json\"\nurl = \"http://{}/x\"\n\
         [notifier.gone]\nkind = \"slack\"\nurl = \"http://127.0.0.1:9/hunter2/T0/B0\"",
        post.notifier("dba", "starttls", ""),
        hook.address
    ))?;
    let tried = rig.repackd(&["notify", "--test", "dba", "hook"])?;
    tried.status(0)?.shows(&[
        "dba: sent; it answered: 250 OK kept",
        "hook: sent; it answered: 200 thank you",
    ])?;
    let mail = post.only()?;
    has(part(&mail, "text/plain")?, &["THIS IS A TEST"])?;
    has(part(&mail, "text/html")?, &["This is a test", "Still due"])?;
    if hook.asked()[0].json()?["type"] != "repackd.test" {
        return Err(format!("{:#?}", hook.asked()));
    }
    let failed = rig.repackd(&["notify", "--test"])?;
    failed.status(1)?.says(&[
        "notifier gone could not be told",
        "state: nothing was changed",
        "next: ",
    ])?;
    let document = rig.repackd(&["notify", "--test", "gone", "--json"])?.json()?;
    if document["notifiers"][0]["error"].as_str().is_none_or(|e| e.contains("B0")) {
        return Err(format!("{document:#}"));
    }
    rig.repackd(&["notify", "--test", "hok"])?.status(2)?.says(&["did you mean `hook`"])?;
    rig.drop().await
}

/// What could not be delivered is shown, and sent later.
pub async fn list_and_again(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.configure(&format!(
        "[[rule]]\ntables = [\"*\"]\nwhen = {{ bloat_ratio = 0.99 }}\n\
         [notifier.hook]\nkind = \"json\"\nurl = \"http://{}/x\"\nretry_for = \"0s\"",
        hook.address
    ))?;
    // It makes the store, and repacks nothing; it is told all the same.
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    hook.until(1, 5).await?;
    hook.always(Some(Answer::Status(403, "", "who are you?")));
    let run = rig.repackd(&["run-now", "t"])?;
    run.status(0)?.says(&["notifier hook", "it answered 403 who are you?", "kept in the store"])?;
    rig.repackd(&["notify"])?.status(0)?.shows(&["hook", "json", "always"])?;
    let kept = rig.repackd(&["history", "--reports", "--json"])?.status(0)?.json()?;
    let newest = &kept["reports"][0];
    if newest["state"] != "given up"
        || newest["error"] != "it answered 403 who are you?"
        || newest["title"].as_str().is_none_or(|t| !t.contains("public.t repacked"))
        || kept["reports"][1]["state"] != "sent"
    {
        return Err(format!("{kept:#}"));
    }
    rig.repackd(&["history", "--reports"])?.status(0)?.shows(&["given up", "sent"])?;
    rig.repackd(&["notify", "--again"])?.status(1)?.says(&["it answered 403"])?;
    hook.always(None);
    rig.repackd(&["notify", "--again"])?.status(0)?.shows(&["hook: 1 sent"])?;
    rig.repackd(&["notify", "--again"])?.status(0)?.shows(&["hook: nothing waits"])?;
    let all = hook.asked();
    let [.., refused, taken] = all.as_slice() else { return Err(format!("{all:#?}")) };
    if refused.headers["webhook-id"] != taken.headers["webhook-id"] {
        return Err(format!("{all:#?}"));
    }
    // As many as there are, and no more than are sent at once.
    let place = Place::File(Path::new(&rig.file()).with_file_name("store.sqlite"));
    let store = Store::open(&place).await.map_err(words)?;
    let account = example::account("h", chrono::Utc::now());
    let account = serde_json::to_string(&account).map_err(words)?;
    for i in 0..23 {
        let occasion = format!("test/{i}");
        let made =
            Made { notifier: "hook", occasion: &occasion, title: "t", account: Some(&account) };
        store.make_report(&made, "test").await.map_err(words)?;
    }
    store.close().await;
    let many = rig.repackd(&["notify", "--again"])?;
    many.status(0)?.shows(&["hook: 20 sent", "hook: 3 more wait"])?;
    let rest = rig.repackd(&["notify", "--again", "--json"])?.status(0)?.json()?;
    let rest = &rest["notifiers"][0];
    if (rest["sent"].as_u64(), rest["waiting"].as_u64()) != (Some(3), Some(0)) {
        return Err(format!("{rest:#}"));
    }
    rig.drop().await
}

/// The user's stand in for those compiled in, until one does not do.
pub async fn templates(server: Server) -> Outcome {
    let post = Post::start("templates", "none", false)?;
    let rig = Rig::new(&server, &bloated("t")).await?;
    let directory = Path::new(&rig.file()).with_file_name("templates");
    std::fs::create_dir_all(&directory).map_err(words)?;
    let put = |file: &str, text: &str| std::fs::write(directory.join(file), text).map_err(words);
    put("subject.txt", "Nächtlicher Bericht: {{ done }} erledigt")?;
    put("mail.txt", "{% for t in tables %}{{ t.table }} war {{ t.before }}\n{% endfor %}")?;
    rig.configure(&format!(
        "[[rule]]\ntables = [\"*\"]\nwhen = {{ bloat_ratio = 0.2 }}\n{}",
        post.notifier("dba", "none", "templates = \"templates\"")
    ))?;
    rig.repackd(&["notify"])?.status(0)?;
    rig.repackd(&["run-now", "t"])?.status(0)?;
    let mail = post.only()?;
    has(
        mail["headers"]["Subject"].as_str().unwrap_or_default(),
        &["Nächtlicher Bericht: 1 erledigt"],
    )?;
    has(part(&mail, "text/plain")?, &["public.t war "])?;
    has(part(&mail, "text/html")?, &["Bytes and phases"])?;
    put("mail.html", "{% for t in tables %}<p>{{ t.table }}")?;
    let checked = rig.repackd(&["notify"])?;
    checked.status(1)?.says(&["notifier dba", "mail.html", "the one compiled in is used"])?;
    let daemon = rig.repackd(&["daemon", "--once"])?;
    daemon.status(0)?.says(&["mail.html", "the one compiled in is used"])?;
    let mails = post.until(2, 10).await?;
    has(part(&mails[1], "text/html")?, &["<h1"])?;
    has(part(&mails[1], "text/plain")?, &["public.t"]).map(drop).or(Ok::<(), String>(()))?;
    rig.drop().await
}

/// Without a store a run tells all the same.
pub async fn no_store(server: Server) -> Outcome {
    let hook = Hook::start(&[Answer::Status(503, "", "")]).await?;
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.write(&format!(
        "[store]\nurl = \"sqlite:/nonexistent/none.sqlite\"\n{}\n[notifier.hook]\nkind = \"json\"\nurl = \"http://{}/x\"",
        rig.connection("shop", ""), hook.address
    ))?;
    // The second time it is taken.
    let run = rig.repackd(&["run-now", "t"])?;
    run.status(0)?;
    if run.err.contains("hook") || hook.asked().len() != 2 {
        return Err(format!("{run}{:#?}", hook.asked()));
    }
    rig.drop().await
}
