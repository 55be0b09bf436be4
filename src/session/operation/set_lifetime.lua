-- LIFETIME own_idle own_absolute
--@now
if not failure then
  created, idle, absolute = now, tonumber(own_idle), tonumber(own_absolute)
  renew, due = true, true
  outcome = call('HSET', key, '\0created', string.format('%.0f', now), '\0idle', own_idle, '\0absolute', own_absolute)
end
