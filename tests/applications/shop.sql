-- A shop: catalogue, prices, stock, carts, orders, payments, shipments, and what watches over them.
-- Lines that begin with "--15:" are for servers of that version and above.
CREATE SCHEMA ext;
GRANT USAGE ON SCHEMA ext TO PUBLIC;
CREATE EXTENSION citext SCHEMA ext;
CREATE EXTENSION btree_gist SCHEMA ext;
CREATE EXTENSION pg_trgm SCHEMA ext;
CREATE SCHEMA shop AUTHORIZATION shape_owner;
CREATE SCHEMA audit AUTHORIZATION shape_owner;
CREATE SCHEMA report AUTHORIZATION shape_owner;
COMMENT ON SCHEMA shop IS 'What customers see and do';
SET ROLE shape_owner;
SET search_path = shop, ext, public;
GRANT USAGE ON SCHEMA shop TO shape_reader, shape_writer, shape_other;
GRANT USAGE ON SCHEMA report TO shape_reader, shape_other;
-- The clients are shape_other.
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO shape_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO shape_other;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT USAGE ON SEQUENCES TO shape_other;
ALTER DEFAULT PRIVILEGES IN SCHEMA report GRANT SELECT ON TABLES TO shape_reader, shape_other;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT EXECUTE ON FUNCTIONS TO shape_other;

CREATE TYPE customer_status AS ENUM ('new', 'active', 'blocked');
CREATE TYPE address_kind AS ENUM ('billing', 'shipping', 'both');
CREATE TYPE order_status AS ENUM ('placed', 'paid', 'shipped', 'cancelled');
CREATE TYPE payment_method AS ENUM ('card', 'transfer', 'voucher');
CREATE TYPE dimensions AS (width numeric, height numeric, depth numeric);
CREATE DOMAIN price AS numeric(12, 2) CHECK (VALUE >= 0);
CREATE DOMAIN sku AS text CHECK (VALUE ~ '^[A-Z0-9-]{4,20}$');
CREATE DOMAIN stars AS smallint NOT NULL CHECK (VALUE BETWEEN 1 AND 5);
CREATE DOMAIN phone AS text CONSTRAINT phone_looks_right CHECK (VALUE ~ '^\+?[0-9 ]+$');
COMMENT ON DOMAIN price IS 'Never negative';

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE FUNCTION slug(name text) RETURNS text IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
    RETURN trim('-' FROM lower(regexp_replace(name, '[^A-Za-z0-9]+', '-', 'g')));

CREATE TABLE countries (
    code char(2) PRIMARY KEY,
    name text NOT NULL UNIQUE,
    vat numeric(4, 2) NOT NULL DEFAULT 20
);
CREATE TABLE currencies (
    code char(3) PRIMARY KEY CHECK (code = upper(code)),
    digits smallint NOT NULL DEFAULT 2
);
CREATE TABLE settings (
    key text PRIMARY KEY,
    value jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE settings IS 'A rule keeps anybody from deleting here';
CREATE RULE keep AS ON DELETE TO settings DO INSTEAD NOTHING;
COMMENT ON RULE keep ON settings IS 'Only updated';
CREATE TRIGGER touch BEFORE UPDATE ON settings FOR EACH ROW EXECUTE FUNCTION touch();

CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email citext NOT NULL CONSTRAINT email_is_taken UNIQUE,
    name text NOT NULL,
    phone phone,
    status customer_status NOT NULL DEFAULT 'new',
    referred_by bigint REFERENCES customers ON DELETE SET NULL,
    billing_address bigint,
    preferences jsonb NOT NULL DEFAULT '{"newsletter": false}',
    search tsvector GENERATED ALWAYS AS (to_tsvector('simple', name || ' ' || (email)::text)) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT not_oneself CHECK (referred_by <> id)
);
CREATE INDEX customers_search ON customers USING gin (search);
CREATE INDEX customers_name ON customers (lower(name) text_pattern_ops);
CREATE INDEX customers_referred_by ON customers (referred_by) WHERE referred_by IS NOT NULL;
CREATE INDEX customers_newsletter ON customers ((preferences ->> 'newsletter')) WHERE status = 'active';
ALTER TABLE customers ALTER COLUMN status SET STATISTICS 500;
COMMENT ON COLUMN customers.preferences IS 'Free form; ''newsletter'' is always there';

