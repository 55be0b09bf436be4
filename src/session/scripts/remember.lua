-- Remembers what the field holds before it is overwritten.
if undo then
  local held = call('HGET', key, field)
  if type(held) == 'table' then
    failure = held
    break
  end
  undo[#undo + 1] = {field, held}
end
