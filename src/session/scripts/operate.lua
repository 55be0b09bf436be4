-- Executes operations on one session: all of them or none.
--@begin

local made
if guarded then
  --@look
  if absent and absent[1] == 'missing' and mode == 'create' and not failure then
    absent = nil
    idle, absolute = tonumber(ARGV[3]), tonumber(ARGV[4])
    --@create
    made = not failure
  elseif not absent and not failure and not created and ARGV[5] ~= 'DESTROY' then
    --@create
  end
  if failure or absent then
    return failure or absent
  end
end

local at = 5
--@operations

if stopped or failure then
  --@restore
end
if guarded and not ended and not failure and not (made and stopped) then
  --@expire
  if failure then
    --@restore
  end
end
if made and (stopped or failure) then
  call('DEL', key)
end
if expiry_wanted and not failure then
  local expiry = call('PTTL', key)
  failure = type(expiry) == 'table' and expiry
  outcomes[expiry_wanted] = expiry
end
return failure or stopped or outcomes
