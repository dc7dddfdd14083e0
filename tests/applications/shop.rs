//! The shop's clerks: they take orders, ship and cancel them, change prices, write reviews.

use super::hand::Hand;
use super::{Application, CLIENTS, equal, nothing};
use crate::support::{Outcome, Server, words};
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::Client;

/// An order: its total in cents, its state, its lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    total: i64,
    status: String,
    lines: i64,
}

/// One of them, and what it has done.
pub struct Clerk {
    hand: Hand,
    number: i64,
    next: i64,
    orders: BTreeMap<i64, Order>,
    /// In cents, of the variants that only this one changes.
    prices: BTreeMap<i64, i64>,
    customers: BTreeSet<i64>,
    /// By product and customer.
    reviews: BTreeMap<(i32, i64), i16>,
    carts: BTreeMap<String, BTreeMap<i64, i32>>,
    /// The messages taken from the outbox.
    taken: Vec<i64>,
}

impl Application for Clerk {
    const NAME: &'static str = "shop";
    const SCHEMA: &'static str = include_str!("shop.sql");
    const SESSION: &'static str = "SET search_path = shop, ext, public";

    fn refused(_: &Server) -> Vec<(&'static str, &'static str)> {
        // all_brands() returns rows of its type.
        vec![("shop.brands", "all_brands")]
    }

    fn new(hand: Hand, number: i64) -> Self {
        Self {
            hand,
            number,
            next: 0,
            orders: BTreeMap::new(),
            prices: BTreeMap::new(),
            customers: BTreeSet::new(),
            reviews: BTreeMap::new(),
            carts: BTreeMap::new(),
            taken: Vec::new(),
        }
    }

    fn hand(&self) -> &Hand {
        &self.hand
    }

    async fn turn(&mut self) -> Outcome {
        match self.hand.random.range(0, 100) {
            0..25 => self.order().await,
            25..35 => self.ship().await,
            35..42 => self.cancel().await,
            42..47 => self.register().await,
            47..50 => self.leave().await,
            50..60 => self.review().await,
            60..67 => self.reprice().await,
            67..77 => self.cart().await,
            77..86 => self.take().await,
            86..91 => self.mistake().await,
            _ => self.look().await,
        }
    }

    async fn verify(clients: &[Self], database: &Client) -> Outcome {
        let rows = |sql: &'static str| async move {
            database.query(sql, &[]).await.map_err(|e| format!("{sql}: {e:?}"))
        };
        let found = rows(
            "SELECT o.id, (o.total * 100)::bigint, o.status::text, (SELECT count(*) FROM shop.order_items i WHERE i.order_id = o.id)
             FROM shop.orders o WHERE o.id > 400",
        )
        .await?;
        let found: Vec<_> = found
            .iter()
            .map(|r| (r.get(0), Order { total: r.get(1), status: r.get(2), lines: r.get(3) }))
            .collect();
        let recorded: Vec<(i64, Order)> = clients.iter().flat_map(|c| c.orders.clone()).collect();
        println!("{} orders", recorded.len());
        equal("orders", recorded, found)?;

        let found = rows("SELECT variant_id, (amount * 100)::bigint FROM shop.prices WHERE currency = 'EUR' AND upper_inf(during)").await?;
        let found: BTreeMap<i64, i64> = found.iter().map(|r| (r.get(0), r.get(1))).collect();
        let changed: Vec<_> = clients.iter().flat_map(|c| c.prices.clone()).collect();
        let now = changed.iter().map(|(v, _)| (*v, found.get(v).copied().unwrap_or(-1))).collect();
        equal("prices", changed, now)?;

        let found = rows("SELECT id FROM shop.customers WHERE id > 300").await?;
        let recorded = clients.iter().flat_map(|c| c.customers.clone()).collect();
        equal("customers", recorded, found.iter().map(|r| r.get::<_, i64>(0)).collect())?;

