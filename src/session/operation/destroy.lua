-- DESTROY token
-- HLEN refuses a key that holds no hash. DEL comes before HSET: out of memory, a script may write only after it has freed some.
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
