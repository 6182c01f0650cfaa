-- Drift and cache.
SELECT 1;