        let found = rows("SELECT product_id, customer_id, rating::int2 FROM shop.reviews WHERE title = 'by a client'").await?;
        let found = found.iter().map(|r| ((r.get(0), r.get(1)), r.get(2))).collect();
        let recorded = clients.iter().flat_map(|c| c.reviews.clone()).collect();
        equal::<((i32, i64), i16)>("reviews", recorded, found)?;

        let found = rows("SELECT cart_id::text, variant_id, quantity FROM shop.cart_items WHERE cart_id::text LIKE '00000000%'").await?;
        let found =
            found.iter().map(|r| (r.get::<_, String>(0), r.get(1), r.get::<_, i32>(2))).collect();
        let carts = clients.iter().flat_map(|c| &c.carts);
        let recorded =
            carts.flat_map(|(cart, items)| items.iter().map(|(v, n)| (cart.clone(), *v, *n)));
        equal::<(String, i64, i32)>("carts", recorded.collect(), found)?;

        // A message is taken once. Each order has sent one for being placed and one for each state.
        let all: Vec<i64> = clients.iter().flat_map(|c| c.taken.clone()).collect();
        let once: BTreeSet<_> = all.iter().collect();
        if once.len() != all.len() {
            return Err(format!("{} messages were taken twice", all.len() - once.len()));
        }
        let left = rows("SELECT count(*) FROM shop.outbox").await?[0].get::<_, i64>(0);
        let sent =
            |o: &Order| if o.status == "shipped" { 3 } else { 1 + i64::from(o.status != "placed") };
        let sent: i64 = clients.iter().flat_map(|c| c.orders.values()).map(sent).sum();
        equal("messages", vec![sent], vec![left + all.len() as i64])?;
        totals(database).await
    }
}

/// What must add up, whoever wrote it.
async fn totals(database: &Client) -> Outcome {
    database.batch_execute("SET search_path = shop, ext, public").await.map_err(words)?;
    for (what, query) in [
        ("totals", "SELECT id, total, order_total(id) FROM orders WHERE total <> order_total(id)"),
        (
            "stock",
            "SELECT warehouse_id, variant_id, on_hand, sum(m.quantity) FROM inventory JOIN stock_movements m USING (warehouse_id, variant_id)
             GROUP BY 1, 2, 3 HAVING on_hand <> sum(m.quantity)",
        ),
        (
            "ratings",
            "SELECT p.id, rating_count, rating_sum, count(r.id), sum(r.rating) FROM products p LEFT JOIN reviews r ON r.product_id = p.id
             GROUP BY 1, 2, 3 HAVING (rating_count, rating_sum) <> (count(r.id), COALESCE(sum(r.rating), 0))",
        ),
        (
            "coupons",
            "SELECT code, uses, count(o.id) FROM coupons LEFT JOIN orders o ON o.coupon = code GROUP BY 1, 2 HAVING uses <> count(o.id)",
        ),
        (
            "the audit of orders",
            "SELECT o.id, l.n FROM (SELECT id FROM orders WHERE id > 400) o FULL JOIN
             (SELECT (new ->> 'id')::bigint AS id, count(*) AS n FROM audit.log WHERE what = 'shop.orders' AND operation = 'INSERT' AND (new ->> 'id')::bigint > 400 GROUP BY 1) l USING (id)
             WHERE o.id IS NULL OR l.n IS DISTINCT FROM 1",
        ),
        ("settings", "SELECT count(*) FROM settings HAVING count(*) <> 20"),
        ("best sellers", "SELECT count(*) FROM report.top_ten HAVING count(*) <> 10"),
    ] {
        nothing(database, what, query).await?;
    }
    Ok(())
}

impl Clerk {
    /// An own order in this state.
    fn own(&mut self, status: &str) -> Option<(i64, Order)> {
        let mine: Vec<_> = self.orders.iter().filter(|(_, o)| o.status == status).collect();
        let at = self.hand.random.range(0, mine.len() as i64) as usize;
        mine.get(at).map(|(id, order)| (**id, (*order).clone()))
    }

