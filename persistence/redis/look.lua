-- Returns the stored mark, and whether the set still fits it.
-- KEYS: set, mark.
local stored = redis.pcall('GET', KEYS[2]) -- an error if it is no string
if type(stored) ~= 'string' then stored = '' end
local size = redis.pcall('ZCARD', KEYS[1]) -- an error if it is no sorted set
local fits = type(size) == 'number' and string.sub(stored, -1 - #tostring(size)) == ':' .. size
return { stored, fits and 1 or 0 }
