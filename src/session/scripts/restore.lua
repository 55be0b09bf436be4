-- Puts back what operations have overwritten, the latest first.
for i = undo and #undo or 0, 1, -1 do
  local field, value = undo[i][1], undo[i][2]
  if value then
    call('HSET', key, field, value)
  else
    call('HDEL', key, field)
  end
end
