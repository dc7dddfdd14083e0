//! The tellers of a ledger: what they book balances, and cannot be changed any more.

use super::hand::Hand;
use super::{Application, CLIENTS, equal, nothing};
use crate::support::{Outcome, Server};
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::Client;

/// One of them, and what it has done.
pub struct Teller {
    hand: Hand,
    number: i64,
    next: i64,
    /// The sum of debits and the number of postings of each transaction.
    booked: BTreeMap<i64, (i64, i64)>,
    reversed: BTreeSet<i64>,
    holds: BTreeMap<String, i64>,
    /// How often accounts and rates were changed.
    versions: BTreeMap<i64, i32>,
    rates: i64,
    journals: i64,
    opened: i64,
}

impl Application for Teller {
    const NAME: &'static str = "ledger";
    const SCHEMA: &'static str = include_str!("ledger.sql");
    const SESSION: &'static str = "SET search_path = ledger, ext, public";

    fn refused(_: &Server) -> Vec<(&'static str, &'static str)> {
        // A child of it has another parent behind it, and their order could not be kept.
        vec![("ledger.history", "inherits from ledger.versioned after it")]
    }

    fn new(hand: Hand, number: i64) -> Self {
        Self {
            hand,
            number,
            next: 0,
            booked: BTreeMap::new(),
            reversed: BTreeSet::new(),
            holds: BTreeMap::new(),
            versions: BTreeMap::new(),
            rates: 0,
            journals: 0,
            opened: 0,
        }
    }

    fn hand(&self) -> &Hand {
        &self.hand
    }

    async fn turn(&mut self) -> Outcome {
        match self.hand.random.range(0, 100) {
            0..35 => self.book().await,
            35..42 => self.reverse().await,
            42..57 => self.hold().await,
            57..65 => self.rename().await,
            65..70 => self.rate().await,
            70..73 => self.open().await,
            73..76 => self.rules().await,
            76..80 => self.hand_over().await,
            80..92 => self.mistake().await,
            _ => self.look().await,
        }
    }

    async fn verify(clients: &[Self], database: &Client) -> Outcome {
        let rows = |sql: &'static str| async move {
            database.query(sql, &[]).await.map_err(|e| format!("{sql}: {e:?}"))
        };
        let found = rows(
            "SELECT t.id, (sum(p.value::numeric) FILTER (WHERE side = 'debit'))::bigint, count(*) FROM ledger.transactions t JOIN ledger.postings p ON p.transaction_id = t.id
             WHERE t.id > 500 GROUP BY 1",
        )
        .await?;
        let found = found.iter().map(|r| (r.get(0), (r.get(1), r.get(2)))).collect();
        let recorded: Vec<(i64, (i64, i64))> =
            clients.iter().flat_map(|c| c.booked.clone()).collect();
        println!("{} transactions", recorded.len());
        equal("transactions", recorded, found)?;

        let found = rows("SELECT id::text, value::bigint FROM ledger.holds WHERE account_id = 3 AND value > 100000").await?;
        let found = found.iter().map(|r| (r.get(0), r.get(1))).collect();
        let recorded = clients.iter().flat_map(|c| c.holds.clone()).collect();
        equal::<(String, i64)>("holds", recorded, found)?;

        let found = rows("SELECT a.id, a.version - 1, (SELECT count(*) FROM ledger.accounts_history h WHERE h.id = a.id AND h.version > 0)::int FROM ledger.accounts a WHERE a.id <= 300 AND a.id % 10 <> 0").await?;
        let found: BTreeMap<i64, (i32, i32)> =
            found.iter().map(|r| (r.get(0), (r.get(1), r.get(2)))).collect();
        let mut recorded: BTreeMap<i64, (i32, i32)> =
            found.keys().map(|id| (*id, (0, 0))).collect();
        recorded
            .extend(clients.iter().flat_map(|c| c.versions.iter().map(|(id, n)| (*id, (*n, *n)))));
        equal("versions", recorded.into_iter().collect(), found.into_iter().collect())?;

