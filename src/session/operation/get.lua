-- HGET field
outcome = call('HGET', key, field)
