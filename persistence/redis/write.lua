-- Adds members to a set, removes some, sends messages, and sets the mark. Returns
-- 1 if that is done, or was done before, 2 if it is done but messages were refused,
-- and 0 if the set is not what it rests on.
-- KEYS: set, mark. ARGV: before, after, seconds to live or 0, channel,
-- how many follow of each kind, then: score and member of those to add, members
-- to remove, and for other than drafts a message for each of those to remove, which
-- is sent if the member was there, and messages that are sent whatever was there.
local function size()
	local n = redis.pcall('ZCARD', KEYS[1]) -- an error if it is no sorted set
	return type(n) == 'number' and n or '?'
end

local before, after, ttl, channel = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local add, remove = 2 * ARGV[5], tonumber(ARGV[6])
local stored = redis.pcall('GET', KEYS[2]) -- an error if it is no string
if type(stored) ~= 'string' then stored = '' end
if stored == after .. ':' .. size() then return 1 end
if stored ~= (before == '' and '' or before .. ':' .. size()) then return 0 end

-- The stack of a script has room for some thousand arguments.
local function each(command, first, last)
	for i = first, last, 4000 do
		redis.call(command, KEYS[1], unpack(ARGV, i, math.min(i + 3999, last)))
	end
end
each('ZADD', 7, 6 + add)
-- Whoever may write and not publish has a board that is right all the same.
local done = 1
local function publish(message)
	if type(redis.pcall('PUBLISH', channel, message)) ~= 'number' then done = 2 end
end
local messages = 6 + add + remove
for i = 1, remove do
	local gone = redis.call('ZREM', KEYS[1], ARGV[6 + add + i]) == 1
	if gone and ARGV[messages + i] then publish(ARGV[messages + i]) end
end
for i = messages + remove + 1, #ARGV do publish(ARGV[i]) end
if ttl == '0' then
	redis.call('SET', KEYS[2], after .. ':' .. size())
else
	redis.call('EXPIRE', KEYS[1], ttl)
	redis.call('SET', KEYS[2], after .. ':' .. size(), 'EX', ttl)
end
return done
