-- Buckets: requests and tokens a minute.
SELECT 1;