    async fn order(&mut self) -> Outcome {
        let random = &mut self.hand.random;
        let customer = random.range(2, 301); // the first is for mistakes
        let warehouse = random.range(1, 4) as i16;
        let coupon = random.percent(30).then(|| format!("save{}", random.range(1, 11)));
        // In order, so that nobody waits for another in a circle.
        let variants: BTreeSet<i64> =
            (0..random.range(1, 5)).map(|_| random.range(1, 161)).collect();
        let lines = variants.len() as i64;
        let hand = &mut self.hand;
        hand.simple("BEGIN").await?;
        if coupon.is_some() {
            let sql = "UPDATE coupons SET uses = uses + 1 WHERE code = $1::text::citext";
            hand.change(1, sql, &[&coupon]).await?;
        }
        let id: i64 = hand
            .one(
                "INSERT INTO orders (customer_id, coupon, ship_to) VALUES ($1, $2::text::citext, (SELECT min(id) FROM addresses WHERE customer_id = $1)) RETURNING id",
                &[&customer, &coupon],
            )
            .await?;
        let mut total = 0;
        for (line, variant) in (1i16..).zip(variants) {
            let quantity = hand.random.range(1, 6) as i32;
            total += hand
                .one::<i64>(
                    "INSERT INTO order_items (order_id, line, product_id, variant_id, quantity, unit_price)
                     SELECT $1, $2, v.product_id, v.id, $4, price_of(v.id) FROM variants v WHERE v.id = $3 RETURNING (amount * 100)::bigint",
                    &[&id, &line, &variant, &quantity],
                )
                .await?;
            hand.change(
                1,
                "INSERT INTO stock_movements (warehouse_id, variant_id, quantity, order_id, line) VALUES ($1, $2, -$3::int, $4, $5)",
                &[&warehouse, &variant, &quantity, &id, &line],
            )
            .await?;
        }
        let mut status = "placed";
        if hand.random.percent(60) {
            let sql = "UPDATE open_payments SET reference = $2 WHERE order_id = $1 AND total = $3::bigint / 100.0";
            hand.change(1, sql, &[&id, &format!("paid {id}"), &total]).await?;
            status = "paid";
        }
        if hand.end().await? {
            self.orders.insert(id, Order { total, status: status.to_owned(), lines });
        }
        Ok(())
    }

    async fn ship(&mut self) -> Outcome {
        let Some((id, order)) = self.own("paid") else { return Ok(()) };
        let hand = &mut self.hand;
        hand.simple("BEGIN").await?;
        let shipment: i32 = hand
            .one(
                "INSERT INTO shipments (order_id, warehouse_id) VALUES ($1, 1) RETURNING id",
                &[&id],
            )
            .await?;
        let sql = "INSERT INTO shipment_items SELECT $1, order_id, line FROM order_items WHERE order_id = $2";
        hand.change(order.lines as usize, sql, &[&shipment, &id]).await?;
        hand.change(1, "UPDATE orders SET status = 'shipped' WHERE id = $1", &[&id]).await?;
        if hand.random.percent(30) {
            // Checked at the commit.
            let sql = "INSERT INTO refunds (payment_id, amount) SELECT id, 0.01 FROM payments WHERE order_id = $1";
            hand.change(1, sql, &[&id]).await?;
        }
        if hand.end().await? {
            self.orders.insert(id, Order { status: "shipped".to_owned(), ..order });
        }
        Ok(())
    }

    /// All lines but the first are taken back.
    async fn cancel(&mut self) -> Outcome {
        let Some((id, order)) = self.own("placed") else { return Ok(()) };
        let hand = &mut self.hand;
        let back = order.lines as usize - 1;
        hand.simple("BEGIN").await?;
        hand.change(
            back,
            "INSERT INTO stock_movements (warehouse_id, variant_id, quantity)
             SELECT 1, variant_id, quantity FROM order_items WHERE order_id = $1 AND line > 1 ORDER BY variant_id",
            &[&id],
        )
        .await?;
        let sql = "DELETE FROM order_items WHERE order_id = $1 AND line > 1";
        hand.change(back, sql, &[&id]).await?;
        let sql =
            "UPDATE orders SET status = 'cancelled' WHERE id = $1 RETURNING (total * 100)::bigint";
        let total = hand.one(sql, &[&id]).await?;
        if hand.end().await? {
            self.orders.insert(id, Order { total, status: "cancelled".to_owned(), lines: 1 });
        }
        Ok(())
    }

