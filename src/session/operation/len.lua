-- HLEN
outcome = call('HLEN', key)
local reserved = call('HMGET', key, '\0created', '\0moved', '\0ended', '\0idle', '\0absolute')
if reserved.err then
  outcome = reserved
elseif type(outcome) == 'number' then
  for i = 1, 5 do
    outcome = outcome - (reserved[i] and 1 or 0)
  end
end
