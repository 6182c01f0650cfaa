-- Streams of tokens.
SELECT 1;
