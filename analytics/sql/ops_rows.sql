-- Question: which rows of a kind hold now?
-- Grain:    one row per key of the kind
-- Params:   view: of the kind; who: its column with the tenant, any where it has none; tenant: only of it, empty: of all; key and
--           key_2: the columns of its key, twice the same where it has one
SELECT *
FROM {view:Identifier}
WHERE {tenant:String} = '' OR toString({who:Identifier}) = {tenant:String}
ORDER BY {key:Identifier}, {key_2:Identifier}
