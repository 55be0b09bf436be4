-- POP field (undo)
outcome = call('HGET', key, field)
if type(outcome) == 'string' then
  local deleted = call('HDEL', key, field)
  if type(deleted) == 'table' then
    outcome = deleted
  end
end
