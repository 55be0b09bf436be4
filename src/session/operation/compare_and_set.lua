-- COMPARE field expects expected stores value (undo)
local stored = call('HGET', key, field)
if type(stored) == 'table' then
  outcome = stored
elseif expects == '1' and stored ~= expected or expects == '0' and stored then
  outcomes[#outcomes + 1] = stored
  outcomes[1] = 'conflict'
  stopped = outcomes
elseif stores == '1' then
  outcome = call('HSET', key, field, value)
elseif stored then
  outcome = call('HDEL', key, field)
else
  outcome = 0
end
