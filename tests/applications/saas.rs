//! The users of the software: several tenants' members, who see what is theirs and nothing else.

use super::hand::Hand;
use super::{Application, equal, nothing};
use crate::support::{Outcome, Server};
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::Client;

/// A tenant's number, and the identifier of something of it.
type Own = (i32, i64);

/// A client, who is many people.
pub struct User {
    hand: Hand,
    number: i64,
    next: i64,
    /// The states of the tasks it has made.
    tasks: BTreeMap<Own, String>,
    comments: BTreeMap<Own, i64>,
    /// In which year.
    events: BTreeMap<Own, i32>,
    /// How many events there have been, by tenant.
    counted: BTreeMap<i32, i64>,
    /// How many deliveries a job has.
    jobs: BTreeMap<i64, i64>,
    sessions: BTreeSet<String>,
    joined: i64,
}

impl Application for User {
    const NAME: &'static str = "saas";
    const SCHEMA: &'static str = include_str!("saas.sql");
    const SESSION: &'static str = "SET search_path = app, public";

    fn refused(server: &Server) -> Vec<(&'static str, &'static str)> {
        // Its owner may not see all rows. Nor can he validate a foreign key from it or to it;
        // a superuser can.
        let mut refused = vec![("app.invoices", "row security")];
        if server.version % 2 == 1 {
            refused.push(("app.invoice_lines", "row security"));
            refused.push(("app.tenants", "row security"));
        }
        if server.version < 18 {
            refused.push(("app.tenants", "before 18"));
            refused.push(("app.users", "before 18"));
        }
        refused
    }

    fn new(hand: Hand, number: i64) -> Self {
        Self {
            hand,
            number,
            next: 0,
            tasks: BTreeMap::new(),
            comments: BTreeMap::new(),
            events: BTreeMap::new(),
            counted: BTreeMap::new(),
            jobs: BTreeMap::new(),
            sessions: BTreeSet::new(),
            joined: 0,
        }
    }

    fn hand(&self) -> &Hand {
        &self.hand
    }

    async fn turn(&mut self) -> Outcome {
        match self.hand.random.range(0, 100) {
            0..18 => self.plan().await,
            18..32 => self.advance().await,
            32..37 => self.discard().await,
            37..55 => self.event().await,
            55..65 => self.job().await,
            65..75 => self.session().await,
            75..80 => self.rename_teams().await,
            80..83 => self.join().await,
            83..91 => self.trespass().await,
            _ => self.look().await,
        }
    }

    async fn verify(clients: &[Self], database: &Client) -> Outcome {
        let rows = |sql: &'static str| async move {
            database.query(sql, &[]).await.map_err(|e| format!("{sql}: {e:?}"))
        };
        let found = rows(
            "SELECT substr(n.subdomain, 8)::int, t.id, t.state::text, (SELECT count(*) FROM app.comments c WHERE (c.tenant_id, c.task_id) = (t.tenant_id, t.id))
             FROM app.tasks t JOIN app.tenants n ON n.id = t.tenant_id WHERE t.title LIKE 'by client%'",
        )
        .await?;
        let found = found.iter().map(|r| ((r.get(0), r.get(1)), r.get(2), r.get(3))).collect();
        let recorded = clients.iter().flat_map(|c| {
            c.tasks.iter().map(|(own, state)| {
                (*own, state.clone(), c.comments.get(own).copied().unwrap_or(0))
            })
        });
        equal::<(Own, String, i64)>("tasks", recorded.collect(), found)?;

        let found = rows(
            "SELECT substr(n.subdomain, 8)::int, e.id, extract(year FROM e.at)::int FROM events.events e JOIN app.tenants n ON n.id = e.tenant_id WHERE e.kind LIKE 'client%'",
        )
        .await?;
        let found = found.iter().map(|r| ((r.get(0), r.get(1)), r.get(2))).collect();
        let recorded: Vec<(Own, i32)> = clients.iter().flat_map(|c| c.events.clone()).collect();
        println!("{} events", recorded.len());
        equal("events", recorded, found)?;

