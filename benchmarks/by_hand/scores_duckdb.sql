-- The scores alone, by hand in DuckDB's SQL. Run by sql.py in the output folder, with the variable `lines` set.

CREATE TEMP TABLE order_days AS
SELECT customer_id, order_date, net
FROM (
    SELECT customer_id, order_id, order_date, sum(amount) AS net
    FROM read_csv(getvariable('lines'), auto_detect = false, header = true, delim = ',', quote = '"',
                  columns = {customer_id: 'VARCHAR', order_id: 'VARCHAR', order_date: 'DATE', amount: 'DECIMAL(12, 2)'})
    GROUP BY ALL);

SET VARIABLE as_of = (SELECT max(order_date) FROM order_days);
SET VARIABLE after = (SELECT (getvariable('as_of') - INTERVAL 12 MONTH)::DATE);

CREATE TEMP TABLE customers AS
SELECT customer_id,
       getvariable('as_of') - max(order_date) FILTER (net > 0) AS recency_days,
       count(*) FILTER (net > 0 AND order_date > getvariable('after')) AS frequency,
       coalesce(sum(net) FILTER (order_date > getvariable('after')), 0)::DECIMAL(18, 2) AS monetary
FROM order_days
GROUP BY customer_id;

SET VARIABLE cuts = (
    SELECT {r: quantile_disc(recency_days, [0.2, 0.4, 0.6, 0.8]),
            f: quantile_disc(frequency, [0.2, 0.4, 0.6, 0.8]),
            m: quantile_disc(monetary, [0.2, 0.4, 0.6, 0.8])}
    FROM customers WHERE frequency > 0);

-- A score is a count of the cuts on the worse side: who lies on a cut has the better score in recency,
-- where small is good, and the worse one elsewhere; equal values always have equal scores.
CREATE MACRO above(value, cuts) AS
    (value > cuts[1])::TINYINT + (value > cuts[2])::TINYINT + (value > cuts[3])::TINYINT + (value > cuts[4])::TINYINT;

COPY (
    SELECT *,
           coalesce(5 - above(recency_days, getvariable('cuts').r), 1) AS recency_score,
           1 + above(frequency, getvariable('cuts').f) AS frequency_score,
           1 + above(monetary, getvariable('cuts').m) AS monetary_score
    FROM customers
) TO 'scores.csv';