        let sum = |one: fn(&Self) -> i64| clients.iter().map(one).sum::<i64>();
        for (what, expected, query) in [
            ("rates", sum(|c| c.rates), "SELECT count(*) FROM ledger.rates_history"),
            (
                "rates from the parent",
                sum(|c| c.rates),
                "SELECT count(*) FROM ledger.all_history WHERE source LIKE '%rates_history'",
            ),
            (
                "journals",
                sum(|c| c.journals),
                "SELECT count(*) FROM ledger.rules_seen WHERE what LIKE 'journal N%'",
            ),
            (
                "accounts",
                sum(|c| c.opened),
                "SELECT count(*) FROM ledger.accounts WHERE code LIKE 'new%'",
            ),
            (
                "reversals",
                sum(|c| c.reversed.len() as i64),
                "SELECT count(*) FROM ledger.transactions WHERE reverses IS NOT NULL",
            ),
        ] {
            equal(what, vec![expected], vec![rows(query).await?[0].get(0)])?;
        }
        for (what, query) in [
            ("sums", "SELECT currency, sum(value) FROM ledger.trial_balance WHERE type IS NULL GROUP BY 1 HAVING sum(value) <> 0"),
            ("balanced", "SELECT transaction_id FROM ledger.postings GROUP BY 1 HAVING sum(value) <> 0"),
            (
                "balances",
                "SELECT a.id, b.value, sum(p.value) FROM ledger.accounts a LEFT JOIN ledger.balances b ON b.account_id = a.id LEFT JOIN ledger.postings p ON p.account_id = a.id
                 GROUP BY 1, 2, b.postings HAVING (b.value, b.postings) IS DISTINCT FROM (COALESCE(sum(p.value), 0), count(p.line))",
            ),
            ("empty", "SELECT id FROM ledger.transactions t WHERE NOT EXISTS (SELECT FROM ledger.postings p WHERE p.transaction_id = t.id)"),
        ] {
            nothing(database, what, query).await?;
        }
        Ok(())
    }
}

impl Teller {
    /// Two to five lines, by the table or the view, that balance only at the commit.
    async fn book(&mut self) -> Outcome {
        let hand = &mut self.hand;
        let lines = hand.random.range(2, 6);
        hand.simple("BEGIN").await?;
        let sql =
            "INSERT INTO transactions (journal, text) VALUES ('GL', 'by client') RETURNING id";
        let id: i64 = hand.one(sql, &[]).await?;
        let value = hand.random.range(1, 20_000);
        // Accounts of one currency, each once.
        let first = hand.random.range(1, 280);
        let accounts: Vec<i64> = (0..lines).map(|i| first + i * 3).collect();
        let values: Vec<i64> =
            (1..=lines).map(|l| if l == lines { -value * (lines - 1) } else { value }).collect();
        if hand.random.percent(30) {
            // The balances have to be locked in order.
            let sql = "SELECT count(*) FROM (SELECT FROM accounts WHERE id = ANY ($1) FOR SHARE) x";
            equal("accounts", vec![lines], vec![hand.one(sql, &[&accounts]).await?])?;
            for (line, (account, value)) in (1i32..).zip(accounts.iter().zip(&values)) {
                let sql = "INSERT INTO entries (transaction_id, line, account, value) SELECT $1, $2, code, $4::bigint FROM accounts WHERE id = $3";
                hand.change(1, sql, &[&id, &(line as i16), account, value]).await?;
            }
        } else {
            let sql = "INSERT INTO postings (transaction_id, line, account_id, currency, value)
                 SELECT $1, x.line, a.id, a.currency, x.value FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY x(account, value, line) JOIN accounts a ON a.id = x.account";
            hand.change(lines as usize, sql, &[&id, &accounts, &values]).await?;
        }
        if hand.end().await? {
            self.booked.insert(id, (value * (lines - 1), lines));
        }
        Ok(())
    }