        let found = rows("SELECT substr(n.subdomain, 8)::int, sum(c.n)::bigint FROM app.counters c JOIN app.tenants n ON n.id = c.tenant_id WHERE c.what LIKE 'client%' GROUP BY 1").await?;
        let mut counted = BTreeMap::new();
        for (tenant, n) in clients.iter().flat_map(|c| &c.counted) {
            *counted.entry(*tenant).or_default() += n;
        }
        let found = found.iter().map(|r| (r.get(0), r.get(1))).collect();
        equal::<(i32, i64)>("counted events", counted.into_iter().collect(), found)?;

        let found = rows("SELECT j.id, count(d.id) FROM events.jobs j LEFT JOIN events.deliveries d ON (d.region, d.job) = (j.region, j.id) WHERE j.id > 200 GROUP BY 1").await?;
        let found = found.iter().map(|r| (r.get(0), r.get(1))).collect();
        let recorded = clients.iter().flat_map(|c| c.jobs.clone()).collect();
        equal::<(i64, i64)>("deliveries", recorded, found)?;

        let found = rows("SELECT token::text FROM app.sessions WHERE user_id < 0").await?;
        let recorded = clients.iter().flat_map(|c| c.sessions.clone()).collect();
        equal::<String>("sessions", recorded, found.iter().map(|r| r.get(0)).collect())?;
        let found = rows("SELECT count(*) FROM app.users WHERE email LIKE '%@joined'").await?;
        let joined = clients.iter().map(|c| c.joined).sum::<i64>();
        equal("users", vec![joined], vec![found[0].get(0)])?;

        let sql = "SELECT t.id, task_count, count(k.id) FROM app.tenants t LEFT JOIN app.tasks k ON k.tenant_id = t.id GROUP BY 1 HAVING task_count <> count(k.id)";
        nothing(database, "task_count", sql).await?;
        let sql = "SELECT p.tenant_id, p.id FROM app.projects p JOIN app.tasks k ON (k.tenant_id, k.project_id) = (p.tenant_id, p.id) GROUP BY 1, 2 HAVING max(k.number) >= p.next_number";
        nothing(database, "numbers", sql).await?;
        let sql = "SELECT tenant_id, array_agg(name) FROM app.teams GROUP BY 1 HAVING count(*) <> 3 OR bool_or(name !~ '^Team [123]$')";
        nothing(database, "teams", sql).await
    }
}

impl User {
    /// Begins a transaction as a member, or as an admin, of the tenant.
    async fn begin(&mut self, tenant: i32, admin: bool) -> Outcome {
        // See the rows of users and members in the schema.
        let user = i64::from(tenant) + if admin { 11 } else { 23 + 12 * (1 + self.number) };
        self.hand.simple("BEGIN").await?;
        let sql = "SELECT set_config('app.tenant', md5('tenant' || $1::int)::uuid::text, true), set_config('app.user', $2::text, true)";
        self.hand.row(sql, &[&tenant, &user.to_string()]).await?;
        Ok(())
    }

    fn tenant(&mut self) -> i32 {
        self.hand.random.range(1, 13) as i32
    }

    /// A task of its own that can be moved on.
    fn task(&mut self) -> Option<Own> {
        let all: Vec<Own> =
            self.tasks.iter().filter(|(_, s)| *s != "done").map(|(own, _)| *own).collect();
        let at = self.hand.random.range(0, all.len() as i64) as usize;
        all.get(at).copied()
    }

