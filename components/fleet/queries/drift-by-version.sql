-- How often did each version of each model drift?
SELECT endpoint, variant, version, count(*) AS runs, sum(CASE WHEN drifted_count > 0 THEN 1 ELSE 0 END) AS drifted_runs,
       round(avg(CAST(drifted_count AS double) / feature_count), 4) AS share_of_features
FROM runs
WHERE day >= date_format(date_add('day', -90, current_date), '%Y-%m-%d') AND feature_count > 0
GROUP BY endpoint, variant, version
ORDER BY endpoint, version, variant
