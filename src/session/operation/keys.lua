-- HKEYS
outcome = call('HKEYS', key)
