-- Health of endpoints.
SELECT 1;
