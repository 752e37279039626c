-- Moves the client's pulse on to a beat and returns where it stood, -1 for
-- nowhere. Beats may arrive out of order. A pulse that stands below what was
-- acknowledged stays there until the client has heard of it: the answer that
-- tells of a loss may itself get lost.
-- KEYS: pulse. ARGV: the last beat that was acknowledged, the beat.
local was = tonumber(redis.call('GET', KEYS[1]) or -1)
if was >= tonumber(ARGV[1]) then
    redis.call('SET', KEYS[1], math.max(was, tonumber(ARGV[2])), 'EX', 86400)
end
return was
