-- Notes the time of creation. From then on the key exists until it expires, even without fields.
--@now
if now then
  created = now
  local noted = call('HSET', key, '\0created', string.format('%.0f', now))
  failure = type(noted) == 'table' and noted
end
