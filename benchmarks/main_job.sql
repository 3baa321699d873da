-- The main job as an expert would write it by hand: benchmarks/main_job.yaml in DuckDB's SQL.
-- Run by sql.py in the output folder, with the variable `lines` set to the input file.

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

-- ---- thresholds and cuts --------------------------------------------------------------------------

CREATE TEMP TABLE quantiles AS
SELECT quantile_disc(getvariable('as_of') - last_order, [0.2, 0.4, 0.6, 0.8]) AS r,
       quantile_disc(frequency, [0.2, 0.4, 0.6, 0.8]) AS f,
       quantile_disc(monetary, [0.2, 0.4, 0.6, 0.8]) AS m
FROM sums WHERE frequency > 0;

CREATE TEMP TABLE thresholds AS
SELECT any_value(r) AS r,
       [min(frequency) FILTER (frequency > f[1]), min(frequency) FILTER (frequency > f[2]),
        min(frequency) FILTER (frequency > f[3]), min(frequency) FILTER (frequency > f[4])] AS f,
       [min(monetary) FILTER (monetary > m[1]), min(monetary) FILTER (monetary > m[2]),
        min(monetary) FILTER (monetary > m[3]), min(monetary) FILTER (monetary > m[4])] AS m
FROM sums, quantiles WHERE frequency > 0;

CREATE TEMP TABLE cuts AS
SELECT min(monetary) FILTER (before_me < 0.8 * total) AS value_80,
       min(monetary) FILTER (before_me < 0.3 * total) AS value_30,
       min(monetary) FILTER (rank <= ceil(0.2 * buyers)) AS customers_20,
       min(monetary) FILTER (rank <= ceil(0.5 * buyers)) AS customers_50
FROM (SELECT monetary,
             sum(monetary) OVER down - monetary AS before_me,
             row_number() OVER down AS rank,
             sum(monetary) OVER () AS total,
             count(*) OVER () AS buyers
      FROM sums WHERE monetary > 0 AND frequency > 0
      WINDOW down AS (ORDER BY monetary DESC ROWS UNBOUNDED PRECEDING));

SET VARIABLE r = (SELECT r FROM thresholds);
SET VARIABLE f = (SELECT f FROM thresholds);
SET VARIABLE m = (SELECT m FROM thresholds);
SET VARIABLE value_30 = (SELECT value_30 FROM cuts);
SET VARIABLE key_cut = (SELECT greatest(value_80, customers_20) FROM cuts);
SET VARIABLE ordinary_cut = (SELECT customers_50 FROM cuts);
SET VARIABLE key_words = (SELECT format(
    'top customers holding 80 % of value (from {:,.2f}); among the top 20 % of customers (from {:,.2f}); ',
    value_80, customers_20) FROM cuts);
SET VARIABLE ordinary_words = (SELECT format(
    'among the top 50 % of customers (from {:,.2f}); net spend ', customers_50) FROM cuts);

-- ---- metrics, scores, tiers, potential ------------------------------------------------------------

-- Hundredths are whole numbers, exact in a double: a quotient that ends in a 5 is rounded half-even.
CREATE MACRO hundredths(a) AS round(a::DOUBLE * 100);
CREATE MACRO ratio(a, b) AS
    (round_even(hundredths(a) * 10000 / nullif(hundredths(b), 0), 0) / 10000)::DECIMAL(18, 4);
CREATE MACRO money(amount) AS CASE WHEN amount < 1000 THEN amount::VARCHAR ELSE format('{:,.2f}', amount::DOUBLE) END;
CREATE MACRO percent(rate) AS (rate * 100)::DECIMAL(18, 1) || ' %';
CREATE MACRO in_words(day) AS strftime(day, '%-d %B %Y');

