//! What docker/compose.yaml sets up, on a server of our own: the shop is made, its clients write to it,
//! and repackd, with the rights it is given there and the configuration that is mounted, does its work.

use super::{directory, path, text};
use crate::support::cluster::{Cluster, run};
use crate::support::program::{finish, program};
use crate::support::{Outcome, Server, client, words};
use std::process::Command;

/// A tenth of the shop, which is enough.
const FEWER: [(&str, &str); 2] = [("100000", "10000"), ("1000000", "100000")];

fn client_program(name: &str) -> Result<Command, String> {
    let folder = std::env::var("REPACKD_TEST_CLIENT_BIN").map_err(words)?;
    Ok(Command::new(format!("{folder}/{name}")))
}

pub async fn repacks(server: Server) -> Outcome {
    let cluster = Cluster::create(server.version).await?;
    let postgres = cluster.server().url;
    let (base, _) = postgres.rsplit_once('/').ok_or("no database in the URL")?;
    let shop = format!("{base}/shop");
    let app = shop.replace("postgres@", "app@");
    client(&postgres).await?.batch_execute("CREATE DATABASE shop").await.map_err(words)?;

    let folder = directory("first-look")?;
    let file = |name: &str| folder.join(name).display().to_string();
    let mut made = text("docker/first-look/shop.sql")?;
    let mut writers = text("docker/first-look/writers.sql")?;
    for (many, fewer) in FEWER {
        for end in [",", ")"] {
            made = made.replace(&format!(" {many}{end}"), &format!(" {fewer}{end}"));
            writers = writers.replace(&format!(" {many}{end}"), &format!(" {fewer}{end}"));
        }
    }
    let secrets = path("docker/first-look/secrets").display().to_string();
    std::fs::write(file("shop.sql"), made.replace("/run/secrets", &secrets)).map_err(words)?;
    std::fs::write(file("writers.sql"), writers).map_err(words)?;
    // As the image runs it, but for the database, which is named by a URL here.
    run(client_program("psql")?.args(["-X", "-q", "-d", &shop, "-f", &file("shop.sql")]))?;
    run(client_program("pgbench")?
        .args(["-n", "-c", "2", "-t", "50", "-f", &file("writers.sql")])
        .arg(&app))?;

    let address = base.rsplit('@').next().unwrap_or_default();
    let (host, port) = address.rsplit_once(':').ok_or("no port in the URL")?;
    let config = text("docker/first-look/repackd.toml")?
        .replace("/run/secrets", &secrets)
        .replace("@store/", &format!("@{host}:{port}/"))
        .replace("\"10MB\"", "\"1MB\"")
        .replace("host = \"shop\"", &format!("host = \"{host}\"\nport = {port}"));
    std::fs::write(file("repackd.toml"), config).map_err(words)?;
    let repackd = |arguments: &[&str]| {
        let config = file("repackd.toml");
        let mut all = vec!["--config", config.as_str()];
        all.extend(arguments);
        finish(program(&all))
    };

    repackd(&["init"])?.status(0)?;
    repackd(&["plan", "visits"])?
        .status(3)?
        .shows(&["public.visits cannot be repacked", "no key"])?;
    let size = "SELECT pg_total_relation_size('orders') + pg_total_relation_size('customers'),
                       (SELECT count(*) FROM open_orders)";
    let before = client(&shop).await?.query_one(size, &[]).await.map_err(words)?;
    let store = "CREATE DATABASE repackd OWNER repackd";
    client(&postgres).await?.batch_execute(store).await.map_err(words)?;
    repackd(&["daemon", "--once"])?.status(0)?;
    let history = repackd(&["history", "--json"])?.status(0)?.json()?.to_string();
    for part in ["public.orders", "public.customers", "public.visits", "done", "refused"] {
        if !history.contains(&format!("\"{part}\"")) {
            return Err(format!("\"{part}\" was expected in {history}"));
        }
    }
    let after = client(&shop).await?.query_one(size, &[]).await.map_err(words)?;
    let (large, small): (i64, i64) = (before.get(0), after.get(0));
    if small * 2 > large {
        return Err(format!("it was {large} bytes and is {small}"));
    }
    if before.get::<_, i64>(1) != after.get::<_, i64>(1) {
        return Err("there are other orders than before".into());
    }
    // Still what the clients expect.
    run(client_program("pgbench")?.args(["-n", "-t", "20", "-f", &file("writers.sql")]).arg(&app))?;
    std::fs::remove_dir_all(&folder).map_err(words)
}
