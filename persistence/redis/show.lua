-- Has a draft take the place of a board. Returns 1 if that is done, or was done
-- before, and 0 if the draft or the board is not what it rests on.
-- KEYS: draft, its mark, board, its mark. ARGV: the draft's mark, what stands as
-- the board's mark, 1 to replace whatever stands there, the board's mark to be.
local function size(key)
	local n = redis.pcall('ZCARD', key) -- an error if it is no sorted set
	return type(n) == 'number' and n or '?'
end

local draft, over, force, mark = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local stands = redis.pcall('GET', KEYS[4]) -- an error if it is no string
if type(stands) ~= 'string' then stands = '' end
if force ~= '1' then
	if stands == mark .. ':' .. size(KEYS[3]) then -- it was shown before
		redis.call('DEL', KEYS[1], KEYS[2])
		return 1
	end
	if stands ~= over then return 0 end
end
if redis.call('GET', KEYS[2]) ~= draft .. ':' .. size(KEYS[1]) then return 0 end
if redis.call('EXISTS', KEYS[1]) == 1 then
	redis.call('RENAME', KEYS[1], KEYS[3])
	redis.call('PERSIST', KEYS[3])
else
	redis.call('DEL', KEYS[3]) -- nobody is on the board
end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[4], mark .. ':' .. size(KEYS[3]))
return 1
