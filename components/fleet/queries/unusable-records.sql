-- Of which models could captured records not be used in the last 30 days?
SELECT endpoint, schedule, sum(records_read) AS records, sum(records_read - records_used) AS unusable,
       round(CAST(sum(records_read - records_used) AS double) / sum(records_read), 4) AS share
FROM runs
WHERE day >= date_format(date_add('day', -30, current_date), '%Y-%m-%d') AND records_read > 0
GROUP BY endpoint, schedule
HAVING sum(records_read - records_used) > 0
ORDER BY share DESC, endpoint
