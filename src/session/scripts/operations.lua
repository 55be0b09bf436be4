-- Executes the operations that begin at the argument `at`, each a name and its arguments, until one fails.
local count = #ARGV
while at <= count and not stopped and not failure do
  local name, outcome = ARGV[at]
  --@each
  if type(outcome) == 'table' and outcome.err then
    failure = outcome
  else
    outcomes[#outcomes + 1] = outcome
  end
end
