-- Question: what does the newest version of each row of a kind say, of rows that were taken back, too?
-- Grain:    one row per key of the kind
-- Params:   table: its versions; key and key_2: the columns of its key, twice the same where it has one
SELECT *
FROM (SELECT * FROM {table:Identifier} ORDER BY imported_at DESC LIMIT 1 BY {key:Identifier}, {key_2:Identifier})
ORDER BY {key:Identifier}, {key_2:Identifier}
