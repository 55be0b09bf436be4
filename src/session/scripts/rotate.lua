-- Moves the session to the key KEYS[2], writes, and leaves a tombstone. Argument 5 is the tombstone's text, a digest of the new id. The
-- operations begin at argument 6. Returns 'moved' if this rotation has happened already.
--@begin

local old, new = key, KEYS[2]
local exists = true
if guarded then
  --@look
  if absent and absent[1] == 'rotated' and absent[2] == ARGV[5] then
    -- The session has been moved already, and the reply was lost. Nothing is written here: this may be an earlier try
    -- that arrives late, after other calls have written.
    absent, key = nil, new
    --@look
    absent = absent or {'moved'}
  end
  if not absent and not failure and not created then
    --@create
  end
else
  local length = call('HLEN', old)
  failure = type(length) == 'table' and length
  -- There is nothing to move, or it has moved already.
  exists = length ~= 0
end
if failure or absent then
  return failure or absent
end

if exists then
  local renamed = call('RENAME', old, new)
  if renamed.err then
    return renamed
  end
end
key = new
local at = 6
--@operations rotate

if guarded and not failure then
  --@expire
  local marked = not failure and call('HSET', old, '\0moved', ARGV[5])
  if type(marked) == 'number' then
    marked = call('EXPIRE', old, 60)
  end
  failure = failure or type(marked) == 'table' and marked
end
if failure then
  --@restore
  if exists then
    call('DEL', old)
    call('RENAME', new, old)
  end
  return failure
end
return outcomes
