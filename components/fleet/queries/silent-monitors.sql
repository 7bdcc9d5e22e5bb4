-- Which monitors had no run for two days?
WITH latest AS (
  SELECT *, row_number() OVER (PARTITION BY account, region, endpoint, schedule ORDER BY window_end DESC) AS place
  FROM runs WHERE day >= date_format(date_add('day', -35, current_date), '%Y-%m-%d')
)
SELECT account, region, team, endpoint, schedule, kind, window_end AS last_run
FROM latest
WHERE place = 1 AND from_iso8601_timestamp(window_end) < current_timestamp - INTERVAL '2' DAY
ORDER BY window_end, endpoint
