-- What both scripts share. KEYS[1] is the session's key. Arguments:
--   1  what to do where no session stands: 'require' (tell), 'create', or 'unguarded' (look at nothing, add nothing)
--   2  '1': renew the idle lifetime
--   3  the store's idle lifetime in seconds, 0 = never
--   4  the store's absolute lifetime in seconds, 0 = never
--   5  '1': a step may fail after another has written, so remember what stood before
--   6… the steps, each a name, a field and what else it takes
--
-- Answers are lists that begin with a word: 'ok', 'missing', 'gone', 'rotated', 'moved', 'conflict' or 'failed'. Numbers travel as
-- text: Lua's are doubles.

local key = KEYS[1]
local guarded = ARGV[1] ~= 'unguarded'
local renew = ARGV[2] == '1'
local outcomes = {'ok'}

-- redis.call with the error reply in a list of its own: of a bare one, the `pcall` of Redis 7 hands on the text alone.
local function call(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then
    error({reply}, 0)
  end
  return reply
end

local now_read
local function now()
  if not now_read then
    local time = call('TIME')
    now_read = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return now_read
end

-- What stands at the key. `created` is its moment of creation, nil where the original drsession made the hash.
local created, idle, absolute
local function look(at)
  local reserved = call('HMGET', at, '\0created', '\0moved', '\0ended', '\0idle', '\0absolute')
  if reserved[2] then
    return 'rotated', reserved[2]
  end
  if reserved[3] then
    return 'gone', reserved[3]
  end
  created = tonumber(reserved[1] or nil)
  if not created and call('EXISTS', at) == 0 then
    return 'missing'
  end
  idle = tonumber(reserved[4] or ARGV[3])
  absolute = tonumber(reserved[5] or ARGV[4])
  -- Where nothing is renewed, the expiry that stands decides, if one does.
  local deciding = created and absolute > 0 and (renew or call('PTTL', at) == -1)
  if deciding and created + absolute * 1000 <= now() then
    call('DEL', at)
    return 'missing'
  end
  return 'alive'
end

-- Gives the key the expiry that the session's lifetimes ask for.
local function expire(at)
  if not created then
    created = now()
    call('HSET', at, '\0created', string.format('%.0f', created))
  end
  if not renew and call('PTTL', at) ~= -1 then
    return
  end
  if absolute > 0 then
    local deadline = created + absolute * 1000
    if idle > 0 then
      deadline = math.min(deadline, now() + idle * 1000)
    end
    call('PEXPIREAT', at, string.format('%.0f', deadline))
  elseif idle > 0 then
    call('EXPIRE', at, idle)
  elseif renew then
    call('PERSIST', at)
  end
end

-- What the steps' fields held before, latest last, and what puts it back when a later step fails.
local before = {}
local function restore()
  for i = #before, 1, -1 do
    local field, value = before[i][1], before[i][2]
    if value then
      redis.pcall('HSET', key, field, value)
    else
      redis.pcall('HDEL', key, field)
    end
  end
end

-- An error as a reply, whatever Lua made of it.
local function reply_of(failure)
  if type(failure) == 'table' then
    return failure[1]
  end
  return redis.error_reply('ERR ' .. tostring(failure))
end
