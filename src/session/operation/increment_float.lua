-- HINCRBYFLOAT field by (undo)
outcome = call('HINCRBYFLOAT', key, field, by)
if type(outcome) == 'table' and outcome.err:sub(1, 4) == 'ERR ' then
  -- The field's value shows whether it is not a number or the sum overflows.
  local why = outcome.err
  outcome = call('HGET', key, field)
  if type(outcome) ~= 'table' then
    stopped = {'failed', string.format('%.0f', #outcomes - 1), outcome, why}
  end
elseif type(outcome) == 'string' and math.abs(tonumber(outcome) or math.huge) == math.huge then
  -- Redis adds long doubles, whose range is larger than that of doubles.
  stopped = {'failed', string.format('%.0f', #outcomes - 1), outcome, 'ERR not a finite double'}
end
