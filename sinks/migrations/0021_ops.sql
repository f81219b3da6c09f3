-- What operations supply (SEMANTICS 12): `tierfeed ops import` adds a row for each row that is new or differs from the newest of its
-- key, and edits none: a correction is a row, and so is taking one back (`void`). Money is whole micro-dollars.
--
-- ORDER BY: the key of a row, then its versions. source: what the generator made is synthetic, and every report says so.
-- No TTL: money, and few rows. Read the views ops_*: the newest version of each row that is not void.
CREATE TABLE IF NOT EXISTS ops_subscriptions_versions
(
    tenant         LowCardinality(String),
    from_date      Date32 COMMENT 'first day',
    to_date        Nullable(Date32) COMMENT 'the day on which it has ended',
    tier           LowCardinality(String),
    price_microusd Int64 COMMENT 'of a month',
    void           Bool,
    source         Enum8('real' = 0, 'synthetic' = 1),
    file           String,
    imported_at    DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, from_date, imported_at);

CREATE TABLE IF NOT EXISTS ops_invoices_versions
(
    invoice         String,
    tenant          LowCardinality(String),
    from_date       Date32,
    to_date         Date32 COMMENT 'the day on which it has ended',
    amount_microusd Int64,
    issued_on       Date32,
    due_on          Date32,
    paid_on         Nullable(Date32),
    void            Bool,
    source          Enum8('real' = 0, 'synthetic' = 1),
    file            String,
    imported_at     DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (invoice, imported_at);

-- Credits that were given by hand. Those for broken promises are in `credits`.
CREATE TABLE IF NOT EXISTS ops_credits_versions
(
    credit          String,
    tenant          LowCardinality(String),
    month           Date32 COMMENT 'its first day',
    amount_microusd Int64,
    state           Enum8('proposed' = 0, 'approved' = 1, 'invoiced' = 2, 'rejected' = 3),
    reason          String,
    void            Bool,
    source          Enum8('real' = 0, 'synthetic' = 1),
    file            String,
    imported_at     DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (credit, imported_at);

CREATE TABLE IF NOT EXISTS ops_tickets_versions
(
    ticket      String,
    tenant      LowCardinality(String),
    opened_at   DateTime64(6, 'UTC'),
    closed_at   Nullable(DateTime64(6, 'UTC')),
    severity    Enum8('low' = 0, 'normal' = 1, 'high' = 2, 'urgent' = 3),
    topic       LowCardinality(String),
    void        Bool,
    source      Enum8('real' = 0, 'synthetic' = 1),
    file        String,
    imported_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (ticket, imported_at);

CREATE TABLE IF NOT EXISTS ops_surveys_versions
(
    survey      String,
    tenant      LowCardinality(String),
    kind        Enum8('NPS' = 0, 'CSAT' = 1),
    score       UInt8 COMMENT 'NPS 0 to 10, CSAT 1 to 5',
    answered_at DateTime64(6, 'UTC'),
    void        Bool,
    source      Enum8('real' = 0, 'synthetic' = 1),
    file        String,
    imported_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (survey, imported_at);

CREATE TABLE IF NOT EXISTS ops_opportunities_versions
(
    opportunity     String,
    tenant          LowCardinality(String),
    kind            Enum8('new' = 0, 'upgrade' = 1, 'renewal' = 2),
    from_tier       LowCardinality(Nullable(String)),
    to_tier         LowCardinality(String),
    amount_microusd Int64 COMMENT 'of a month',
    opened_on       Date32,
    closed_on       Nullable(Date32),
    state           Enum8('open' = 0, 'won' = 1, 'lost' = 2),
    void            Bool,
    source          Enum8('real' = 0, 'synthetic' = 1),
    file            String,
    imported_at     DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (opportunity, imported_at);

-- Charges in FOCUS columns, their names in this house's spelling; `charge` is ours, for FOCUS has no id of a row.
CREATE TABLE IF NOT EXISTS ops_cost_charges_versions
(
    charge                  String,
    billing_period_start    Date32,
    charge_period_start     Date32 COMMENT 'first day',
    charge_period_end       Date32 COMMENT 'the day on which it has ended',
    provider_name           LowCardinality(String),
    service_name            LowCardinality(String),
    service_category        LowCardinality(String),
    charge_category         LowCardinality(String),
    resource_id             LowCardinality(String),
    resource_name           LowCardinality(String),
    billed_cost_microusd    Int64,
    effective_cost_microusd Int64 COMMENT 'what is allocated',
    tags                    Map(LowCardinality(String), String) COMMENT 'tier, symbol, broker, tenant; provisioned and used, of one unit',
    void                    Bool,
    source                  Enum8('real' = 0, 'synthetic' = 1),
    file                    String,
    imported_at             DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (charge, imported_at);

CREATE TABLE IF NOT EXISTS ops_broker_contracts_versions
(
    broker                   LowCardinality(String),
    from_date                Date32 COMMENT 'first day',
    to_date                  Nullable(Date32) COMMENT 'the day on which it has ended',
    fee_microusd             Int64 COMMENT 'of a month',
    connections              UInt16,
    redistribution_permitted Bool,
    tiers                    Array(LowCardinality(String)),
    upstream                 LowCardinality(Nullable(String)) COMMENT 'whose prices it passes on',
    void                     Bool,
    source                   Enum8('real' = 0, 'synthetic' = 1),
    file                     String,
    imported_at              DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (broker, from_date, imported_at);

CREATE TABLE IF NOT EXISTS ops_maintenance_versions
(
    maintenance  String,
    starts_at    DateTime64(6, 'UTC'),
    ends_at      DateTime64(6, 'UTC'),
    announced_at DateTime64(6, 'UTC'),
    what         String,
    void         Bool,
    source       Enum8('real' = 0, 'synthetic' = 1),
    file         String,
    imported_at  DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (maintenance, imported_at);

CREATE VIEW IF NOT EXISTS ops_subscriptions AS
SELECT * FROM (SELECT * FROM ops_subscriptions_versions ORDER BY imported_at DESC LIMIT 1 BY tenant, from_date) WHERE NOT void;
CREATE VIEW IF NOT EXISTS ops_invoices AS
SELECT * FROM (SELECT * FROM ops_invoices_versions ORDER BY imported_at DESC LIMIT 1 BY invoice) WHERE NOT void;
CREATE VIEW IF NOT EXISTS ops_credits AS
SELECT * FROM (SELECT * FROM ops_credits_versions ORDER BY imported_at DESC LIMIT 1 BY credit) WHERE NOT void;
CREATE VIEW IF NOT EXISTS ops_tickets AS
SELECT * FROM (SELECT * FROM ops_tickets_versions ORDER BY imported_at DESC LIMIT 1 BY ticket) WHERE NOT void;
CREATE VIEW IF NOT EXISTS ops_surveys AS
SELECT * FROM (SELECT * FROM ops_surveys_versions ORDER BY imported_at DESC LIMIT 1 BY survey) WHERE NOT void;
CREATE VIEW IF NOT EXISTS ops_opportunities AS
SELECT * FROM (SELECT * FROM ops_opportunities_versions ORDER BY imported_at DESC LIMIT 1 BY opportunity) WHERE NOT void;
CREATE VIEW IF NOT EXISTS ops_cost_charges AS
SELECT * FROM (SELECT * FROM ops_cost_charges_versions ORDER BY imported_at DESC LIMIT 1 BY charge) WHERE NOT void;
CREATE VIEW IF NOT EXISTS ops_broker_contracts AS
SELECT * FROM (SELECT * FROM ops_broker_contracts_versions ORDER BY imported_at DESC LIMIT 1 BY broker, from_date) WHERE NOT void;
CREATE VIEW IF NOT EXISTS ops_maintenance AS
SELECT * FROM (SELECT * FROM ops_maintenance_versions ORDER BY imported_at DESC LIMIT 1 BY maintenance) WHERE NOT void
