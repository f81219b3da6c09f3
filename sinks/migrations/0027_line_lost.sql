-- A line of a broker that fell silent while another one carried on: no tick is missing, and `expected` is 0.
ALTER TABLE gaps
    MODIFY COLUMN cause Enum8('missing' = 0, 'session_lost' = 1, 'line_lost' = 2) CODEC(ZSTD(1))