    async fn register(&mut self) -> Outcome {
        let hand = &mut self.hand;
        self.next += 1;
        let email = format!("{}.{}@New.example", self.number, self.next);
        let friend = self.customers.last().copied().unwrap_or(1);
        hand.simple("BEGIN").await?;
        let address: i64 = hand.one("SELECT nextval('addresses_id_seq')", &[]).await?;
        let sql = "INSERT INTO customers (email, name, status, referred_by, billing_address) VALUES ($1::text::citext, $1, 'active', $2, $3) RETURNING id";
        let id: i64 = hand.one(sql, &[&email, &friend, &address]).await?;
        let sql = "INSERT INTO addresses (id, customer_id, street, city, is_default) VALUES ($1, $2, 'a', 'b', true)";
        hand.change(1, sql, &[&address, &id]).await?;
        let sql = "INSERT INTO wishes SELECT $1, id FROM variants WHERE id <= 3";
        hand.change(3, sql, &[&id]).await?;
        if hand.end().await? {
            self.customers.insert(id);
            let sql = "UPDATE active_customers SET name = upper(name) WHERE id = $1";
            self.hand.change(1, sql, &[&id]).await?;
        }
        Ok(())
    }

    async fn leave(&mut self) -> Outcome {
        let Some(id) = self.customers.first().copied() else { return Ok(()) };
        self.hand.simple("BEGIN").await?;
        let sql = "UPDATE customers SET billing_address = NULL WHERE id = $1";
        self.hand.change(1, sql, &[&id]).await?;
        self.hand.change(1, "DELETE FROM customers WHERE id = $1", &[&id]).await?;
        let left = "SELECT count(*) FROM addresses WHERE customer_id = $1";
        equal("addresses left", vec![0i64], vec![self.hand.one(left, &[&id]).await?])?;
        if self.hand.end().await? {
            self.customers.remove(&id);
        }
        Ok(())
    }

    async fn review(&mut self) -> Outcome {
        let random = &mut self.hand.random;
        let (product, rating) = (random.range(1, 81) as i32, random.range(1, 6) as i16);
        // Those below 201 have written some before.
        let customer = 201 + random.range(0, 10) * CLIENTS + self.number;
        let there = self.reviews.contains_key(&(product, customer));
        if there && random.percent(30) {
            let sql = "DELETE FROM reviews WHERE product_id = $1 AND customer_id = $2";
            self.hand.change(1, sql, &[&product, &customer]).await?;
            self.reviews.remove(&(product, customer));
            return Ok(());
        }
        let sql = "INSERT INTO reviews (product_id, customer_id, rating, title) VALUES ($1, $2, $3::int2, 'by a client')
             ON CONFLICT ON CONSTRAINT one_each DO UPDATE SET rating = EXCLUDED.rating";
        self.hand.change(1, sql, &[&product, &customer, &rating]).await?;
        self.reviews.insert((product, customer), rating);
        Ok(())
    }

    async fn reprice(&mut self) -> Outcome {
        let hand = &mut self.hand;
        let variant = 1 + hand.random.range(0, 50) * CLIENTS + self.number;
        let cents = hand.random.range(100, 9000);
        hand.simple("BEGIN").await?;
        let sql = "UPDATE prices SET during = tstzrange(lower(during), now()) WHERE variant_id = $1 AND currency = 'EUR' AND upper_inf(during)";
        hand.change(1, sql, &[&variant]).await?;
        let sql = "INSERT INTO prices (variant_id, currency, amount) VALUES ($1, 'EUR', $2::bigint / 100.0)";
        hand.change(1, sql, &[&variant, &cents]).await?;
        if hand.end().await? {
            self.prices.insert(variant, cents);
        }
        Ok(())
    }

