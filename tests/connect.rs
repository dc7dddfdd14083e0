//! Connecting to a real server: every sslmode, client certificates, and each place a password can
//! come from.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

pub mod pki;
mod scene;
mod server;

use pki::Authority;
use repackd::config::{Config, Environment};
use repackd::pg;
use scene::{IN_PASSFILE, IN_URL, PASSWORD, Scene, ask, check, mentions, runtime};

/// How a test ended.
type Outcome = Result<(), String>;
/// A name and what to run.
type Test = (&'static str, fn() -> Outcome);

/// The tests of this module.
pub fn tests() -> Vec<Test> {
    vec![
        ("connect: server certificates", server_certificates),
        ("connect: revoked and replaced authorities", revocation),
        ("connect: the self-signed certificate of the manual", self_signed),
        ("connect: with and without TLS", encryption),
        ("connect: client certificates", client_certificates),
        ("connect: passwords", passwords),
        ("connect: services and sockets", services_and_sockets),
        ("connect: several hosts, cancelling, a lost server", sessions),
        ("connect: servers out of reach", out_of_reach),
    ]
}

fn server_certificates() -> Outcome {
    let scene = Scene::new()?;
    let root = scene.file("ca.pem", &scene.root.pem);
    let stranger = scene.file("stranger.pem", &Authority::root("Somebody Else").pem);
    let full = format!("sslmode=verify-full sslrootcert={root}");
    check(scene.connects(&full)?.encrypted, "verify-full is encrypted")?;
    scene.connects(&format!("{full} channel_binding=disable"))?;
    scene.connects(&format!("{full} host=127.0.0.1"))?;
    scene.connects(&format!("{full} ssl_max_protocol_version=TLSv1.2"))?;
    scene.connects(&format!("{full} ssl_min_protocol_version=TLSv1.3 sslsni=0"))?;

    let wrong_name = "host=localhost hostaddr=127.0.0.1";
    scene.refused(
        &format!("{full} {wrong_name}"),
        &["localhost:", "certificate is for", "db.test", "not for localhost", "verify-ca"],
    )?;
    scene.connects(&format!("{wrong_name} sslmode=verify-ca sslrootcert={root}"))?;

    let untrusted = ["not trusted", "stranger.pem", "sslrootcert"];
    scene.refused(&format!("sslmode=verify-full sslrootcert={stranger}"), &untrusted)?;
    scene.refused(&format!("sslmode=verify-ca sslrootcert={stranger}"), &untrusted)?;
    // With a file of authorities, require checks too.
    scene.refused(&format!("sslmode=require sslrootcert={stranger}"), &untrusted)?;
    check(scene.connects(&format!("sslmode=prefer sslrootcert={stranger}"))?.encrypted, "prefer")?;
    let system = scene.connect_with("sslrootcert=system", &[]);
    mentions("system", system, &["not trusted", "the authorities this system trusts"])?;

    // Without any: require does not check, the others cannot.
    check(scene.connects("sslmode=require")?.encrypted, "require is encrypted")?;
    for mode in ["verify-ca", "verify-full"] {
        scene.refused(
            &format!("sslmode={mode}"),
            &["root certificate file", ".postgresql/root.crt does not exist", "sslrootcert=system"],
        )?;
    }
    scene.refused("sslmode=require sslrootcert=/no/such.pem", &["/no/such.pem does not exist"])?;
    let nothing = scene.file("nothing.pem", "nothing");
    scene.refused(&format!("sslmode=verify-ca sslrootcert={nothing}"), &["no certificate"])?;

    // The default file, also by require.
    let default = scene.file(".postgresql/root.crt", &scene.root.pem);
    scene.connects("sslmode=verify-full")?;
    std::fs::copy(stranger, default).map_err(|e| e.to_string())?;
    scene.refused("sslmode=require", &["not trusted", ".postgresql/root.crt"])
}

fn revocation() -> Outcome {
    let scene = Scene::new()?;
    let root = scene.file("ca.pem", &scene.root.pem);
    let full = format!("sslmode=verify-full sslrootcert={root}");
    let lists = |name: &str, of_root: &[u64], of_issuing: &[u64], until| {
        let text =
            scene.root.revocations(of_root, until) + &scene.issuing.revocations(of_issuing, until);
        scene.file(name, &text)
    };
    let clean = lists("clean.crl", &[9], &[99], 2099);
    scene.connects(&format!("{full} sslcrl={clean}"))?;
    let certificate = lists("certificate.crl", &[], &[100], 2099);
    scene.refused(&format!("{full} sslcrl={certificate}"), &["has been revoked"])?;
    // The authority that issued it, revoked by the root.
    let authority = lists("lists/authority.crl", &[10], &[], 2099);
    scene.refused(&format!("{full} sslcrl={authority}"), &["has been revoked"])?;
    let directory = format!("{}/lists", scene.home);
    scene.refused(&format!("{full} sslcrldir={directory}"), &["has been revoked"])?;
    let verify_ca = format!("sslmode=verify-ca sslrootcert={root} host=localhost");
    scene.connects(&format!("{verify_ca} sslcrl={clean}"))?;
    scene.refused(&format!("{verify_ca} sslcrl={authority}"), &["has been revoked"])?;

    let old = lists("old.crl", &[], &[], 2021);
    scene.refused(&format!("{full} sslcrl={old}"), &["out of date"])?;
    let half = scene.file("half.crl", &scene.root.revocations(&[], 2099));
    scene.refused(&format!("{full} sslcrl={half}"), &["no revocation list of an authority"])?;
    scene.refused(&format!("{full} sslcrl=/no/such.crl"), &["/no/such.crl"])?;
    scene.file(".postgresql/root.crl", &scene.root.revocations(&[10], 2099));
    scene.refused(&full, &["revo"])?;

    // The root itself has been replaced: by one of another name, and by one of the same.
    std::fs::remove_file(format!("{}/.postgresql/root.crl", scene.home)).unwrap();
    scene.file("ca.pem", &Authority::root("Test Root 2").pem);
    scene.refused(&full, &["not trusted"])?;
    scene.file("ca.pem", &Authority::root("Test Root").pem);
    scene.refused(&full, &["not trusted"])?;
    // Both, as while authorities are being exchanged.
    scene.file("ca.pem", &(Authority::root("Test Root").pem + &scene.root.pem));
    scene.connects(&full).map(drop)
}

fn self_signed() -> Outcome {
    let own = pki::self_signed("db.test");
    let root = Authority::root("clients only");
    let issuing = root.below("none", 2);
    let scene = Scene::with(root, issuing, &own.pem, &own.key)?;
    let trusted = scene.file("ca.pem", &own.pem);
    scene.connects(&format!("sslmode=verify-full sslrootcert={trusted}"))?;
    scene.connects(&format!("sslmode=verify-ca host=localhost sslrootcert={trusted}"))?;
    scene.refused(
        &format!("sslmode=verify-full host=localhost sslrootcert={trusted}"),
        &["not for localhost"],
    )?;
    let other = scene.file("other.pem", &pki::self_signed("db.test").pem);
    scene.refused(&format!("sslmode=verify-ca sslrootcert={other}"), &["certificate"])?;

    // One of version 1, which rustls cannot read, is taken for what it is.
    let own = pki::version_1("db.test");
    let root = Authority::root("clients only");
    let issuing = root.below("none", 2);
    let scene = Scene::with(root, issuing, &own.pem, &own.key)?;
    check(scene.connects("sslmode=require")?.encrypted, "version 1")?;
    let trusted = scene.file("ca.pem", &own.pem);
    scene.connects(&format!("sslmode=verify-full sslrootcert={trusted}"))?;
    let local = "host=localhost hostaddr=127.0.0.1";
    scene.connects(&format!("sslmode=verify-ca {local} sslrootcert={trusted}"))?;
    scene
        .refused(&format!("sslmode=verify-full {local} sslrootcert={trusted}"), &["certificate"])?;
    let other = scene.file("other.pem", &pki::version_1("db.test").pem);
    let unreadable = ["X.509 version 1", "subjectAltName"];
    scene.refused(&format!("sslmode=verify-ca sslrootcert={other}"), &unreadable)
}

fn encryption() -> Outcome {
    let scene = Scene::new()?;
    check(scene.connects("")?.encrypted, "the default is encrypted where it can be")?;
    check(scene.connects("sslmode=allow")?.encrypted, "allow is prefer")?;
    check(!scene.connects("sslmode=disable")?.encrypted, "disable is not")?;
    let refused = ["no pg_hba.conf entry", "SQLSTATE 28000"];
    scene.refused("user=tls_only sslmode=disable", &refused)?;
    check(scene.connects("user=tls_only")?.encrypted, "tls_only")?;
    // Let in without TLS only: prefer finds out, require does not give in.
    check(!scene.connects("user=plain")?.encrypted, "plain")?;
    scene.refused("user=plain sslmode=require", &refused)?;
    let both = ["no pg_hba.conf entry", "without TLS:"];
    scene.refused("user=nobody", &both)?;
    scene.refused("sslnegotiation=direct", &["needs sslmode=require"])?;
    if std::env::var_os("REPACKD_TEST_BIN_18").is_some() {
        check(scene.connects("sslmode=require sslnegotiation=direct")?.encrypted, "direct")?;
    }
    Ok(())
}

fn client_certificates() -> Outcome {
    let scene = Scene::new()?;
    let mine = scene.root.issue("cert_user", &[], 200);
    let cert = scene.file("me.crt", &mine.pem);
    let key = scene.file("me.key", &mine.key);
    let words = format!("user=cert_user sslmode=require sslcert={cert} sslkey={key}");
    check(scene.connects(&words)?.user == "cert_user", "the user of the certificate")?;
    scene.refused("user=cert_user sslmode=require", &["certificate"])?;
    scene.refused(&format!("{words} sslcertmode=disable"), &["certificate"])?;
    // A certificate for one is no certificate for another.
    let another = words.replace("user=cert_user", "user=two_ways password='corr:ect\\\\horse'");
    scene.refused(&another, &["28"])?;
    let both = scene.issuing.issue("two_ways", &[], 201);
    let both_cert = scene.file("both.crt", &(both.pem + &scene.issuing.pem));
    let both_key = scene.file("both.key", &both.key);
    scene.connects(&format!(
        "user=two_ways sslmode=require sslcert={both_cert} sslkey={both_key} \
         password='corr:ect\\\\horse' channel_binding=require"
    ))?;
    let stranger = Authority::root("Somebody Else").issue("cert_user", &[], 1);
    let cert2 = scene.file("stranger.crt", &stranger.pem);
    let key2 = scene.file("stranger.key", &stranger.key);
    scene.refused(
        &format!("user=cert_user sslmode=require sslcert={cert2} sslkey={key2}"),
        &["does not accept our client certificate"],
    )?;
    scene.refused(
        &format!("user=cert_user sslmode=require sslcert={cert} sslkey={key2}"),
        &["do not go together"],
    )?;
    scene.refused(
        &format!("user=cert_user sslmode=require sslcert={cert} sslkey=/no/such.key"),
        &["present, but not its key file /no/such.key"],
    )?;
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let encrypted = scene.file("encrypted.key", encrypted);
    scene.refused(
        &format!("user=cert_user sslmode=require sslcert={cert} sslkey={encrypted}"),
        &["is encrypted, which is not supported"],
    )?;
    // The default files.
    scene.file(".postgresql/postgresql.crt", &mine.pem);
    scene.file(".postgresql/postgresql.key", &mine.key);
    scene.connects("user=cert_user sslmode=require")?;
    open_to_others(&key);
    scene.refused(&words, &["me.key", "can be read by others"])
}

fn open_to_others(path: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
}

fn passwords() -> Outcome {
    let scene = Scene::new()?;
    let port = scene.server.port;
    // Nowhere, and wrong.
    let asks =
        ["asks for a password for user scram", "PGPASSWORD is not set", ".pgpass does not exist"];
    scene.refused("user=scram", &asks)?;
    let wrong = [
        "password authentication failed",
        "28P01",
        "the password was the one in the configuration or the URL",
    ];
    scene.refused("user=scram password=battery-horse", &wrong)?;
    let wrong_url = format!("postgres://scram:battery-horse@127.0.0.1:{port}/shop");
    scene.refused(&wrong_url, &wrong)?;
    // In the URL, the words, the variable.
    scene.connects(&format!("postgres://scram:{IN_URL}@127.0.0.1:{port}/shop"))?;
    scene.connects(r"user=scram password='corr:ect\\horse'")?;
    scene.connects(r"user=old sslmode=disable password='corr:ect\\horse'")?;
    scene.connect_with("user=scram", &[("PGPASSWORD", PASSWORD)])?;
    // Bound to the TLS connection, which without TLS is not to be had.
    scene.connects(
        r"user=scram password='corr:ect\\horse' sslmode=require channel_binding=require",
    )?;
    scene.refused(
        r"user=scram password='corr:ect\\horse' sslmode=disable channel_binding=require",
        &["channel binding"],
    )?;
    // Password files: ours, another one, one without the line, one that others can read.
    let line = format!("db.test:{port}:*:scram:{IN_PASSFILE}\n");
    let passfile = scene.file("pass", &line);
    scene.connect_with("user=scram", &[("PGPASSFILE", &passfile)])?;
    scene.connects(&format!("user=scram passfile={passfile}"))?;
    scene.refused(
        &format!("user=old passfile={passfile}"),
        &["has no line for db.test", ":shop:old"],
    )?;
    let pgpass = scene.file(".pgpass", &line);
    scene.connects("user=scram")?;
    open_to_others(&pgpass);
    scene.refused("user=scram", &["others can read it", "chmod 0600"])?;

    // password_file: beside the configuration file, and read anew for each connection.
    let secret = scene.file("secret", "battery-horse\n");
    let keys = "user = \"scram\"\npassword_file = \"secret\"";
    mentions(keys, scene.configured(keys), &["28P01", "from password_file", &secret])?;
    scene.file("secret", &format!("{PASSWORD}\n"));
    scene.configured(keys)?;
    password_command(&scene)
}

/// `password_command` runs anew for each connection: its token is good once.
fn password_command(scene: &Scene) -> Outcome {
    let directory = scene.server.directory.display();
    // The command itself counts up and sets the new password, as a service handing out tokens
    // that expire would.
    let script = format!(
        "n=$(cat '{home}/n' 2>/dev/null || echo 0); n=$((n + 1)); echo $n > '{home}/n'; \
         echo \"$PGUSER@$PGHOST:$PGPORT/$PGDATABASE\" > '{home}/asked'; echo token-$n",
        home = scene.home
    );
    let keys = format!("user = \"scram\"\npassword_command = '''{script}'''");
    let path = scene.file("command.toml", &format!("[connections.x]\n{keys}\n"));
    let text = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
    let config = Config::parse_in(&text, Some(path.as_ref()), &scene.environment(&[]))
        .map_err(|e| e.to_string())?;
    let superuser = format!("user=postgres host={directory} hostaddr=");
    let socket = Environment::of([("PGPORT", scene.server.port.to_string().as_str())]);
    let superuser = Config::from_url_in(Some(&superuser), &socket).map_err(|e| e.to_string())?;
    for n in 1..=3 {
        runtime().block_on(async {
            let session = pg::connect(&superuser.connections[0].server, "repackd-test")
                .await
                .map_err(|e| e.to_string())?;
            let set = format!("ALTER ROLE scram PASSWORD 'token-{n}'");
            session.batch_execute(&set).await.map_err(|e| e.to_string())
        })?;
        ask(&config).map_err(|e| format!("token {n}: {e}"))?;
    }
    let asked = std::fs::read_to_string(format!("{}/asked", scene.home)).unwrap_or_default();
    check(asked.trim() == format!("scram@db.test:{}/shop", scene.server.port), &asked)?;
    // A stale token is refused, without the token in the message.
    let stale = ask(&config);
    mentions(
        "stale",
        stale.map_err(|e| e.replace("token-4", "horse")),
        &["28P01", "password_command"],
    )?;
    let failing = "password_command = [\"sh\", \"-c\", \"echo horse; echo no ticket >&2; exit 3\"]";
    mentions(
        failing,
        scene.configured(&format!("user = \"scram\"\n{failing}")),
        &["exit status: 3", "no ticket"],
    )?;
    let missing = "user = \"scram\"\npassword_command = [\"/no/such/program\"]";
    mentions(missing, scene.configured(missing), &["/no/such/program", "cannot be run"])?;
    let silent = "user = \"scram\"\npassword_command = \"true\"";
    mentions(silent, scene.configured(silent), &["printed nothing"])
}

fn services_and_sockets() -> Outcome {
    let scene = Scene::new()?;
    let port = scene.server.port;
    let directory = scene.server.directory.display().to_string();
    // Nothing but the service says where to go.
    let home = scene.home.as_str();
    let bare = |words: &str, more: &[(&str, &str)]| {
        let own = [("HOME", home), ("USER", "app")];
        let environment = Environment::of(own.iter().chain(more).copied());
        let config = Config::from_url_in(Some(words), &environment).map_err(|e| e.to_string())?;
        ask(&config)
    };
    let text = format!(
        "[shop]\nhost=127.0.0.1\nport={port}\ndbname=shop\nuser=scram\npassword={PASSWORD}\n\
         sslmode=require\n[socket]\nhost={directory}\nport={port}\ndbname=shop\n"
    );
    let file = scene.file("services", &text);
    check(bare("service=shop", &[("PGSERVICEFILE", &file)])?.user == "scram", "service")?;
    check(bare("", &[("PGSERVICEFILE", &file), ("PGSERVICE", "shop")])?.encrypted, "PGSERVICE")?;
    // What is given comes before the service, the service before the environment.
    let more = [("PGSERVICEFILE", file.as_str()), ("PGUSER", "nobody"), ("PGSERVICE", "shop")];
    check(bare("user=app", &more)?.user == "app", "given before service")?;
    check(bare("", &more)?.user == "scram", "service before environment")?;
    scene.file(".pg_service.conf", &text);
    bare("postgres://?service=shop", &[])?;
    mentions("shop2", bare("service=shop2", &[]), &["there is no service `shop2`"])?;

    // Sockets: no TLS there, whatever sslmode says; a password all the same.
    check(!bare("service=socket sslmode=verify-full", &[])?.encrypted, "socket")?;
    let encoded = directory.replace('/', "%2F");
    check(bare(&format!("postgres://app@{encoded}:{port}/shop"), &[])?.user == "app", "in URL")?;
    bare(&format!("postgres:///shop?host={directory}&port={port}&user=app"), &[])?;
    let pass = scene.file("pass", &format!("{directory}:{port}:shop:scram:{IN_PASSFILE}\n"));
    bare("service=socket user=scram", &[("PGPASSFILE", &pass)])?;
    mentions(
        "no socket",
        bare("host=/no/such dbname=shop", &[]),
        &["there is no socket /no/such/.s.PGSQL.5432"],
    )
}

fn sessions() -> Outcome {
    let mut scene = Scene::new()?;
    let (port, unused) = (scene.server.port, 1);
    // The first host is out of order, the second is not.
    scene.connects(&format!(
        "host=127.0.0.1,127.0.0.1 hostaddr=127.0.0.1,127.0.0.1 port={unused},{port}"
    ))?;
    scene.connects(&format!(
        "postgres://127.0.0.1:{unused},127.0.0.1:{port}/shop?hostaddr=127.0.0.1,127.0.0.1"
    ))?;
    for wanted in ["any", "read-write", "primary", "prefer-standby"] {
        scene.connects(&format!("target_session_attrs={wanted}"))?;
    }
    scene.refused("target_session_attrs=standby", &["not a standby"])?;
    scene.refused("target_session_attrs=read-only", &["not read-only"])?;
    scene
        .connects("target_session_attrs=read-only options='-c default_transaction_read_only=on'")?;

    let root = scene.file("ca.pem", &scene.root.pem);
    let words = format!("sslmode=verify-full sslrootcert={root}");
    let config =
        Config::from_url_in(Some(&words), &scene.environment(&[])).map_err(|e| e.to_string())?;
    runtime().block_on(async {
        let session = pg::connect(&config.connections[0].server, "repackd-test")
            .await
            .map_err(|e| e.to_string())?;
        let sleep = session.batch_execute("SELECT pg_sleep(60)");
        let cancel = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            session.cancel().await
        };
        let started = std::time::Instant::now();
        let (slept, cancelled) = tokio::join!(sleep, cancel);
        cancelled.map_err(|e| e.to_string())?;
        let code = slept.err().and_then(|e| e.code().cloned());
        check(code == Some(tokio_postgres::error::SqlState::QUERY_CANCELED), "cancelled")?;
        check(started.elapsed().as_secs() < 30, "cancelled at once")?;
        check(!session.is_closed(), "open")?;
        scene.server.stop();
        let _ = session.batch_execute("SELECT 1").await;
        check(session.is_closed(), "closed")
    })?;
    scene.refused("", &["refused"])
}

fn out_of_reach() -> Outcome {
    let scene = Scene::new()?;
    scene.refused("dbname=nothere", &["\"nothere\" does not exist", "3D000"])?;
    scene.refused("port=1", &["db.test:1/shop as app", "refused"])?;
    // The reserved top-level domain that never exists.
    let unresolved = Config::from_url_in(
        Some("host=db.invalid"),
        &Environment::of([("USER", "app"), ("HOME", "/none")]),
    );
    let unresolved = ask(&unresolved.map_err(|e| e.to_string())?);
    mentions("db.invalid", unresolved, &["the address of db.invalid is not to be had"])?;
    // A server that takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let port = silent.local_addr().map_err(|e| e.to_string())?.port();
    let started = std::time::Instant::now();
    scene.refused(&format!("port={port} connect_timeout=1"), &["no answer within 1 s"])?;
    check(started.elapsed().as_secs() < 5, "connect_timeout is kept")
}
