-- Moves the session to the key KEYS[2], writes, and leaves a marker. The sixth argument is the marker's text, a digest of
-- the new id; the steps, HSET and HDEL, begin at the seventh. 'moved' says that it is there already.

local old, new = KEYS[1], KEYS[2]
local moved

local function rotate()
  if guarded then
    local standing, marker = look(old)
    if standing == 'rotated' and marker == ARGV[6] then
      -- This rotation has happened already and its answer was lost. Nothing is written here: what was sent first may arrive
      -- last, when others have written since.
      standing, marker = look(new)
      return standing == 'alive' and {'moved'} or {standing, marker}
    end
    if standing ~= 'alive' then
      return {standing, marker}
    end
  elseif call('HLEN', old) == 0 then
    -- Nothing to move, or it has moved already.
    old = nil
  end

  if old then
    call('RENAME', old, new)
    moved = true
  end
  key = new
  local at = 7
  while at <= #ARGV do
    if ARGV[5] == '1' then
      before[#before + 1] = {ARGV[at + 1], call('HGET', new, ARGV[at + 1])}
    end
    if ARGV[at] == 'HSET' then
      call('HSET', new, ARGV[at + 1], ARGV[at + 2])
      at = at + 3
    else
      call('HDEL', new, ARGV[at + 1])
      at = at + 2
    end
  end
  if guarded then
    expire(new)
    call('HSET', old, '\0moved', ARGV[6])
    call('EXPIRE', old, 60)
  end
  return outcomes
end

local fine, answer = pcall(rotate)
if not fine then
  restore()
  if moved then
    redis.pcall('DEL', old)
    redis.pcall('RENAME', new, old)
  end
  return reply_of(answer)
end
return answer