    /// New tasks in a project.
    async fn plan(&mut self) -> Outcome {
        let tenant = self.tenant();
        self.begin(tenant, false).await?;
        let hand = &mut self.hand;
        let (project, count) = (hand.random.range(1, 5), hand.random.range(1, 4));
        let sql = "INSERT INTO tasks (tenant_id, project_id, title, assignee, number)
             SELECT tenant(), $1, 'by client ' || i, me(), NULL FROM generate_series(1, $2::bigint) i RETURNING id";
        let ids: Vec<i64> =
            hand.rows(sql, &[&project, &count]).await?.iter().map(|r| r.get(0)).collect();
        equal("new tasks", vec![count], vec![ids.len() as i64])?;
        let sql = "INSERT INTO task_labels SELECT tenant(), unnest($1::bigint[]), 'label 1'";
        hand.change(ids.len(), sql, &[&ids]).await?;
        if hand.end().await? {
            self.tasks.extend(ids.iter().map(|id| ((tenant, *id), "open".to_owned())));
        }
        Ok(())
    }

    /// A task goes on, by way of the table, of a view or of a function.
    async fn advance(&mut self) -> Outcome {
        let Some(own) = self.task() else { return Ok(()) };
        self.begin(own.0, false).await?;
        let hand = &mut self.hand;
        let (mut state, mut comments) = ("doing", 1);
        let comment = "INSERT INTO comments (tenant_id, task_id, author, body) VALUES (tenant(), $1, me(), 'a comment')";
        match hand.random.range(0, 3) {
            0 => {
                let sql = "UPDATE tasks SET state = 'doing', points = points + 1 WHERE id = $1";
                hand.change(1, sql, &[&own.1]).await?;
                hand.change(1, comment, &[&own.1]).await?;
            }
            1 => {
                let sql = "UPDATE api.own_tasks SET state = 'doing', body = 'longer' WHERE id = $1";
                hand.change(1, sql, &[&own.1]).await?;
                let answer = "WITH c AS (INSERT INTO comments (tenant_id, task_id, author, body) VALUES (tenant(), $1, me(), 'a question') RETURNING id) SELECT id::text FROM c";
                let id: String = hand.one(answer, &[&own.1]).await?;
                let sql = "INSERT INTO comments (tenant_id, task_id, reply_to, author, body) VALUES (tenant(), $1, $2::text::uuid, me(), 'an answer')";
                hand.change(1, sql, &[&own.1, &id]).await?;
                comments = 2;
            }
            _ => {
                let title: String = hand.one("SELECT api.finish($1)", &[&own.1]).await?;
                equal("title", vec![true], vec![title.starts_with("by client")])?;
                state = "done";
            }
        }
        if hand.end().await? {
            self.tasks.insert(own, state.to_owned());
            *self.comments.entry(own).or_default() += comments;
        }
        Ok(())
    }

    /// Only an admin can delete.
    async fn discard(&mut self) -> Outcome {
        let Some(own) = self.task() else { return Ok(()) };
        self.begin(own.0, false).await?;
        self.hand.change(0, "DELETE FROM tasks WHERE id = $1", &[&own.1]).await?;
        self.hand.simple("ROLLBACK").await?;
        self.begin(own.0, true).await?;
        self.hand.change(1, "DELETE FROM tasks WHERE id = $1", &[&own.1]).await?;
        if self.hand.end().await? {
            self.tasks.remove(&own);
            self.comments.remove(&own);
        }
        Ok(())
    }

