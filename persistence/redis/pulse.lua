-- Moves the client's pulse on to a beat and returns where it stood, -1 for
-- nowhere. Beats may arrive out of order.
-- KEYS: pulse. ARGV: the beat.
local was = tonumber(redis.call('GET', KEYS[1]) or -1)
redis.call('SET', KEYS[1], math.max(was, tonumber(ARGV[1])), 'EX', 86400)
return was
