-- HDEL field (undo)
outcome = call('HDEL', key, field)
