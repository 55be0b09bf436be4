-- Reads the session at `key`. Sets `absent` or `failure` unless it is alive.
local reserved = call('HMGET', key, '\0created', '\0moved', '\0ended', '\0idle', '\0absolute')
created = tonumber(reserved[1] or nil)
idle, absolute = tonumber(reserved[4] or ARGV[3]), tonumber(reserved[5] or ARGV[4])
if reserved.err then
  failure = reserved
elseif reserved[2] then
  absent = {'rotated', reserved[2]}
elseif reserved[3] then
  absent = {'gone', reserved[3]}
elseif not created then
  -- The original drsession writes no time of creation.
  local exists = call('EXISTS', key)
  if exists == 0 then
    absent = {'missing'}
  elseif exists ~= 1 then
    failure = exists
  end
end
if not absent and not failure then
  if not renew then
    local expiry = call('PTTL', key)
    due = expiry == -1
    failure = type(expiry) == 'table' and expiry
  end
  if due and absolute > 0 and not failure then
    --@now
    if created and now and created + absolute * 1000 <= now then
      local deleted = call('DEL', key)
      failure = type(deleted) == 'table' and deleted
      absent = {'missing'}
    end
  end
end
