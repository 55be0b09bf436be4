-- HSET field value (undo)
outcome = call('HSET', key, field, value)
