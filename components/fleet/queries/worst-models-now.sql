-- Which models have findings in the last run of a monitor, the worst first?
WITH latest AS (
  SELECT *, row_number() OVER (PARTITION BY account, region, endpoint, schedule ORDER BY window_end DESC) AS place
  FROM runs WHERE day >= date_format(date_add('day', -35, current_date), '%Y-%m-%d')
)
SELECT account, region, team, endpoint, kind, violation_count, drifted_count, feature_count, window_end, results_uri
FROM latest
WHERE place = 1 AND violation_count > 0
ORDER BY violation_count DESC, endpoint, kind
