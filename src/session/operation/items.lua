-- HGETALL
outcome = call('HGETALL', key)
