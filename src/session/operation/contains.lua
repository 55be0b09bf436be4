-- HEXISTS field
outcome = call('HEXISTS', key, field)
