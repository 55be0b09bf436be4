-- PTTL
-- The script may still set the expiry, so it is read at the end.
expiry_wanted = #outcomes + 1
outcome = 0
