"""Queries of every form that SQLite knows, over the views of the parity tests."""
# ruff: noqa: E501

FORMS = r"""
SELECT id, words, json_extract(words, '$[0]') FROM everything ORDER BY id
SELECT json_extract(place, '$.x') FROM everything ORDER BY id
SELECT place->>'x', place->'$.note' FROM everything ORDER BY id
SELECT e.id, j.value, j.key, j.type FROM everything e, json_each(e.words) j ORDER BY e.id, j.key
SELECT e.id, j.value FROM everything e JOIN json_each(e.words) j ON j.value = 'a' ORDER BY 1
SELECT id FROM everything WHERE CAST(json_extract(counts, '$.a') AS INTEGER) > 1
SELECT json_array_length(words) FROM everything ORDER BY id
SELECT sum(CAST(j.value AS INTEGER)) FROM everything e, json_each(e.counts) j
SELECT count(*) FROM everything WHERE json_extract(words,'$[0]') = 'a'
WITH RECURSIVE n(i, t) AS (SELECT 1, 'a' UNION ALL SELECT i + 1, t || 'b' FROM n WHERE i < 5) SELECT i, t FROM n ORDER BY i
WITH RECURSIVE n(i) AS (SELECT 2147483646 UNION ALL SELECT i + 1 FROM n WHERE i < 2147483650) SELECT max(i) FROM n
WITH RECURSIVE n(p) AS (SELECT CAST(1 AS DECIMAL) UNION ALL SELECT p * 1.5 FROM n WHERE p < 5) SELECT p FROM n ORDER BY p
SELECT id, sum(whole) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM mixed ORDER BY id
SELECT id, sum(price) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) FROM mixed ORDER BY id
SELECT id, avg(whole) OVER w, nth_value(word, 2) OVER w FROM mixed WINDOW w AS (PARTITION BY flag ORDER BY id) ORDER BY id
SELECT id, sum(whole) FILTER (WHERE flag) OVER (ORDER BY id) FROM mixed ORDER BY id
SELECT id, percent_rank() OVER (ORDER BY price), cume_dist() OVER (ORDER BY word) FROM mixed ORDER BY id
SELECT max(id) FROM mixed GROUP BY flag HAVING max(price) > 1000 ORDER BY 1
SELECT word, count(*) FROM mixed GROUP BY word COLLATE NOCASE ORDER BY 1
SELECT lower(word), count(*) FROM mixed GROUP BY lower(word) ORDER BY 1
SELECT DISTINCT word FROM mixed ORDER BY word COLLATE NOCASE, word
SELECT DISTINCT word FROM mixed ORDER BY length(word), word
SELECT word FROM mixed UNION SELECT maybe FROM mixed ORDER BY length(word) DESC, word LIMIT 4
SELECT id, whole FROM mixed ORDER BY whole % 3, -whole, id LIMIT -1 OFFSET 2
SELECT id FROM mixed ORDER BY id LIMIT 2 OFFSET -1
SELECT id FROM mixed ORDER BY id LIMIT 1 + 1
SELECT id, count(*) FROM mixed
SELECT flag, word FROM mixed GROUP BY flag
SELECT 9223372036854775807 + 1
SELECT 9223372036854775807 * 2 FROM mixed LIMIT 1
SELECT sum(9223372036854775807) FROM mixed
SELECT -9223372036854775808
SELECT 9223372036854775808
SELECT abs(-9223372036854775808)
SELECT 7 / -2, -7 / 2, -7 % 3, 7 % -3, 7 / 0, 7 % 0, 7.5 / 0, 7.0 / 2
SELECT CAST(2.7 AS INTEGER), CAST(-2.7 AS INTEGER), CAST(2.5 AS INTEGER), CAST('12abc' AS INTEGER), CAST('abc' AS REAL), CAST(1e30 AS INTEGER)
SELECT 1 = 1.0, 'a' < 'B', 'ä' < 'z', 1 < 2.5, TRUE = 1, NULL = NULL, NULL IS NULL
SELECT 1 || 2.5 || TRUE || 'x', 'a' || NULL
SELECT min(1, 2.5), max(3, NULL), max('a', 'B'), min(1, 0.5) || ''
SELECT CASE WHEN 1 THEN 1 ELSE 2.5 END || ''
SELECT round(2.5), round(-2.5), round(2.675, 2), round(1234.5678, -2), round(7), round(1e15 + 0.5)
SELECT upper('straße äpfel'), lower('ÄPFEL Abc'), length('😀é'), instr('aXbX', 'X'), instr('abc', ''), replace('aaa', 'a', ''), replace('abc','','x')
SELECT trim('  a '), trim('xxaxx', 'x'), ltrim('aab', 'a'), rtrim('baa', 'a'), trim('	a')
SELECT substr('hello', 0, 2), substr('hello', -3, 2), substr('hello', 2, -1), substr('hello', 10), substr('hello', -10, 7), substr('héllo', 2, 2)
SELECT 'a' LIKE 'A', 'ä' LIKE 'Ä', 'a%' LIKE 'a\%', 'abc' LIKE '_b%', 'x' LIKE '', '' LIKE '%'
SELECT 'abc' GLOB 'a*', 'abc' GLOB 'A*', 'a.c' GLOB 'a.c', 'abc' GLOB 'a.c', 'a]c' GLOB 'a[]]c', 'abc' GLOB 'a[^x]c', 'a\b' GLOB 'a\b'
SELECT date(moment), time(moment), datetime(moment), unixepoch(moment), strftime('%d.%m.%Y %H:%M:%S %j %w %%', moment) FROM mixed WHERE moment IS NOT NULL ORDER BY id
SELECT count(*) FROM mixed WHERE moment BETWEEN '2023-01-01' AND '2024-06-01T00:00:00Z'
SELECT count(*) FROM mixed WHERE moment = 'nonsense'
SELECT moment || '' FROM mixed ORDER BY id
SELECT date('now')
SELECT CURRENT_TIMESTAMP
SELECT printf('%s-%d-%5.2f', 'a', 1, 2.5)
SELECT printf('%s-%d', NULL, 7)
SELECT typeof(whole) FROM mixed
SELECT word FROM mixed WHERE word REGEXP 'a'
SELECT * FROM mixed ORDER BY id LIMIT 3
SELECT m.id, e.id FROM mixed m LEFT JOIN everything e ON e.flag = m.flag AND e.id < m.id WHERE m.id < 'r05' ORDER BY 1, 2
SELECT m.id FROM mixed m WHERE m.price = (SELECT max(price) FROM mixed x WHERE x.flag = m.flag) ORDER BY 1
SELECT m.id FROM mixed m WHERE (m.flag, m.price) IN (SELECT flag, max(price) FROM mixed GROUP BY flag) ORDER BY 1
SELECT id FROM mixed WHERE (whole, price) > (2, 10) ORDER BY whole, price, id
SELECT id FROM mixed WHERE whole IN (1, 2.0, NULL) ORDER BY id
SELECT id FROM mixed WHERE word NOT IN ('a', NULL) ORDER BY id
SELECT id FROM mixed WHERE word = 7
SELECT id FROM mixed WHERE whole = '7'
SELECT id FROM mixed WHERE word > 3 ORDER BY id
SELECT id FROM mixed WHERE whole + word > 1
SELECT id FROM mixed WHERE word
SELECT hex(raw), length(raw) FROM mixed ORDER BY id LIMIT 5
SELECT id FROM mixed ORDER BY raw, id
SELECT group_concat(word) FROM (SELECT word FROM mixed ORDER BY id) t
SELECT group_concat(DISTINCT word) FROM mixed
SELECT total(whole), total(part), avg(part) FROM mixed WHERE id = 'none'
SELECT count(*) FILTER (WHERE flag), sum(flag), max(flag), min(flag) FROM mixed
SELECT flag + flag, flag * 2, -flag, NOT flag FROM mixed ORDER BY id
SELECT price % 2 FROM mixed
SELECT price * part FROM mixed ORDER BY id
SELECT price + 0.1 FROM mixed ORDER BY id
SELECT coalesce(cost, 0.1), coalesce(cost, whole), coalesce(cost, part) FROM mixed ORDER BY id
SELECT CASE WHEN flag THEN price WHEN whole > 0 THEN 1 END FROM mixed ORDER BY id
SELECT nullif(price, 9) FROM mixed ORDER BY id
SELECT CAST(part AS DECIMAL), CAST('1.5' AS DECIMAL) FROM mixed ORDER BY id
SELECT CAST(part AS DECIMAL) FROM mixed ORDER BY id
SELECT sqrt(part), ceil(part), floor(part), sign(part), ceil(whole) FROM mixed ORDER BY id
SELECT pow(part, 2) FROM mixed
SELECT 1 FROM mixed FULL JOIN everything ON mixed.id = everything.id
SELECT id FROM mixed NATURAL JOIN balances
SELECT EXISTS (SELECT 1 FROM mixed WHERE price > 10), NOT EXISTS (SELECT 1 FROM mixed WHERE price < -1000)
SELECT 1e400, -1e400
SELECT part * 1e300 * 1e300 FROM mixed ORDER BY id
SELECT id FROM mixed WHERE id IN (SELECT id FROM balances UNION SELECT 'r01') ORDER BY 1
SELECT x.w FROM (SELECT word AS w FROM mixed UNION ALL SELECT maybe FROM mixed) x WHERE x.w IS NOT NULL ORDER BY x.w
SELECT a.owner FROM balances a GROUP BY a.owner HAVING count(*) > 1
SELECT owner, (SELECT count(*) FROM activity) FROM balances GROUP BY owner ORDER BY owner
SELECT length(NULL), upper(NULL), substr(NULL, 1), NULL + 1, NULL || 'x', sum(NULL), max(NULL), coalesce(NULL, NULL)
SELECT 5 & 3, 5 | 3, ~5
SELECT 1 << 3
SELECT iif(whole > 0, 'pos', 'neg') FROM mixed ORDER BY id
SELECT balance FROM balances ORDER BY balance IS NULL, balance COLLATE NOCASE
SELECT unicode('a'), unicode('')
SELECT count(*) FROM mixed a, mixed b WHERE a.price = b.cost
SELECT id AS x, x || 'y' FROM mixed LIMIT 1
SELECT whole AS w FROM mixed WHERE w > 3 ORDER BY w
SELECT max(whole) AS m, m + 1 AS n FROM mixed
SELECT word AS k, count(*) c FROM mixed GROUP BY k ORDER BY c DESC, k
SELECT price AS p FROM mixed GROUP BY p ORDER BY p
""".strip().splitlines()
