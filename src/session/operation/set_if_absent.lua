-- HSETNX field value (undo)
outcome = call('HSETNX', key, field, value)
