-- Which features drifted in the largest share of runs in the last 90 days?
SELECT endpoint, feature, count(*) AS runs, sum(CASE WHEN drifted THEN 1 ELSE 0 END) AS drifted_runs,
       round(avg(CASE WHEN drifted THEN 1.0 ELSE 0.0 END), 4) AS share
FROM features
WHERE day >= date_format(date_add('day', -90, current_date), '%Y-%m-%d')
GROUP BY endpoint, feature
HAVING sum(CASE WHEN drifted THEN 1 ELSE 0 END) > 0
ORDER BY share DESC, endpoint, feature
LIMIT 100
