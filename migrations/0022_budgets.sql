-- Budgets and usage.
SELECT 1;
