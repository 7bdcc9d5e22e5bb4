-- Which features of which models drifted in the last seven days, in how many runs?
SELECT endpoint, feature, count(*) AS runs, min(window_end) AS first_run, max(window_end) AS last_run,
       round(max(psi), 4) AS highest_psi
FROM features
WHERE day >= date_format(date_add('day', -7, current_date), '%Y-%m-%d') AND drifted
GROUP BY endpoint, feature
ORDER BY runs DESC, endpoint, feature
