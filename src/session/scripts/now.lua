-- Reads the server's clock.
if not now then
  local time = call('TIME')
  if time.err then
    failure = time
  else
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
end