CREATE TABLE addresses (
    id bigserial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
    kind address_kind NOT NULL DEFAULT 'both',
    street text NOT NULL,
    city text NOT NULL,
    country char(2) NOT NULL DEFAULT 'DE' REFERENCES countries ON UPDATE CASCADE ON DELETE RESTRICT,
    is_default boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (customer_id, id)
);
CREATE UNIQUE INDEX addresses_one_default ON addresses (customer_id) WHERE is_default;
CREATE INDEX addresses_city ON addresses USING gin (city gin_trgm_ops);
-- In a circle with customers: both are inserted in one transaction.
ALTER TABLE customers ADD CONSTRAINT billing_is_own FOREIGN KEY (id, billing_address)
    REFERENCES addresses (customer_id, id) DEFERRABLE INITIALLY DEFERRED;
COMMENT ON CONSTRAINT billing_is_own ON customers IS 'Nobody pays at another''s address';

CREATE TABLE brands (
    id smallserial PRIMARY KEY,
    name citext NOT NULL UNIQUE,
    logo bytea
);
ALTER TABLE brands ALTER COLUMN logo SET STORAGE EXTERNAL;
CREATE TABLE categories (
    id integer GENERATED BY DEFAULT AS IDENTITY (START WITH 100) PRIMARY KEY,
    parent_id integer REFERENCES categories ON DELETE RESTRICT,
    name text NOT NULL,
    path text NOT NULL DEFAULT '',
    CHECK (parent_id <> id)
);
CREATE UNIQUE INDEX categories_name ON categories (COALESCE(parent_id, 0), lower(name));
--15: ALTER TABLE categories ADD CONSTRAINT categories_sibling UNIQUE NULLS NOT DISTINCT (parent_id, name);
CREATE FUNCTION category_path() RETURNS trigger LANGUAGE plpgsql SET search_path = shop AS $$
BEGIN
    SELECT c.path || '/' || NEW.name INTO NEW.path FROM categories c WHERE c.id = NEW.parent_id;
    NEW.path := COALESCE(NEW.path, NEW.name);
    RETURN NEW;
END $$;
CREATE TRIGGER path BEFORE INSERT OR UPDATE OF parent_id, name ON categories
    FOR EACH ROW EXECUTE FUNCTION category_path();

CREATE TABLE products (
    id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    brand_id smallint REFERENCES brands ON DELETE SET NULL,
    name text NOT NULL,
    slug text GENERATED ALWAYS AS (shop.slug(name)) STORED,
    description text NOT NULL DEFAULT '',
    tags text[] NOT NULL DEFAULT '{}',
    attributes jsonb NOT NULL DEFAULT '{}',
    size dimensions,
    search tsvector GENERATED ALWAYS AS
        (setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', description), 'C')) STORED,
    rating_count integer NOT NULL DEFAULT 0,
    rating_sum integer NOT NULL DEFAULT 0,
    discontinued boolean NOT NULL DEFAULT false,
    legacy_code integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (cardinality(tags) <= 10),
    CHECK ((attributes ? 'colour') OR attributes = '{}')
) WITH (fillfactor = 80, toast_tuple_target = 1000);
ALTER TABLE products DROP COLUMN legacy_code;
CREATE UNIQUE INDEX products_slug ON products (slug);
CREATE INDEX products_search ON products USING gin (search);
CREATE INDEX products_tags ON products USING gin (tags) WITH (fastupdate = off);
CREATE INDEX products_attributes ON products USING gin (attributes jsonb_path_ops);
CREATE INDEX products_name ON products USING gist (name gist_trgm_ops);
CREATE INDEX products_for_sale ON products (brand_id, created_at DESC NULLS LAST) INCLUDE (name) WHERE NOT discontinued;
CREATE STATISTICS products_stats ON brand_id, discontinued, (attributes ->> 'colour') FROM products;
CREATE TRIGGER touch BEFORE UPDATE ON products FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.attributes <> NEW.attributes) EXECUTE FUNCTION touch();