CREATE TEMP TABLE placed AS
WITH metrics AS (
    SELECT customer_id, first_order, last_order, getvariable('as_of') - last_order AS recency_days, frequency,
           monetary, gross, gross - monetary AS refunds,
           CASE WHEN gross > 0 THEN ratio(gross - monetary, gross) WHEN monetary < 0 THEN 1 END AS refund_rate,
           ratio(gross, frequency) AS average_order,
           getvariable('as_of') - first_order AS tenure_days,
           CASE WHEN frequency > 1 THEN ratio(last_order - first_inside, frequency - 1) END AS rhythm_days,
           CASE WHEN frequency > 1
                THEN ratio((getvariable('as_of') - last_order) * (frequency - 1), last_order - first_inside)
           END AS lateness,
           CASE WHEN monetary > newer THEN ratio(newer, monetary - newer) END AS trend
    FROM sums
),
scored AS (
    SELECT *,
           CASE WHEN recency_days <= getvariable('r')[1] THEN 5 WHEN recency_days <= getvariable('r')[2] THEN 4
                WHEN recency_days <= getvariable('r')[3] THEN 3 WHEN recency_days <= getvariable('r')[4] THEN 2
                ELSE 1 END AS recency_score,
           CASE WHEN frequency >= getvariable('f')[4] THEN 5 WHEN frequency >= getvariable('f')[3] THEN 4
                WHEN frequency >= getvariable('f')[2] THEN 3 WHEN frequency >= getvariable('f')[1] THEN 2
                ELSE 1 END AS frequency_score,
           CASE WHEN monetary >= getvariable('m')[4] THEN 5 WHEN monetary >= getvariable('m')[3] THEN 4
                WHEN monetary >= getvariable('m')[2] THEN 3 WHEN monetary >= getvariable('m')[1] THEN 2
                ELSE 1 END AS monetary_score
    FROM metrics
),
tiered AS (
    SELECT *,
           recency_score || '' || frequency_score || monetary_score AS rfm,
           recency_score + frequency_score + monetary_score AS rfm_total,
           CASE WHEN monetary >= getvariable('key_cut') AND frequency >= 2 THEN 'key'
                WHEN monetary >= getvariable('ordinary_cut') THEN 'ordinary'
                WHEN frequency >= 3 AND (monetary <= 0 OR refund_rate >= 0.5) THEN 'eliminate'
                ELSE 'small' END AS tier
    FROM scored
),
leaving AS (  -- what takes a customer out of the last tier: net spend above 0, and less than half of it sent back
    SELECT *, CASE tier WHEN 'eliminate' THEN greatest(
        0.01 - monetary, floor((refunds::DOUBLE / 0.49995 - gross::DOUBLE) * 100)::BIGINT / 100 + 0.01, 0)::DECIMAL(18, 2)
        END AS to_small
    FROM tiered
),
costed AS (
    SELECT *,
           CASE WHEN tier = 'ordinary' THEN 'key'
                WHEN tier = 'eliminate' AND to_small < getvariable('ordinary_cut') - monetary THEN 'small'
                WHEN tier <> 'key' THEN 'ordinary' END AS next_tier,
           CASE tier WHEN 'ordinary' THEN greatest(1, 2 - frequency) WHEN 'key' THEN NULL ELSE 1 END AS gap_orders,
           CASE tier WHEN 'ordinary' THEN greatest(getvariable('key_cut') - monetary, 0)
                     WHEN 'small' THEN getvariable('ordinary_cut') - monetary
                     WHEN 'eliminate' THEN least(to_small, getvariable('ordinary_cut') - monetary) END AS gap_monetary
    FROM leaving
)
SELECT customer_id, first_order, last_order, recency_days, frequency, monetary, gross, refunds, refund_rate,
       average_order, tenure_days, rhythm_days, lateness, trend, recency_score, frequency_score, monetary_score,
       rfm, rfm_total, tier, NULL AS grade,
       CASE WHEN next_tier IS NULL THEN 'no'
            WHEN monetary > 0 AND ratio(gap_monetary, monetary) <= 0.5
                 AND (lateness <= 2 OR frequency = 1 AND recency_days <= 90) THEN 'yes'
            WHEN tenure_days <= 90 AND frequency >= 2 THEN 'yes'
            ELSE 'no' END AS potential,
       next_tier, gap_orders, gap_monetary,
       'reach ' || next_tier || ': ' || gap_orders
           || CASE gap_orders WHEN 1 THEN ' more order' ELSE ' more orders' END
           || CASE WHEN gap_monetary > 0 THEN ' and ' || money(gap_monetary) || ' more' ELSE '' END AS gap,
       CASE tier
            WHEN 'key' THEN getvariable('key_words') || frequency || ' orders'
            WHEN 'ordinary' THEN getvariable('ordinary_words') || money(monetary)
            WHEN 'eliminate' THEN frequency || ' orders; ' || CASE
                WHEN monetary <= 0 THEN 'net spend ' || money(monetary)
                ELSE percent(refund_rate) || ' of the amount sent back' END
            ELSE 'none of the rules above holds' END AS reason