    /// Through the parent of all partitions: new, moved to another partition, or deleted.
    async fn event(&mut self) -> Outcome {
        let old: Vec<Own> = self.events.keys().copied().collect();
        let hand = &mut self.hand;
        let year = [2023, 2024, 2026, 2026, 2026, 2101][hand.random.range(0, 6) as usize];
        let kind = format!("client {}", self.number);
        let at = hand.random.range(0, old.len() as i64) as usize;
        match (hand.random.range(0, 10), old.get(at).copied()) {
            (0..2, Some(own)) => {
                self.begin(own.0, false).await?;
                let sql = "UPDATE events.events SET at = make_timestamptz($3, 5, 1, 0, 0, 0, 'UTC') + id * interval '1 second' WHERE id = $1 AND kind = $2";
                self.hand.change(1, sql, &[&own.1, &kind, &year]).await?;
                // Each year is in a partition of its own, and to move there is an insert.
                if self.hand.end().await? && self.events.insert(own, year) != Some(year) {
                    *self.counted.entry(own.0).or_default() += 1;
                }
            }
            (2, Some(own)) => {
                self.begin(own.0, false).await?;
                let sql = "DELETE FROM events.events WHERE id = $1 AND kind = $2";
                self.hand.change(1, sql, &[&own.1, &kind]).await?;
                if self.hand.end().await? {
                    self.events.remove(&own);
                }
            }
            _ => {
                let tenant = self.tenant();
                self.begin(tenant, false).await?;
                let sql = "INSERT INTO events.events (tenant_id, kind, at, user_id)
                     SELECT tenant(), $1, make_timestamptz($2, 1, 1, 0, 0, 0, 'UTC') + i * interval '1 hour', me() FROM generate_series(1, 3) i RETURNING id";
                let rows = self.hand.rows(sql, &[&kind, &year]).await?;
                equal("new events", vec![3], vec![rows.len()])?;
                if self.hand.end().await? {
                    self.events.extend(rows.iter().map(|r| ((tenant, r.get(0)), year)));
                    *self.counted.entry(tenant).or_default() += 3;
                }
            }
        }
        Ok(())
    }

    async fn job(&mut self) -> Outcome {
        let id = (self.number + 1) * 1_000_000 + self.hand.random.range(0, 60);
        let hand = &mut self.hand;
        let Some(deliveries) = self.jobs.get(&id).copied() else {
            let region = ["eu", "uk", "us", "jp"][hand.random.range(0, 4) as usize];
            let sql = "INSERT INTO events.jobs VALUES ($1, $2, md5('tenant1')::uuid)";
            hand.change(1, sql, &[&region, &id]).await?;
            self.jobs.insert(id, 0);
            return Ok(());
        };
        if hand.random.percent(15) {
            hand.change(1, "DELETE FROM events.jobs WHERE id = $1", &[&id]).await?;
            self.jobs.remove(&id);
            return Ok(());
        }
        hand.simple("BEGIN").await?;
        let sql = "UPDATE events.jobs SET attempts = attempts + 1 WHERE id = $1 AND attempts = $2";
        hand.change(1, sql, &[&id, &(deliveries as i32)]).await?;
        let sql = "INSERT INTO events.deliveries (region, job) SELECT region, id FROM events.jobs WHERE id = $1";
        hand.change(1, sql, &[&id]).await?;
        if hand.end().await? {
            self.jobs.insert(id, deliveries + 1);
        }
        Ok(())
    }

    async fn session(&mut self) -> Outcome {
        let hand = &mut self.hand;
        match self.sessions.first().cloned() {
            Some(token) if hand.random.percent(40) => {
                hand.change(1, "DELETE FROM sessions WHERE token = $1::text::uuid", &[&token])
                    .await?;
                self.sessions.remove(&token);
            }
            Some(token) if hand.random.percent(50) => {
                let sql = "UPDATE sessions SET seen_at = now() WHERE token = $1::text::uuid";
                hand.change(1, sql, &[&token]).await?;
            }
            _ => {
                let sql = "INSERT INTO sessions (tenant_id, user_id) VALUES (gen_random_uuid(), -1) RETURNING token::text";
                self.sessions.insert(hand.one(sql, &[]).await?);
            }
        }
        Ok(())
    }

    /// The teams of a tenant exchange their names, which are unique only at the end.
    async fn rename_teams(&mut self) -> Outcome {
        let tenant = self.tenant();
        self.begin(tenant, false).await?;
        let hand = &mut self.hand;
        hand.rows("SELECT id FROM teams ORDER BY id FOR UPDATE", &[]).await?;
        hand.simple("SET CONSTRAINTS app.teams_tenant_id_name_key DEFERRED").await?;
        for id in 1i64..=3 {
            let sql =
                "UPDATE teams SET name = 'Team ' || 1 + right(name, 1)::int % 3 WHERE id = $1";
            hand.change(1, sql, &[&id]).await?;
        }
        hand.end().await?;
        Ok(())
    }