CREATE TABLE product_categories (
    product_id integer REFERENCES products ON DELETE CASCADE,
    category_id integer REFERENCES categories ON DELETE CASCADE,
    position integer NOT NULL DEFAULT 0,
    PRIMARY KEY (category_id, product_id)
);
CREATE INDEX ON product_categories (product_id);
CREATE TABLE variants (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id integer NOT NULL REFERENCES products,
    sku sku NOT NULL UNIQUE,
    options jsonb NOT NULL DEFAULT '{}',
    weight_g integer CHECK (weight_g > 0),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (product_id, id)
);
CREATE TABLE prices (
    id bigserial,
    variant_id bigint NOT NULL REFERENCES variants ON DELETE CASCADE,
    currency char(3) NOT NULL REFERENCES currencies ON UPDATE CASCADE,
    amount price NOT NULL,
    during tstzrange NOT NULL DEFAULT tstzrange(now(), NULL),
    CONSTRAINT prices_key PRIMARY KEY (id),
    CONSTRAINT one_price_at_a_time EXCLUDE USING gist (variant_id WITH =, currency WITH =, during WITH &&),
    CONSTRAINT some_time CHECK (NOT isempty(during))
);
CREATE INDEX prices_now ON prices (variant_id) INCLUDE (amount) WHERE upper_inf(during);
CREATE TABLE tax_rates (
    country char(2) NOT NULL REFERENCES countries ON UPDATE CASCADE,
    category_id integer NOT NULL REFERENCES categories ON DELETE CASCADE,
    rate numeric(5, 3) NOT NULL CHECK (rate BETWEEN 0 AND 100),
    valid_from date NOT NULL DEFAULT current_date,
    PRIMARY KEY (country, category_id, valid_from)
);

CREATE TABLE warehouses (
    id smallint PRIMARY KEY,
    name text NOT NULL,
    place point,
    address_id bigint UNIQUE REFERENCES addresses ON DELETE SET DEFAULT
);
CREATE TABLE inventory (
    warehouse_id smallint REFERENCES warehouses,
    variant_id bigint REFERENCES variants,
    on_hand integer NOT NULL DEFAULT 0 CONSTRAINT in_stock CHECK (on_hand >= 0),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (warehouse_id, variant_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_threshold = 10);
CREATE INDEX inventory_low ON inventory (variant_id) WHERE on_hand < 10;
ALTER TABLE inventory CLUSTER ON inventory_pkey;

CREATE TABLE coupons (
    code citext PRIMARY KEY,
    percent smallint NOT NULL CHECK (percent BETWEEN 1 AND 90),
    uses integer NOT NULL DEFAULT 0,
    at_most integer,
    during daterange NOT NULL DEFAULT daterange(current_date - 10, current_date + 10),
    CONSTRAINT used_up CHECK (uses <= at_most)
);
CREATE TABLE carts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id bigint REFERENCES customers ON DELETE CASCADE,
    expires_at timestamptz NOT NULL DEFAULT now() + interval '1 day'
);
CREATE INDEX carts_customer ON carts USING hash (customer_id);
CREATE TABLE cart_items (
    cart_id uuid REFERENCES carts ON DELETE CASCADE,
    variant_id bigint REFERENCES variants ON DELETE CASCADE,
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (cart_id, variant_id)
);
CREATE TABLE wishes (
    customer_id bigint REFERENCES customers ON DELETE CASCADE,
    variant_id bigint REFERENCES variants ON DELETE CASCADE,
    note text COMPRESSION pglz,
    PRIMARY KEY (customer_id, variant_id)
);

