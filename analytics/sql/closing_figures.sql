-- Question: with which figures were months closed, and what was corrected since?
-- Grain:    one row per (month, subject, metric, correction), in order; is_newest: no later correction has it
-- Params:   report String, from Date inclusive, to Date exclusive: months
--
-- What was stored by a closing that did not come to its end is no figure of a closed month.
SELECT
    figures.month AS month,
    toString(figures.subject) AS subject,
    toString(figures.metric) AS metric,
    figures.correction AS correction,
    figures.correction = max(figures.correction) OVER (PARTITION BY month, subject, metric) AS is_newest,
    figures.value AS value,
    toString(figures.unit) AS unit,
    figures.n AS n,
    toString(figures.status) AS status,
    figures.reason AS reason,
    figures.parts AS parts,
    figures.formula AS formula,
    toString(figures.formula_version) AS formula_version,
    figures.computed_at AS computed_at
FROM month_figures AS figures FINAL
WHERE figures.report = {report:String} AND figures.month >= {from:Date} AND figures.month < {to:Date}
    AND (figures.month, figures.correction) IN (SELECT month, correction FROM closed_months)
ORDER BY month, subject, metric, correction
