-- Who has seen which alarm in the last 30 days, and what do they say?
SELECT acknowledged_at, acknowledged_by, endpoint, schedule, note
FROM acknowledgements
WHERE day >= date_format(date_add('day', -30, current_date), '%Y-%m-%d')
ORDER BY acknowledged_at DESC, endpoint
