-- Question: which promises were broken, from when to when, and why?
-- Grain:    one row per incident that was going on within the span
-- Params:   subject String: empty for all, from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock
--
-- good of total: what it came to, of one that is over; what it was judged by at its beginning, of one that is not. A slow feed is
-- no broken promise: it was found by the remedies, and is over when they are. remedy: what was done last, and how far that is.
WITH
    kind IN ('RECOVERY', 'ALERT_END') AS is_end,
    kind IN ('BREACH', 'RECOVERY', 'ALERT', 'ALERT_END') AS is_judged,
    NOT is_judged AS is_remedy,
    is_remedy AND kind IN ('RESOLVED', 'REVERTED', 'ESCALATED') AS is_remedy_end
SELECT
    incident,
    any(subject) AS subject,
    any(tier) AS tier,
    any(objective) AS objective,
    multiIf(countIf(is_judged) = 0, 'slow_feed', any(window_s) IS NULL, 'breach', 'alert') AS what,
    any(began_time) AS began,
    multiIf(
        countIf(is_end) > 0, maxIf(time, is_end),
        what = 'slow_feed' AND countIf(is_remedy_end) > 0, maxIf(time, is_remedy_end),
        NULL
    ) AS ended,
    if(what = 'slow_feed', argMax(good, time), argMaxIf(good, time, is_judged)) AS good,
    if(what = 'slow_feed', argMax(total, time), argMaxIf(total, time, is_judged)) AS total,
    any(target_ppm) / 10000 AS target_percent,
    if(what = 'slow_feed', argMax(causes, time), argMaxIf(causes, time, is_judged)) AS causes,
    argMaxIf(concat(lower(action), ' ', lower(toString(kind)), ifNull(concat(': ', detail), '')), (told_time, kind), is_remedy) AS remedy
FROM sla_events AS told
WHERE ({subject:String} = '' OR told.subject = {subject:String}) AND began_time < {to:DateTime64(6, 'UTC')}
GROUP BY incident
HAVING ended IS NULL OR ended >= {from:DateTime64(6, 'UTC')}
ORDER BY began, incident
