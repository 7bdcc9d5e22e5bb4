-- What kinds of findings were there in the last 30 days?
SELECT check_type, count(*) AS findings, count(DISTINCT endpoint) AS models, count(DISTINCT subject) AS subjects
FROM findings
WHERE day >= date_format(date_add('day', -30, current_date), '%Y-%m-%d')
GROUP BY check_type
ORDER BY findings DESC, check_type