    async fn cart(&mut self) -> Outcome {
        let hand = &mut self.hand;
        let cart =
            format!("00000000-0000-0000-000{}-{:012}", self.number, hand.random.range(0, 40));
        if self.carts.contains_key(&cart) && hand.random.percent(20) {
            hand.change(1, "DELETE FROM carts WHERE id = $1::text::uuid", &[&cart]).await?;
            self.carts.remove(&cart);
            return Ok(());
        }
        let sql = "INSERT INTO carts (id, customer_id) VALUES ($1::text::uuid, 5) ON CONFLICT (id) DO UPDATE SET expires_at = now() + interval '1 day'";
        hand.change(1, sql, &[&cart]).await?;
        let (variant, quantity) = (hand.random.range(1, 6), hand.random.range(1, 4) as i32);
        let sql = "INSERT INTO cart_contents VALUES ($1::text::uuid, $2, $3)";
        hand.change(1, sql, &[&cart, &variant, &quantity]).await?;
        *self.carts.entry(cart).or_default().entry(variant).or_default() += quantity;
        Ok(())
    }

    /// Takes messages from the queue.
    async fn take(&mut self) -> Outcome {
        let sql = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 5) RETURNING id";
        let rows = self.hand.rows(sql, &[]).await?;
        self.taken.extend(rows.iter().map(|r| r.get::<_, i64>(0)));
        Ok(())
    }

    /// What is not allowed has to fail at any moment.
    async fn mistake(&mut self) -> Outcome {
        let (sql, code) = match self.hand.random.range(0, 9) {
            0 => (
                "INSERT INTO order_items (order_id, line, product_id, variant_id, quantity, unit_price) VALUES (1, 99, 1, -1, 1, 1)",
                "23503",
            ),
            1 => (
                "INSERT INTO order_items (order_id, line, product_id, variant_id, quantity, unit_price) VALUES (1, 99, 1, NULL, 1, 1)",
                "23503",
            ),
            2 => ("DELETE FROM customers WHERE id = 1", "23503|23001"),
            3 => ("DELETE FROM variants WHERE id = 160", "23503|23001"),
            4 => (
                "INSERT INTO prices (variant_id, currency, amount) VALUES (160, 'EUR', 1)",
                "23P01",
            ),
            5 => ("UPDATE inventory SET on_hand = -1 WHERE variant_id = 1", "23514"),
            6 => ("UPDATE active_customers SET status = 'blocked' WHERE id = 1", "44000"),
            7 => ("INSERT INTO brands (name) VALUES ('Brand 1')", "P0001"),
            _ => ("INSERT INTO customers (email, name) VALUES ('c1@EXAMPLE.com', 'x')", "23505"),
        };
        self.hand.fails(sql, code).await
    }

    /// What it has written is there, from wherever one looks.
    async fn look(&mut self) -> Outcome {
        self.hand.change(0, "DELETE FROM settings WHERE key = 'key1'", &[]).await?;
        let sql = "UPDATE settings SET value = value || '{\"x\": 1}' WHERE key = $1";
        let key = format!("key{}", self.hand.random.range(1, 21));
        self.hand.change(1, sql, &[&key]).await?;
        let sql = "SELECT count(*) FROM report.available WHERE variant = $1 AND on_hand > 0";
        let variant = self.hand.random.range(1, 161);
        equal("prices shown", vec![1i64], vec![self.hand.one(sql, &[&variant]).await?])?;
        let Some((id, order)) = self.own("shipped").or_else(|| self.own("placed")) else {
            return Ok(());
        };
        let sql = "SELECT (total * 100)::bigint, (sum * 100)::bigint, (order_total(id) * 100)::bigint, items FROM report.orders WHERE id = $1";
        let row = self.hand.row(sql, &[&id]).await?;
        let found: Vec<i64> = (0..4).map(|i| row.get(i)).collect();
        let expected = vec![order.total, order.total, order.total, order.lines];
        if found == expected {
            Ok(())
        } else {
            Err(format!("order {id} is {found:?}, not {expected:?}"))
        }
    }
}