    async fn reverse(&mut self) -> Outcome {
        let open = self.booked.keys().find(|id| !self.reversed.contains(id)).copied();
        let Some(id) = open else { return Ok(()) };
        self.hand.simple("BEGIN").await?;
        let reversal: i64 = self.hand.one("SELECT undo($1)", &[&id]).await?;
        if self.hand.end().await? {
            // The reversal is not reversed itself.
            self.reversed.insert(id);
            let booked = self.booked[&id];
            self.booked.insert(reversal, booked);
        }
        Ok(())
    }

    async fn hold(&mut self) -> Outcome {
        let hand = &mut self.hand;
        match self.holds.first_key_value().map(|(id, _)| id.clone()) {
            Some(id) if hand.random.percent(30) => {
                let sql = "DELETE FROM holds WHERE id = $1::text::uuid";
                hand.change(1, sql, &[&id]).await?;
                self.holds.remove(&id);
            }
            Some(id) if hand.random.percent(40) => {
                let sql = "UPDATE holds SET value = value + 1 WHERE id = $1::text::uuid RETURNING value::bigint";
                let value = hand.one(sql, &[&id]).await?;
                let known = self.holds.insert(id, value).unwrap_or(0);
                equal("a hold", vec![known + 1], vec![value])?;
            }
            _ => {
                let value = hand.random.range(100_001, 200_000);
                let sql = "INSERT INTO holds (account_id, value) VALUES (3, $1::bigint) RETURNING id::text";
                let id = hand.one(sql, &[&value]).await?;
                self.holds.insert(id, value);
            }
        }
        Ok(())
    }

    /// The earlier version of an account goes to the history.
    async fn rename(&mut self) -> Outcome {
        let hand = &mut self.hand;
        let id = 1 + hand.random.range(0, 99) * CLIENTS + self.number;
        if id % 10 == 0 {
            return Ok(());
        }
        let version = self.versions.get(&id).copied().unwrap_or(0);
        hand.simple("BEGIN").await?;
        let sql =
            "UPDATE accounts SET code = 'C' || id || '.' || version WHERE id = $1 AND version = $2";
        hand.change(1, sql, &[&id, &(version + 1)]).await?;
        if hand.end().await? {
            self.versions.insert(id, version + 1);
        }
        Ok(())
    }

    async fn rate(&mut self) -> Outcome {
        let currency = ["USD", "JPY", "KWD"][self.number as usize];
        let sql = "UPDATE rates SET rate = $2::bigint / 1000.0 WHERE base = $1 AND quote = 'EUR'";
        let rate = self.hand.random.range(1, 2000);
        self.hand.change(1, sql, &[&currency, &rate]).await?;
        self.rates += 1;
        Ok(())
    }

    async fn open(&mut self) -> Outcome {
        let hand = &mut self.hand;
        self.next += 1;
        let code = format!("new {} {}", self.number, self.next);
        hand.simple("BEGIN").await?;
        let sql = "INSERT INTO accounts (code, type, normal, currency, parent) VALUES ($1, 'asset', 'debit', 'USD', 1) RETURNING id";
        let id: i64 = hand.one(sql, &[&code]).await?;
        let sql = "SELECT count(*) FROM balances WHERE account_id = $1 AND value = 0";
        equal("the new balance", vec![1i64], vec![hand.one(sql, &[&id]).await?])?;
        if hand.end().await? {
            self.opened += 1;
        }
        Ok(())
    }

    async fn rules(&mut self) -> Outcome {
        let code = format!("N{}", self.number);
        if self.journals == 0 {
            let sql = "INSERT INTO journals VALUES ($1, 'new')";
            self.hand.change(1, sql, &[&code]).await?;
            self.journals = 1;
        }
        self.hand.simple("DELETE FROM journals").await?;
        self.hand.simple("UPDATE periods SET closed = false WHERE id = 13").await
    }

