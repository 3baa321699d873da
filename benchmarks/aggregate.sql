-- The first part of main_job.sql alone: lines to customers. Run by sql.py.

-- ---- lines to customers ---------------------------------------------------------------------------

CREATE TEMP TABLE order_days AS
SELECT customer_id, order_id, order_date, sum(amount) AS net
FROM read_csv(getvariable('lines'), auto_detect = false, header = true, delim = ',', quote = '"',
              columns = {customer_id: 'VARCHAR', order_id: 'VARCHAR', order_date: 'DATE', amount: 'DECIMAL(12, 2)'})
GROUP BY ALL;

SET VARIABLE as_of = (SELECT max(order_date) FROM order_days);
SET VARIABLE after = (SELECT (getvariable('as_of') - INTERVAL 12 MONTH)::DATE);
SET VARIABLE newer_after = (SELECT getvariable('after') + ((getvariable('as_of') - getvariable('after')) // 2)::INTEGER);

CREATE TEMP TABLE sums AS
SELECT customer_id,
       min(order_date) FILTER (net > 0) AS first_order,
       max(order_date) FILTER (net > 0) AS last_order,
       count(*) FILTER (net > 0 AND inside) AS frequency,
       coalesce(sum(net) FILTER (inside), 0)::DECIMAL(18, 2) AS monetary,
       coalesce(sum(net) FILTER (net > 0 AND inside), 0)::DECIMAL(18, 2) AS gross,
       coalesce(sum(net) FILTER (order_date > getvariable('newer_after')), 0)::DECIMAL(18, 2) AS newer,
       min(order_date) FILTER (net > 0 AND inside) AS first_inside
FROM (SELECT *, order_date > getvariable('after') AS inside FROM order_days)
GROUP BY customer_id
ORDER BY monetary DESC, customer_id;  -- sorted while the rows are narrow; all below keeps this order

DROP TABLE order_days;
