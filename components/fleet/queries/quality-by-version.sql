-- How good is each version of each model, by its labels?
SELECT endpoint, variant, version, metric, count(*) AS runs, round(avg(value), 4) AS mean, round(min(value), 4) AS worst,
       sum(CASE WHEN called THEN 1 ELSE 0 END) AS runs_below
FROM metrics
WHERE day >= date_format(date_add('day', -90, current_date), '%Y-%m-%d') AND value IS NOT NULL AND kind = 'model-quality'
GROUP BY endpoint, variant, version, metric
ORDER BY endpoint, metric, version, variant