    /// The holder of an account changes on a day; both at once would overlap.
    async fn hand_over(&mut self) -> Outcome {
        let hand = &mut self.hand;
        let account = 1 + hand.random.range(0, 99) * CLIENTS + self.number;
        hand.simple("BEGIN").await?;
        let sql = "SELECT count(*) FROM (SELECT FROM account_holders WHERE account_id = $1 ORDER BY holder_id FOR UPDATE) x";
        let holders: i64 = hand.one(sql, &[&account]).await?;
        if holders == 2 {
            hand.simple("SET CONSTRAINTS ledger.one_at_a_time DEFERRED").await?;
            let other = "(SELECT o.during FROM account_holders o WHERE o.account_id = $1 AND o.holder_id <> h.holder_id)";
            let sql =
                format!("UPDATE account_holders h SET during = {other} WHERE account_id = $1");
            hand.change(2, &sql, &[&account]).await?;
        }
        hand.end().await?;
        Ok(())
    }

    /// What is not allowed has to fail at any moment, some of it only at the commit.
    async fn mistake(&mut self) -> Outcome {
        let booking = "INSERT INTO transactions (journal, text) VALUES ('GL', 'wrong')";
        let posting =
            "INSERT INTO postings (transaction_id, line, account_id, currency, value) VALUES";
        let (before, sql, code) = match self.hand.random.range(0, 12) {
            0 => (format!("{booking}; {posting} (lastval(), 1, 1, 'USD', 5)"), "COMMIT", "LB001"),
            1 => (booking.to_owned(), "COMMIT", "LB002"),
            2 => (
                format!("{posting} (-1, 1, 1, 'USD', 5), (-1, 2, 4, 'USD', -5)"),
                "COMMIT",
                "23503",
            ),
            3 => (String::new(), "UPDATE transactions SET text = 'x' WHERE id = 1", "LB003"),
            4 => (String::new(), "DELETE FROM postings WHERE transaction_id = 1", "LB003"),
            5 => (
                String::new(),
                "INSERT INTO postings (transaction_id, line, account_id, currency, value) VALUES (1, 9, 1, 'EUR', 1)",
                "23503",
            ),
            6 => (
                String::new(),
                "INSERT INTO postings (transaction_id, line, account_id, currency, value) VALUES (1, 9, 1, 'USD', 0)",
                "23514",
            ),
            7 => (String::new(), "UPDATE accounts SET code = 'B10' WHERE id = 20", "23505"),
            8 => (
                String::new(),
                "INSERT INTO periods VALUES (99, '[2024-03-03,2024-03-04)')",
                "23P01",
            ),
            9 => {
                (String::new(), "UPDATE accounts SET currency = 'KWD' WHERE id = 1", "23503|23001")
            }
            10 => {
                ("UPDATE holders SET tax_number = 'T2' WHERE id = 1".to_owned(), "COMMIT", "23505")
            }
            _ => (String::new(), "DELETE FROM accounts WHERE id = 300", "23503"),
        };
        self.hand.simple("BEGIN").await?;
        if !before.is_empty() {
            self.hand.simple(&before).await?;
        }
        self.hand.fails(sql, code).await?;
        self.hand.simple("ROLLBACK").await
    }

    /// Everything adds up at any moment.
    async fn look(&mut self) -> Outcome {
        let hand = &mut self.hand;
        let sql = "SELECT count(*) FROM trial_balance t WHERE currency IS NOT NULL AND type IS NULL AND value <> 0";
        equal("the trial balance", vec![0i64], vec![hand.one(sql, &[]).await?])?;
        let account = hand.random.range(1, 301);
        let sql = "SELECT b.value = COALESCE((SELECT r.balance FROM running r WHERE r.account_id = b.account_id ORDER BY transaction_id DESC, line DESC LIMIT 1), 0) FROM balances b WHERE b.account_id = $1";
        equal("a balance", vec![true], vec![hand.one(sql, &[&account]).await?])?;
        let sql = "SELECT count(*) FROM tree(1)";
        let tree: i64 = hand.one(sql, &[]).await?;
        if tree < 10 {
            return Err(format!("the tree has {tree} accounts"));
        }
        let sql = "SELECT count(DISTINCT source) FROM all_history WHERE change < 1000000 OR change >= 1000000";
        let sources: i64 = hand.one(sql, &[]).await?;
        if sources < 3 {
            return Err(format!("the history has {sources} sources"));
        }
        hand.rows("SELECT * FROM worth WHERE account_id = $1", &[&account]).await?;
        Ok(())
    }
}