CREATE SEQUENCE order_numbers START WITH 100000 CACHE 5;
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL DEFAULT 'O' || nextval('order_numbers') UNIQUE,
    customer_id bigint NOT NULL REFERENCES customers ON DELETE RESTRICT,
    ship_to bigint REFERENCES addresses ON DELETE SET NULL,
    coupon citext REFERENCES coupons ON UPDATE CASCADE ON DELETE SET NULL,
    currency char(3) NOT NULL DEFAULT 'EUR' REFERENCES currencies,
    status order_status NOT NULL DEFAULT 'placed',
    total price NOT NULL DEFAULT 0,
    note text,
    placed_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_customer ON orders (customer_id, placed_at DESC);
CREATE INDEX orders_open ON orders (placed_at) WHERE status IN ('placed', 'paid');
CREATE INDEX orders_day ON orders (((placed_at AT TIME ZONE 'UTC')::date));
COMMENT ON INDEX orders_open IS 'What the packers look at';
ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_number_key;
CREATE TABLE order_items (
    order_id bigint REFERENCES orders ON DELETE CASCADE,
    line smallint CHECK (line > 0),
    product_id integer,
    variant_id bigint,
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_price price NOT NULL,
    discount price NOT NULL DEFAULT 0,
    amount numeric(14, 2) GENERATED ALWAYS AS (quantity * unit_price - discount) STORED,
    PRIMARY KEY (order_id, line),
    CONSTRAINT known_variant FOREIGN KEY (product_id, variant_id)
        REFERENCES variants (product_id, id) MATCH FULL ON UPDATE CASCADE ON DELETE RESTRICT,
    CONSTRAINT not_below_zero CHECK (amount >= 0)
);
CREATE INDEX order_items_variant ON order_items (variant_id);
-- Rows from before the rule may break it.
ALTER TABLE order_items ADD CONSTRAINT reasonable CHECK (quantity < 1000) NOT VALID;
CREATE TABLE stock_movements (
    id bigserial PRIMARY KEY,
    warehouse_id smallint NOT NULL,
    variant_id bigint NOT NULL,
    quantity integer NOT NULL CHECK (quantity <> 0),
    order_id bigint,
    line smallint,
    at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (warehouse_id, variant_id) REFERENCES inventory,
    CONSTRAINT for_item FOREIGN KEY (order_id, line) REFERENCES order_items ON DELETE SET NULL
);
--15: ALTER TABLE stock_movements DROP CONSTRAINT for_item;
--15: ALTER TABLE stock_movements ADD CONSTRAINT for_item FOREIGN KEY (order_id, line)
--15:     REFERENCES order_items ON DELETE SET NULL (line);
CREATE INDEX stock_movements_at ON stock_movements USING brin (at) WITH (pages_per_range = 16);
CREATE INDEX ON stock_movements (order_id, line);
CREATE INDEX ON stock_movements (warehouse_id, variant_id);

CREATE TABLE payments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id bigint NOT NULL REFERENCES orders,
    method payment_method NOT NULL,
    amount price NOT NULL,
    reference text NOT NULL,
    paid_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (method, reference)
);
CREATE INDEX ON payments (order_id);
CREATE TABLE refunds (
    id serial PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments DEFERRABLE INITIALLY IMMEDIATE,
    amount price NOT NULL,
    reason text
);
CREATE TABLE shipments (
    id serial PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders,
    warehouse_id smallint NOT NULL REFERENCES warehouses,
    tracking text UNIQUE,
    UNIQUE (id, order_id)
);
CREATE TABLE shipment_items (
    shipment_id integer NOT NULL,
    order_id bigint NOT NULL,
    line smallint NOT NULL,
    PRIMARY KEY (shipment_id, line),
    FOREIGN KEY (shipment_id, order_id) REFERENCES shipments (id, order_id) ON DELETE CASCADE,
    FOREIGN KEY (order_id, line) REFERENCES order_items
);
CREATE TABLE reviews (
    id bigint GENERATED ALWAYS AS IDENTITY,
    product_id integer NOT NULL REFERENCES products ON DELETE CASCADE,
    customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
    rating stars,
    title text,
    body text,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id),
    CONSTRAINT one_each UNIQUE (product_id, customer_id)
);
ALTER TABLE reviews ALTER COLUMN body SET COMPRESSION pglz;
CREATE TABLE outbox (
    id bigserial PRIMARY KEY,
    topic text NOT NULL,
    payload jsonb NOT NULL
) WITH (autovacuum_vacuum_threshold = 100);
CREATE TABLE audit.log (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 10) PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    who name NOT NULL DEFAULT session_user,
    what text NOT NULL,
    operation text NOT NULL CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE')),
    old jsonb,
    new jsonb
);
CREATE INDEX log_at ON audit.log USING brin (at);
CREATE INDEX log_what ON audit.log (what, operation);

CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO audit.log (what, operation, old, new)
    VALUES (TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME || COALESCE(':' || TG_ARGV[0], ''), TG_OP,
            CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
            CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    RETURN NULL;
END $$;
CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is not allowed', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.log
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
ALTER TABLE audit.log DISABLE TRIGGER append_only; -- until the rows below are deleted
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION audit.note();
CREATE TRIGGER audit AFTER INSERT OR DELETE ON payments FOR EACH ROW EXECUTE FUNCTION audit.note('money');
CREATE TRIGGER audit AFTER UPDATE OF amount, during ON prices FOR EACH ROW EXECUTE FUNCTION audit.note('it''s a "price"');
CREATE TRIGGER audit_replica AFTER UPDATE ON warehouses FOR EACH ROW EXECUTE FUNCTION audit.note();
ALTER TABLE warehouses ENABLE REPLICA TRIGGER audit_replica;
CREATE TRIGGER not_any_more BEFORE INSERT ON brands FOR EACH ROW EXECUTE FUNCTION audit.refuse();
ALTER TABLE brands DISABLE TRIGGER not_any_more;
CREATE TRIGGER touch BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER touch BEFORE UPDATE ON addresses FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();
COMMENT ON TRIGGER touch ON addresses IS 'Only if something is different';
CREATE TRIGGER touch BEFORE UPDATE OF sku, options ON variants FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER touch BEFORE UPDATE ON inventory FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE orders ENABLE ALWAYS TRIGGER touch;

-- The total of an order, kept by statement.
CREATE FUNCTION add_up() RETURNS trigger LANGUAGE plpgsql SET search_path = shop, ext AS $$
BEGIN
    UPDATE orders o SET total = (SELECT COALESCE(sum(i.amount), 0) FROM order_items i WHERE i.order_id = o.id)
    WHERE o.id IN (SELECT order_id FROM changed);
    RETURN NULL;
END $$;
CREATE TRIGGER total_insert AFTER INSERT ON order_items REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION add_up();
CREATE TRIGGER total_update AFTER UPDATE ON order_items REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION add_up();
CREATE TRIGGER total_delete AFTER DELETE ON order_items REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION add_up();
CREATE FUNCTION move_stock() RETURNS trigger LANGUAGE plpgsql SET search_path = shop AS $$
BEGIN
    UPDATE inventory SET on_hand = on_hand + NEW.quantity
    WHERE warehouse_id = NEW.warehouse_id AND variant_id = NEW.variant_id;
    RETURN NULL;
END $$;
CREATE TRIGGER stock AFTER INSERT ON stock_movements FOR EACH ROW EXECUTE FUNCTION move_stock();
CREATE FUNCTION rate() RETURNS trigger LANGUAGE plpgsql SET search_path = shop AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE products SET rating_count = rating_count - 1, rating_sum = rating_sum - OLD.rating WHERE id = OLD.product_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE products SET rating_count = rating_count + 1, rating_sum = rating_sum + NEW.rating WHERE id = NEW.product_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER rate AFTER INSERT OR UPDATE OF rating OR DELETE ON reviews FOR EACH ROW EXECUTE FUNCTION rate();
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql SET search_path = shop AS $$
BEGIN
    INSERT INTO outbox (topic, payload) VALUES ('order.' || NEW.status, jsonb_build_object('order', NEW.id));
    RETURN NEW;
END $$;
CREATE TRIGGER tell_new AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER tell_status AFTER UPDATE ON orders FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION tell();
CREATE FUNCTION not_more_than_paid() RETURNS trigger LANGUAGE plpgsql SET search_path = shop AS $$
BEGIN
    IF (SELECT sum(r.amount) FROM refunds r WHERE r.payment_id = NEW.payment_id)
       > (SELECT p.amount FROM payments p WHERE p.id = NEW.payment_id) THEN
        RAISE EXCEPTION 'more is refunded than was paid';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER not_more_than_paid AFTER INSERT OR UPDATE ON refunds FROM payments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION not_more_than_paid();

-- What is looked at.
CREATE VIEW report.catalogue WITH (security_barrier) AS
    SELECT p.id, p.name, p.slug, b.name AS brand, v.id AS variant, v.sku, r.currency, r.amount,
           p.rating_sum::numeric / NULLIF(p.rating_count, 0) AS rating
    FROM products p LEFT JOIN brands b ON b.id = p.brand_id JOIN variants v ON v.product_id = p.id
    JOIN prices r ON r.variant_id = v.id AND upper_inf(r.during)
    WHERE NOT p.discontinued;
CREATE VIEW report.stock AS
    SELECT v.id, v.sku, sum(i.on_hand) AS on_hand, array_agg(w.name ORDER BY w.id) AS places
    FROM variants v JOIN inventory i ON i.variant_id = v.id JOIN warehouses w ON w.id = i.warehouse_id
    GROUP BY v.id; -- the primary key is enough
CREATE VIEW report.available AS
    SELECT c.*, s.on_hand FROM report.catalogue c JOIN report.stock s ON s.id = c.variant WHERE s.on_hand > 0;
CREATE VIEW report.orders AS
    SELECT o.*, i.items, i.sum FROM orders o
    LEFT JOIN LATERAL (SELECT count(*) AS items, sum(amount) AS sum FROM order_items WHERE order_id = o.id) i ON true;
CREATE VIEW report.customers (customer, name, orders, value) AS
    SELECT c.id, c.name, count(o.id), COALESCE(sum(o.total), 0)
    FROM customers c LEFT JOIN report.orders o ON o.customer_id = c.id AND o.status <> 'cancelled' GROUP BY c.id;
CREATE RECURSIVE VIEW report.category_tree (id, name, depth) AS
    SELECT id, name, 0 FROM categories WHERE parent_id IS NULL
    UNION ALL SELECT c.id, c.name, t.depth + 1 FROM categories c JOIN category_tree t ON c.parent_id = t.id;
CREATE VIEW active_customers AS
    SELECT id, email, name, status FROM customers WHERE status = 'active' WITH LOCAL CHECK OPTION;
ALTER VIEW active_customers ALTER COLUMN status SET DEFAULT 'active';
COMMENT ON VIEW active_customers IS 'May be written to';
CREATE VIEW open_payments AS
    SELECT o.id AS order_id, o.total, 'card'::payment_method AS method, NULL::text AS reference
    FROM orders o WHERE o.status = 'placed';
CREATE FUNCTION pay() RETURNS trigger LANGUAGE plpgsql SET search_path = shop AS $$
BEGIN
    INSERT INTO payments (order_id, method, amount, reference) VALUES (OLD.order_id, NEW.method, OLD.total, NEW.reference);
    UPDATE orders SET status = 'paid' WHERE id = OLD.order_id;
    RETURN NEW;
END $$;
CREATE TRIGGER pay INSTEAD OF UPDATE ON open_payments FOR EACH ROW EXECUTE FUNCTION pay();
CREATE VIEW cart_contents AS SELECT cart_id, variant_id, quantity FROM cart_items;
CREATE RULE put AS ON INSERT TO cart_contents DO INSTEAD
    INSERT INTO cart_items VALUES (NEW.cart_id, NEW.variant_id, NEW.quantity)
    ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = cart_items.quantity + EXCLUDED.quantity;
CREATE MATERIALIZED VIEW report.best_sellers AS
    SELECT v.product_id, p.name, sum(i.quantity) AS sold, sum(i.amount) AS turnover
    FROM order_items i JOIN variants v ON v.id = i.variant_id JOIN products p ON p.id = v.product_id
    GROUP BY v.product_id, p.name WITH NO DATA;
CREATE UNIQUE INDEX ON report.best_sellers (product_id);
CREATE INDEX best_sellers_sold ON report.best_sellers (sold DESC);
CREATE VIEW report.top_ten AS SELECT name, sold FROM report.best_sellers ORDER BY sold DESC LIMIT 10;
GRANT SELECT ON active_customers TO shape_writer WITH GRANT OPTION;
GRANT SELECT (name, sold), REFERENCES (name) ON report.best_sellers TO shape_writer;

CREATE FUNCTION order_total(the_order bigint) RETURNS numeric STABLE LANGUAGE sql
BEGIN ATOMIC
    SELECT COALESCE(sum(i.amount), 0) FROM order_items i WHERE i.order_id = $1;
END;
CREATE FUNCTION price_of(variant bigint, at timestamptz DEFAULT now()) RETURNS numeric STABLE LANGUAGE sql
    RETURN (SELECT p.amount FROM prices p WHERE p.variant_id = variant AND p.currency = 'EUR' AND p.during @> at);
CREATE PROCEDURE forget_carts() LANGUAGE sql
BEGIN ATOMIC
    DELETE FROM carts WHERE expires_at < now();
END;
CREATE FUNCTION all_brands() RETURNS SETOF brands STABLE LANGUAGE sql AS 'SELECT * FROM shop.brands';

-- Who may do what beyond the defaults.
REVOKE ALL ON refunds FROM shape_reader;
GRANT SELECT (id, status, total), UPDATE (note) ON orders TO shape_writer;
GRANT SELECT, REFERENCES ON products TO shape_writer WITH GRANT OPTION;
GRANT SELECT, UPDATE ON SEQUENCE order_numbers TO shape_writer;
GRANT USAGE ON SEQUENCE addresses_id_seq TO shape_writer;
GRANT SELECT ON settings TO PUBLIC;
CREATE PUBLICATION orders_out FOR TABLE orders, order_items WITH (publish = 'insert, update');

-- Rows.
INSERT INTO countries SELECT chr(65 + i / 26) || chr(65 + i % 26), 'Country ' || i, 15 + i % 10 FROM generate_series(0, 120) i;
INSERT INTO currencies VALUES ('EUR', 2), ('USD', 2), ('JPY', 0);
INSERT INTO settings SELECT 'key' || i, jsonb_build_object('n', i) FROM generate_series(1, 20) i;
INSERT INTO customers (email, name, phone, status, referred_by)
SELECT 'C' || i || '@Example.com', 'Customer ' || i, '+49 ' || i, CASE i % 3 WHEN 0 THEN 'new' ELSE 'active' END::customer_status,
       CASE WHEN i % 5 = 0 THEN i / 5 END FROM generate_series(1, 300) i;
INSERT INTO addresses (customer_id, street, city, country, is_default)
SELECT 1 + i % 300, 'Street ' || i, 'City ' || i % 40, 'DE', i < 300 FROM generate_series(0, 449) i;
UPDATE customers c SET billing_address = (SELECT min(a.id) FROM addresses a WHERE a.customer_id = c.id) WHERE c.id % 2 = 0;
INSERT INTO brands (name, logo) SELECT 'Brand ' || i, decode(repeat(md5(i::text), 100), 'hex') FROM generate_series(1, 15) i;
ALTER TABLE brands ENABLE TRIGGER not_any_more;
INSERT INTO categories (parent_id, name) SELECT NULL, 'Root ' || i FROM generate_series(1, 5) i;
INSERT INTO categories (parent_id, name) SELECT 100 + i % 5, 'Branch ' || i FROM generate_series(1, 20) i;
INSERT INTO products (brand_id, name, description, tags, attributes, size)
SELECT 1 + i % 15, 'Product ' || i, repeat('word' || i % 17 || ' ', 20), ARRAY['tag' || i % 7, 'tag' || i % 3],
       jsonb_build_object('colour', 'c' || i % 5), ROW(i, 2 * i, 0.5)::dimensions FROM generate_series(1, 80) i;
INSERT INTO product_categories SELECT 1 + i % 80, 100 + i % 25, i FROM generate_series(1, 200) i ON CONFLICT DO NOTHING;
INSERT INTO variants (product_id, sku, options, weight_g)
SELECT 1 + i % 80, 'SKU-' || i, jsonb_build_object('size', i % 4), 10 + i FROM generate_series(1, 160) i;
INSERT INTO prices (variant_id, currency, amount, during)
SELECT v, 'EUR', 1 + (v * 7 + m) % 90, tstzrange('2024-01-01'::timestamptz + m * interval '1 month',
       CASE WHEN m < 3 THEN '2024-01-01'::timestamptz + (m + 1) * interval '1 month' END)
FROM generate_series(1, 160) v, generate_series(0, 3) m;
INSERT INTO tax_rates SELECT 'A' || chr(65 + i), 100 + i, i, '2024-01-01' FROM generate_series(0, 20) i;
INSERT INTO warehouses SELECT i, 'Warehouse ' || i, point(i, i), i FROM generate_series(1, 3) i;
INSERT INTO inventory (warehouse_id, variant_id) SELECT w, v FROM generate_series(1, 3) w, generate_series(1, 160) v;
INSERT INTO stock_movements (warehouse_id, variant_id, quantity) SELECT w, v, 100000 FROM generate_series(1, 3) w, generate_series(1, 160) v;
INSERT INTO coupons SELECT 'SAVE' || i, i * 5 FROM generate_series(1, 10) i;
INSERT INTO orders (customer_id, status, placed_at)
SELECT 1 + i % 300, (ENUM_RANGE(NULL::order_status))[1 + i % 3], now() - i * interval '1 hour' FROM generate_series(1, 400) i;
INSERT INTO order_items (order_id, line, product_id, variant_id, quantity, unit_price)
SELECT o, l, v.product_id, v.id, 1 + l, 9.99 FROM generate_series(1, 400) o, generate_series(1, 3) l
JOIN LATERAL (SELECT * FROM variants WHERE id = 1 + (o + l) % 160) v ON true;
INSERT INTO payments (order_id, method, amount, reference) SELECT id, 'card', total, 'ref' || id FROM orders WHERE status <> 'placed';
INSERT INTO refunds (payment_id, amount, reason) SELECT id, 1, 'late' FROM payments WHERE order_id % 10 = 1;
INSERT INTO shipments (order_id, warehouse_id, tracking) SELECT id, 1 + id % 3, 'T' || id FROM orders WHERE status = 'shipped';
INSERT INTO shipment_items SELECT s.id, i.order_id, i.line FROM shipments s JOIN order_items i USING (order_id);
INSERT INTO reviews (product_id, customer_id, rating, title, body)
SELECT 1 + i % 80, 1 + i / 3, 1 + i % 5, 'Title ' || i, repeat('text ', i % 60) FROM generate_series(0, 599) i;
INSERT INTO carts (id, customer_id) SELECT md5(i::text)::uuid, 1 + i FROM generate_series(1, 100) i;
INSERT INTO cart_items SELECT md5(i::text)::uuid, v, 1 FROM generate_series(1, 100) i, generate_series(1, 4) v;
INSERT INTO wishes SELECT 1 + i % 300, 1 + i % 160, repeat('please ', 20) FROM generate_series(1, 400) i ON CONFLICT DO NOTHING;
REFRESH MATERIALIZED VIEW report.best_sellers;
-- Bloat.
DELETE FROM reviews WHERE id % 3 = 0;
DELETE FROM wishes WHERE customer_id % 3 <> 0;
DELETE FROM carts WHERE customer_id % 2 = 0;
DELETE FROM audit.log WHERE id % 2 = 0;
DELETE FROM outbox;
DELETE FROM refunds WHERE id % 2 = 0;
DELETE FROM order_items WHERE line = 3 AND order_id % 3 = 0 AND order_id IN (SELECT id FROM orders WHERE status = 'placed');
ALTER TABLE audit.log ENABLE TRIGGER append_only;
UPDATE settings SET value = value || '{"seen": true}';
RESET ROLE;
