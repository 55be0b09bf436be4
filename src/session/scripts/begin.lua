-- The beginning of both scripts. KEYS[1] is the session's key. Arguments:
--   1  'require' or 'renew': the session has to exist, and 'renew' renews its idle lifetime; 'create': it is created if it does not
--      exist; 'unguarded': nothing is checked, and nothing is added
--   2  '1': an operation may fail after others have written, so remember what they overwrite
--   3  the store's idle lifetime in seconds, 0 = never
--   4  the store's absolute lifetime in seconds, 0 = never
--
-- Both return a list that begins with a word: 'ok', 'missing', 'gone', 'rotated', 'moved', 'conflict' or 'failed'. Numbers are
-- returned as text, because Lua's are doubles. Errors are returned as they came from `redis.pcall`: Redis 7 adds text to an error that
-- a script raises, and Redis 6.2 hides its code.
--
-- Neither script defines a function. Redis would create it anew in each run, which takes longer than running it.

local call = redis.pcall
local key, mode = KEYS[1], ARGV[1]
local guarded, renew = mode ~= 'unguarded', mode == 'renew' or mode == 'create'

-- The time of creation in milliseconds, and the session's lifetimes in seconds.
local created, idle, absolute
-- The server's time in milliseconds, if it is needed.
local now
-- Whether this call sets the expiry.
local due = renew
-- An error reply to return.
local failure
-- What to return if there is no live session.
local absent

local outcomes = {'ok'}
-- What to return if an operation ends the batch.
local stopped
-- The fields that operations have overwritten, and what they held.
local undo = ARGV[2] == '1' and {}
-- Whether an operation has ended the session, and the index in `outcomes` of the outcome of PTTL.
local ended, expiry_wanted
