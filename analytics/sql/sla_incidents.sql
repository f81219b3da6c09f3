-- Question: which promises were broken, from when to when, and why?
-- Grain:    one row per incident that was going on within the span
-- Params:   subject String: empty for all, from DateTime64 inclusive, to DateTime64 exclusive: the sessions' clock
--
-- good of total: what it came to, of one that is over; what it was judged by at its beginning, of one that is not.
SELECT
    incident,
    any(subject) AS subject,
    any(tier) AS tier,
    any(objective) AS objective,
    if(any(window_s) IS NULL, 'breach', 'alert') AS what,
    any(began_time) AS began,
    if(countIf(kind IN ('RECOVERY', 'ALERT_END')) = 0, NULL, maxIf(time, kind IN ('RECOVERY', 'ALERT_END'))) AS ended,
    argMax(good, time) AS good,
    argMax(total, time) AS total,
    any(target_ppm) / 10000 AS target_percent,
    argMax(causes, time) AS causes
FROM sla_events AS told
WHERE ({subject:String} = '' OR told.subject = {subject:String}) AND began_time < {to:DateTime64(6, 'UTC')}
GROUP BY incident
HAVING ended IS NULL OR ended >= {from:DateTime64(6, 'UTC')}
ORDER BY began, incident
