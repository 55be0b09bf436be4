-- CLEAR
if guarded then
  local names = call('HKEYS', key)
  local fields = {}
  outcome = names.err and names or 0
  for _, name in ipairs(names) do
    if name:byte(1) ~= 0 then
      fields[#fields + 1] = name
    end
  end
  -- `unpack` returns a few thousand values at most.
  for first = 1, #fields, 1000 do
    if type(outcome) == 'number' then
      outcome = call('HDEL', key, unpack(fields, first, math.min(first + 999, #fields)))
    end
  end
else
  -- HLEN refuses a key that does not hold a hash.
  outcome = call('HLEN', key)
  if type(outcome) == 'number' then
    outcome = call('DEL', key)
  end
end