FROM costed;

COPY placed TO 'customers.csv';
COPY (FROM placed WHERE tier = 'key') TO 'tiers/key.csv';
COPY (FROM placed WHERE tier = 'ordinary') TO 'tiers/ordinary.csv';
COPY (FROM placed WHERE tier = 'small') TO 'tiers/small.csv';
COPY (FROM placed WHERE tier = 'eliminate') TO 'tiers/eliminate.csv';

-- ---- actions --------------------------------------------------------------------------------------

-- The n-th business day after the issue date, which is the next business day after as_of.
SET VARIABLE business_days = (
    SELECT list(day::DATE ORDER BY day)
    FROM range(getvariable('as_of') + 1, getvariable('as_of') + 60, INTERVAL 1 DAY) AS r(day)
    WHERE isodow(day) < 6);
CREATE MACRO due(days) AS getvariable('business_days')[days + 1];

SET VARIABLE playbook = (SELECT list(p) FROM (VALUES
    ('key-overdue', 'Key customer overdue', 1, 'service', 'emotion', 'phone', 'account_manager', 'senior', due(3)),
    ('key-executive-visit', 'Executive visit', 2, 'service', 'emotion', 'visit', 'executive', NULL, due(20)),
    ('key-refunds', 'Refunds of a key customer', 2, 'service', 'opinion', 'phone', 'account_manager', 'middle', due(3)),
    ('key-opinion', 'Ask for an opinion', 4, 'service', 'opinion', 'phone', 'account_manager', 'middle', due(10)),
    ('key-preview', 'New products first', 6, 'marketing', 'concept', 'event', 'account_manager', 'ordinary', due(20)),
    ('ordinary-raise', 'Cultivate towards key', 3, 'marketing', 'policy', 'phone', 'account_manager', 'ordinary', due(10)),
    ('ordinary-overdue', 'Ordinary customer overdue', 5, 'marketing', 'information', 'email', 'service_desk', NULL, due(5)),
    ('ordinary-regular', 'Regular information', 8, 'marketing', 'information', 'email', 'system', NULL, due(20)),
    ('first-order-failed', 'First order went wrong', 2, 'service', 'opinion', 'phone', 'service_desk', NULL, due(2)),
    ('welcome', 'Welcome', 4, 'service', 'emotion', 'email', 'system', NULL, due(2)),
    ('second-order', 'Second order', 5, 'marketing', 'information', 'email', 'system', NULL, due(5)),
    ('small-raise', 'Cultivate a small customer', 6, 'marketing', 'policy', 'sms', 'system', NULL, due(10)),
    ('self-service', 'Move to self-service', 9, 'service', 'information', 'email', 'system', NULL, due(20)),
    ('win-back', 'Win back', 7, 'marketing', 'opinion', 'email', 'service_desk', NULL, due(20)),
    ('review', 'Review by a person', 3, 'internal', 'policy', 'internal', 'supervisor', NULL, due(10)),
    ('refunds-alone', 'Refunds without a purchase', 9, 'internal', 'information', 'internal', 'service_desk', NULL, due(10))
) AS p(action_id, action, priority, purpose, content, channel, owner, rank, due_date));

