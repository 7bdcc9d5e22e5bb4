-- How many models has each team, and how many of them have findings now?
WITH latest AS (
  SELECT *, row_number() OVER (PARTITION BY account, region, endpoint, schedule ORDER BY window_end DESC) AS place
  FROM runs WHERE day >= date_format(date_add('day', -35, current_date), '%Y-%m-%d')
)
SELECT coalesce(team, 'no team') AS owner, count(DISTINCT endpoint) AS models,
       count(DISTINCT CASE WHEN violation_count > 0 THEN endpoint END) AS with_findings
FROM latest
WHERE place = 1
GROUP BY coalesce(team, 'no team')
ORDER BY with_findings DESC, owner
