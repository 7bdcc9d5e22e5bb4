-- Which features drift since yesterday and did not in the week before?
SELECT endpoint, feature, min(CASE WHEN drifted THEN window_end END) AS since
FROM features
WHERE day >= date_format(date_add('day', -8, current_date), '%Y-%m-%d')
GROUP BY endpoint, feature
HAVING min(CASE WHEN drifted THEN day END) >= date_format(date_add('day', -1, current_date), '%Y-%m-%d')
ORDER BY since DESC, endpoint, feature