-- One column of numbers rather than a join and a sort: unnest keeps the order of customers, then of priority.
-- Only the top tier gives a customer several actions; the rules of the others exclude each other.
CREATE TEMP VIEW key_actions AS
SELECT *, unnest(list_filter([
    CASE WHEN overdue THEN 1 END,
    CASE WHEN monetary >= getvariable('value_30') THEN 2 END,
    CASE WHEN refund_rate >= 0.1 AND NOT overdue THEN 3 END,
    CASE WHEN refund_rate < 0.1 AND NOT overdue THEN 4 END,
    CASE WHEN refund_rate < 0.1 AND lateness <= 2 THEN 5 END], lambda number: number IS NOT NULL)) AS number
FROM (SELECT *, coalesce(lateness >= 3 AND recency_days >= 30, false) AS overdue FROM placed WHERE tier = 'key');

CREATE TEMP VIEW ordinary_actions AS
SELECT *, CASE
    WHEN frequency <= 1 AND refund_rate >= 0.5 THEN 9
    WHEN lateness >= 3 AND recency_days >= 30 THEN 7
    WHEN tenure_days <= 30 THEN 10
    WHEN tenure_days <= 90 AND frequency = 1 THEN 11
    WHEN potential = 'yes' THEN 6
    ELSE 8 END AS number
FROM placed WHERE tier = 'ordinary';

CREATE TEMP VIEW small_actions AS
SELECT *, CASE
    WHEN frequency <= 1 AND refund_rate >= 0.5 THEN 9
    WHEN first_order IS NULL THEN 16
    WHEN frequency = 0 THEN 14
    WHEN tenure_days <= 30 THEN 10
    WHEN tenure_days <= 90 AND frequency = 1 THEN 11
    WHEN potential = 'yes' THEN 12
    ELSE 13 END AS number
FROM placed WHERE tier = 'small';

CREATE TEMP VIEW eliminate_actions AS
SELECT *, 15 AS number FROM placed WHERE tier = 'eliminate';

