-- How far from neutral is each bias metric of each group, by version?
SELECT endpoint, variant, version, metric, count(*) AS runs, round(avg(value), 4) AS mean, round(min(value), 4) AS lowest,
       round(max(value), 4) AS highest, sum(CASE WHEN called THEN 1 ELSE 0 END) AS runs_called
FROM metrics
WHERE day >= date_format(date_add('day', -90, current_date), '%Y-%m-%d') AND value IS NOT NULL AND kind = 'bias'
GROUP BY endpoint, variant, version, metric
ORDER BY endpoint, metric, version, variant
