-- wrk: sends the requests of a file in turn and says what it measured in one line of JSON.
--
-- Arguments: the file; the number of the first request; milliseconds that a connection waits
-- between two requests (0: none). A line of the file: method, path, headers (a|b|c|d: names and
-- values), body, parted by tabs. NUMBER in a path or body becomes the number of the request.

local requests, number, wait = {}, 0, 0

function init(args)
  number, wait = tonumber(args[2]), tonumber(args[3])
  for line in io.lines(args[1]) do
    local method, path, told, body = line:match("^(.-)\t(.-)\t(.-)\t(.*)$")
    local headers = {}
    for name, value in told:gmatch("([^|]+)|([^|]+)") do headers[name] = value end
    local each = { method = method, path = path, headers = headers }
    if body ~= "" then each.body = body end
    if not path:find("NUMBER") and not body:find("NUMBER") then
      each.whole = wrk.format(method, path, headers, each.body)
    end
    requests[#requests + 1] = each
  end
end

function request()
  number = number + 1
  local each = requests[number % #requests + 1]
  if each.whole then return each.whole end
  local body = each.body and each.body:gsub("NUMBER", number)
  return wrk.format(each.method, (each.path:gsub("NUMBER", number)), each.headers, body)
end

function delay()
  return wait > 0 and math.floor(wait * (0.5 + math.random())) or 0
end

function done(summary, latency, _)
  local lost = summary.errors
  io.write(string.format(
    '\nMEASURED {"requests": %d, "microseconds": %d, "bytes": %d, "refused": %d, "lost": %d, "p50": %.3f, "p99": %.3f}\n',
    summary.requests, summary.duration, summary.bytes, lost.status,
    lost.connect + lost.read + lost.write + lost.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