CREATE MACRO worded(customers) AS TABLE
SELECT customer_id, tier, grade, potential, p.action_id, p.action, p.priority, p.purpose, p.content, p.channel,
       p.owner, p.rank, p.due_date, reason,
       CASE number
            WHEN 1 THEN frequency || ' orders, ' || money(monetary) || ', of which sent back: ' || money(refunds) || '. Days between orders: usually ' || rhythm_days::INTEGER || ', now ' || recency_days || '. Ask first; offer nothing before you know why.'
            WHEN 2 THEN 'One of the few who together bring 30 % of the money: ' || frequency || ' orders, ' || money(monetary) || '; first order on file ' || in_words(first_order) || ', last ' || in_words(last_order) || '. Settle with the account manager what is open. Bring one question about our service, no offer.'
            WHEN 3 THEN 'Sent back ' || money(refunds) || ' of ' || money(gross) || ' (' || percent(refund_rate) || '). Find the cause with the warehouse first, then call with an answer.'
            WHEN 4 THEN 'Routine call. Last order ' || in_words(last_order) || ': the goods, our people, one thing to improve. Write the answer down word for word. Do not ask for a good rating.'
            WHEN 5 THEN 'In their usual rhythm; last order ' || in_words(last_order) || '. Invite to the preview, and ask what they miss in the range.'
            WHEN 6 THEN 'What is missing today: ' || gap || '. Say what regular customers are offered; promise no level and no amount, the yardstick moves each month.'
            WHEN 7 THEN 'Days between orders: usually ' || rhythm_days::INTEGER || ', now ' || recency_days || '. A message; a call only if they answer.'
            WHEN 8 THEN 'No personal time: the regular letter only.'
            WHEN 9 THEN 'At most one order in the past 12 months, and at least half of it came back: bought ' || money(gross) || ', sent back ' || money(refunds) || '. Ask what went wrong, put it right, thank them. Not a bad customer: a failed first impression.'
            WHEN 10 THEN 'First order ' || in_words(first_order) || '. Welcome, how to reach us, what to know. Nothing to sell.'
            WHEN 11 THEN 'One order so far, on ' || in_words(first_order) || ': ' || money(gross) || '. The second decides whether they stay.'
            WHEN 12 THEN 'What is missing today: ' || gap || '. Automatic.'
            WHEN 13 THEN 'Standard service and its deadlines stay as they are; only what we do unasked becomes cheaper. Not for elderly or disabled customers.'
            WHEN 14 THEN 'Customer since ' || in_words(first_order) || ' at the latest, nothing for ' || recency_days || ' days. Look at the earlier orders: those who once bought much first, and by phone. Two tries at most.'
            WHEN 15 THEN frequency || ' orders: bought ' || money(gross) || ', sent back ' || money(refunds) || ' (' || percent(refund_rate) || '), left ' || money(monetary) || '. Our fault? wrong goods? abuse? Any complaint, order or contract still open: add to the keep list. Then keep, agree on terms, or end: with name, date and reason. No contact before the decision.'
            WHEN 16 THEN 'Goods sent back before the past 12 months, and no purchase on file: find the order they belong to.'
       END AS briefing,
       CASE number
            WHEN 1 THEN 'Good day. Your last order with us was on ' || in_words(last_order) || '. I am calling to ask how it served you, and whether there is anything we should put right. Is this a good moment?'
            WHEN 2 THEN 'You have placed ' || frequency || ' orders with us in the past 12 months. We would like to thank you in person and to hear your opinion. Which day would suit you?'
            WHEN 3 THEN 'Good day. In the past 12 months you had to ask us for a refund. We have looked into the reason and would like to tell you what we are changing. Is this a good moment?'
            WHEN 4 THEN 'Good day. May I have three minutes for your opinion on your order of ' || in_words(last_order) || ' and on the people who serve you?'
            WHEN 5 THEN 'With ' || frequency || ' orders in the past 12 months you know our range better than most. We would like you to see what is new before anyone else, and to tell us what you think.'
            WHEN 6 THEN 'Good day. Thank you for your order of ' || in_words(last_order) || '. May I tell you about the services we keep for customers who order regularly?'
            WHEN 7 THEN 'Your last order with us was on ' || in_words(last_order) || '. If something about it was not right, reply to this message and we will see to it. Below is what has come in since then that goes with it.'
            WHEN 8 THEN 'Our news of the month, with what goes with your order of ' || in_words(last_order) || '.'
            WHEN 9 THEN 'Good day. You had to ask us for a refund. May I ask what was not right, so that we can do better?'
            WHEN 10 THEN 'Thank you for your first order with us on ' || in_words(first_order) || '. If anything about it is not right, reply to this message: a person reads it.'
            WHEN 11 THEN 'You first ordered from us on ' || in_words(first_order) || '. We hope everything was right; if not, reply to this message. Below is what goes well with it.'
            WHEN 12 THEN 'Thank you for your order of ' || in_words(last_order) || '. If you would like the same again, you will find it in your account.'
            WHEN 13 THEN 'Your orders, invoices and returns are at hand in your account at any hour, the order of ' || in_words(last_order) || ' too. Our people are there for you as before.'
            WHEN 14 THEN 'You last ordered from us on ' || in_words(last_order) || '. We would be glad to know what we could have done better: one line is enough, and you need not buy anything.'
       END AS message,
       monetary
FROM (SELECT *, getvariable('playbook')[number] AS p FROM query_table(customers));

COPY (FROM worded('key_actions')) TO 'actions/key.csv';
COPY (FROM worded('ordinary_actions')) TO 'actions/ordinary.csv';
COPY (FROM worded('small_actions')) TO 'actions/small.csv';
COPY (FROM worded('eliminate_actions')) TO 'actions/eliminate.csv';
