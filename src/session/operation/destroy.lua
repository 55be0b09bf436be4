-- DESTROY token
-- HLEN refuses a key that does not hold a hash. DEL comes before HSET: if Redis is out of memory, a script may run HSET
-- only after it has freed memory.
outcome = call('HLEN', key)
if type(outcome) == 'number' then
  outcome = call('DEL', key)
end
if guarded and type(outcome) == 'number' then
  outcome = call('HSET', key, '\0ended', token)
end
if guarded and type(outcome) == 'number' then
  outcome = call('EXPIRE', key, 60)
end
ended = true
