-- Gives `key` the expiry that the session's lifetimes require. The clock was read before the writes, because an error
-- after them would come too late.
if due then
  local reply
  if absolute > 0 then
    local deadline = created + absolute * 1000
    if idle > 0 then
      deadline = math.min(deadline, now + idle * 1000)
    end
    reply = call('PEXPIREAT', key, string.format('%.0f', deadline))
  elseif idle > 0 then
    reply = call('EXPIRE', key, idle)
  elseif renew then
    reply = call('PERSIST', key)
  end
  failure = type(reply) == 'table' and reply
end
