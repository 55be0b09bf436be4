-- Performs steps on one session: all of them or none.

local stopped, removed, made, expiry_wanted

-- Performs the step that begins at this argument: its outcome, and where the next one begins. A function for each kind of step would
-- cost every run what it takes to make them all.
local function perform(at)
  local name, field = ARGV[at], ARGV[at + 1]
  if name == 'HGET' or name == 'HEXISTS' then
    return call(name, key, field), at + 2
  elseif name == 'HKEYS' or name == 'HGETALL' then
    return call(name, key), at + 2
  elseif name == 'HLEN' then
    local hidden = 0
    for _, value in ipairs(call('HMGET', key, '\0created', '\0moved', '\0ended', '\0idle', '\0absolute')) do
      hidden = hidden + (value and 1 or 0)
    end
    return call('HLEN', key) - hidden, at + 2
  elseif name == 'PTTL' then
    expiry_wanted = #outcomes + 1
    return 0, at + 2
  end

  if ARGV[5] == '1' then
    before[#before + 1] = {field, call('HGET', key, field)}
  end
  if name == 'HSET' or name == 'HSETNX' then
    return call(name, key, field, ARGV[at + 2]), at + 3
  elseif name == 'HDEL' then
    return call('HDEL', key, field), at + 2
  elseif name == 'POP' then
    local value = call('HGET', key, field)
    if value then
      call('HDEL', key, field)
    end
    return value, at + 2
  elseif name == 'HINCRBY' or name == 'HINCRBYFLOAT' then
    local reply = redis.pcall(name, key, field, ARGV[at + 2])
    local sum = call('HGET', key, field)
    if type(reply) == 'table' and reply.err then
      if reply.err:sub(1, 4) ~= 'ERR ' then
        error({reply}, 0)
      end
      -- What the field holds goes back with the error: only that tells no number from overflow.
      stopped = {'failed', string.format('%.0f', #outcomes - 1), sum, reply.err}
    elseif name == 'HINCRBYFLOAT' and math.abs(tonumber(sum) or math.huge) == math.huge then
      stopped = {'failed', string.format('%.0f', #outcomes - 1), sum, 'ERR not a finite double'}
    end
    return sum, at + 3
  elseif name == 'COMPARE' then
    local wanted, expected, storing, value = ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
    local stored = call('HGET', key, field)
    if wanted == '1' and stored ~= expected or wanted == '0' and stored then
      outcomes[#outcomes + 1] = stored
      outcomes[1] = 'conflict'
      stopped = outcomes
    elseif storing == '1' then
      call('HSET', key, field, value)
    elseif stored then
      call('HDEL', key, field)
    end
    return 1, at + 6
  elseif name == 'CLEAR' then
    if not guarded then
      call('HLEN', key)
      call('DEL', key)
      return 1, at + 2
    end
    local ordinary = {}
    for _, held in ipairs(call('HKEYS', key)) do
      if held:byte(1) ~= 0 then
        ordinary[#ordinary + 1] = held
      end
    end
    -- `unpack` takes a few thousand at most.
    for first = 1, #ordinary, 1000 do
      call('HDEL', key, unpack(ordinary, first, math.min(first + 999, #ordinary)))
    end
    return 1, at + 2
  elseif name == 'LIFETIME' then
    local own_idle, own_absolute = ARGV[at + 1], ARGV[at + 2]
    created = now()
    idle, absolute = tonumber(own_idle), tonumber(own_absolute)
    call('HSET', key, '\0created', string.format('%.0f', created), '\0idle', own_idle, '\0absolute', own_absolute)
    renew = true
    return 1, at + 3
  elseif name == 'DESTROY' then
    -- Touches nothing that is no hash. Deleting comes first: out of memory, only then may the marker be written.
    call('HLEN', key)
    call('DEL', key)
    if guarded then
      call('HSET', key, '\0ended', field)
      call('EXPIRE', key, 60)
    end
    removed = true
    return 1, at + 2
  end
  error('no such step', 0)
end

local function operate()
  if guarded then
    local standing, marker = look(key)
    if standing == 'missing' and ARGV[1] == 'create' then
      idle, absolute = tonumber(ARGV[3]), tonumber(ARGV[4])
      created = now()
      call('HSET', key, '\0created', string.format('%.0f', created))
      made, renew = true, true
    elseif standing ~= 'alive' then
      return {standing, marker}
    end
  end
  local at = 6
  while at <= #ARGV and not stopped do
    local outcome
    outcome, at = perform(at)
    if not stopped then
      outcomes[#outcomes + 1] = outcome
    end
  end
  if stopped then
    restore()
    if made then
      call('DEL', key)
      return stopped
    end
  end
  if guarded and not removed then
    expire(key)
  end
  if expiry_wanted then
    outcomes[expiry_wanted] = call('PTTL', key)
  end
  return stopped or outcomes
end

local fine, answer = pcall(operate)
if not fine then
  restore()
  if made then
    redis.pcall('DEL', key)
  end
  return reply_of(answer)
end
return answer
