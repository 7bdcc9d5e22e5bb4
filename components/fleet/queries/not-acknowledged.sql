-- Which monitors have findings in their last run that nobody has acknowledged since the day before?
WITH latest AS (
  SELECT *, row_number() OVER (PARTITION BY account, region, endpoint, schedule ORDER BY window_end DESC) AS place
  FROM runs WHERE day >= date_format(date_add('day', -35, current_date), '%Y-%m-%d')
)
, seen AS (
  SELECT endpoint, schedule, max(acknowledged_at) AS seen_at FROM acknowledgements WHERE day >= date_format(date_add('day', -35, current_date), '%Y-%m-%d')
  GROUP BY endpoint, schedule
)
SELECT latest.endpoint, latest.schedule, latest.violation_count, latest.window_end
FROM latest LEFT JOIN seen ON latest.endpoint = seen.endpoint AND latest.schedule = seen.schedule
WHERE latest.place = 1 AND latest.violation_count > 0
  AND (seen.seen_at IS NULL
       OR from_iso8601_timestamp(seen.seen_at) < from_iso8601_timestamp(latest.window_end) - INTERVAL '1' DAY)
ORDER BY latest.violation_count DESC, latest.endpoint, latest.schedule
