-- HINCRBY field by (undo)
local sum = call('HINCRBY', key, field, by)
if type(sum) == 'number' and math.abs(sum) < 2 ^ 53 then
  outcome = string.format('%.0f', sum)
elseif type(sum) == 'number' then
  -- Lua's doubles cannot hold larger sums exactly.
  outcome = call('HGET', key, field)
elseif sum.err:sub(1, 4) == 'ERR ' then
  -- The field's value shows whether it is not an integer or the sum overflows.
  outcome = call('HGET', key, field)
  if type(outcome) ~= 'table' then
    stopped = {'failed', string.format('%.0f', #outcomes - 1), outcome, sum.err}
  end
else
  outcome = sum
end