    async fn join(&mut self) -> Outcome {
        self.next += 1;
        let email = format!("{}.{}@joined", self.number, self.next);
        self.hand
            .change(1, "INSERT INTO users (email, name) VALUES ($1, 'new')", &[&email])
            .await?;
        self.joined += 1;
        Ok(())
    }

    /// What is not allowed has to fail at any moment.
    async fn trespass(&mut self) -> Outcome {
        let tenant = self.tenant();
        self.begin(tenant, false).await?;
        let (sql, code) = match self.hand.random.range(0, 8) {
            0 => (
                "INSERT INTO tasks (tenant_id, project_id, title) VALUES (md5('tenant13')::uuid, 1, 'x')",
                "42501",
            ),
            1 => (
                "INSERT INTO events.events (tenant_id, kind) VALUES (md5('tenant13')::uuid, 'x')",
                "42501",
            ),
            2 => (
                "INSERT INTO tasks (tenant_id, project_id, title, assignee) VALUES (tenant(), 1, 'x', 999)",
                "23503",
            ),
            3 => (
                "INSERT INTO tasks (tenant_id, project_id, title) VALUES (tenant(), 99, 'x')",
                "42501",
            ),
            4 => ("INSERT INTO events.events (tenant_id, kind) VALUES (tenant(), '')", "23514"),
            5 => ("INSERT INTO events.deliveries (region, job) VALUES ('eu', -1)", "23503"),
            6 => ("SELECT secret FROM users", "42501"),
            _ => ("INSERT INTO labels VALUES (tenant(), 'label 1', '#000000')", "23505"),
        };
        self.hand.fails(sql, code).await?;
        self.hand.simple("ROLLBACK").await
    }

    /// It sees what is its own, and nothing of others.
    async fn look(&mut self) -> Outcome {
        let tenant = self.tenant();
        self.begin(tenant, false).await?;
        let hand = &mut self.hand;
        for table in [
            "tasks",
            "comments",
            "labels",
            "members",
            "api_keys",
            "task_labels",
            "projects",
            "events.events",
        ] {
            let sql = format!(
                "SELECT count(*) FILTER (WHERE tenant_id = tenant()), count(*) FROM {table}"
            );
            let row = hand.row(&sql, &[]).await?;
            let (own, all): (i64, i64) = (row.get(0), row.get(1));
            if own == 0 || own != all {
                return Err(format!("{own} rows of {table} are its own, and it sees {all}"));
            }
        }
        let colleagues: i64 =
            hand.one("SELECT count(*) FROM users WHERE email LIKE 'User%'", &[]).await?;
        equal("colleagues", vec![10], vec![colleagues])?;
        let board = "SELECT (SELECT sum(cardinality(tasks))::bigint FROM api.board) = (SELECT count(*) FROM tasks)";
        equal("the board", vec![true], vec![hand.one(board, &[]).await?])?;
        let open = "SELECT (SELECT sum(api.open_tasks(i))::bigint FROM generate_series(1, 4) i) = (SELECT count(*) FROM tasks WHERE state <> 'done')";
        equal("open tasks", vec![true], vec![hand.one(open, &[]).await?])?;
        let sql = "SELECT n > 0 FROM api.usage WHERE day IS NULL AND kind = 'view'";
        equal("usage", vec![true], vec![hand.one(sql, &[]).await?])?;
        hand.simple("ROLLBACK").await?;
        // Who is a member of nothing sees no task.
        hand.simple("BEGIN").await?;
        hand.row("SELECT set_config('app.tenant', md5('tenant1')::uuid::text, true)", &[]).await?;
        equal("strangers", vec![0i64], vec![hand.one("SELECT count(*) FROM tasks", &[]).await?])?;
        hand.simple("ROLLBACK").await
    }
}
