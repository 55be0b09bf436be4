-- One step on a session that stands and is renewed, as most calls are. What follows would do the same, and take Redis 1.4 times as
-- long: it declares functions, which each run makes anew, and calls them. It is left to deal with whatever is not as usual: a session
-- that is missing, has ended, or has no such lifetimes, and a step that fails. Nothing is written until then.

local name = ARGV[6]
local whole = name == 'HGETALL' or name == 'HKEYS'
local single = name == 'HGET' or name == 'HEXISTS' or name == 'HSET' or name == 'HSETNX' or name == 'HDEL' or name == 'HINCRBY'

if (whole or single) and #ARGV < 9 and ARGV[1] == 'require' and ARGV[2] == '1' then
  local key = KEYS[1]
  local reserved = redis.pcall('HMGET', key, '\0created', '\0moved', '\0ended', '\0idle', '\0absolute')
  local created, ended = tonumber(reserved[1] or nil), reserved[2] or reserved[3]
  local idle, absolute = (reserved[4] or ARGV[3]) * 1000, (reserved[5] or ARGV[4]) * 1000
  local time = created and not ended and idle > 0 and absolute > 0 and redis.pcall('TIME')
  local now = time and time[1] and time[1] * 1000 + math.floor(time[2] / 1000)
  if now and now < created + absolute then
    local outcome = whole and redis.pcall(name, key) or redis.pcall(name, key, unpack(ARGV, 7))
    if type(outcome) ~= 'table' or not outcome.err then
      -- From here on an error is told, and nothing left to what follows: it would do the step again.
      if name == 'HINCRBY' then
        -- Lua's doubles tell no larger sum exactly.
        outcome = math.abs(outcome) < 2 ^ 53 and string.format('%.0f', outcome) or redis.pcall('HGET', key, ARGV[7])
      end
      local deadline = math.min(created + absolute, now + idle)
      local expiry = redis.pcall('PEXPIREAT', key, string.format('%.0f', deadline))
      local failure = type(expiry) == 'table' and expiry or type(outcome) == 'table' and outcome.err and outcome
      return failure or {'ok', outcome}
    end
  end
end
