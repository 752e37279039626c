-- Sends the requests of a file one after the other, again and again; in their
-- gaps stands a number that grows by a step with each cycle.
--
--   wrk -s wrk.lua URL -- FILE NUMBER STEP
--
-- The last line of the output is for a program to read.

local requests, at, number, step = {}, 0, 0, 0

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  local position = 1
  while position <= #text do
    local line = text:match("[^\n]*", position)
    position = position + #line + 1
    local parts = {}
    for length in line:gmatch("%d+") do
      if #parts > 0 then parts[#parts + 1] = "" end -- a gap
      parts[#parts + 1] = text:sub(position, position + length - 1)
      position = position + length
    end
    requests[#requests + 1] = #parts == 1 and parts[1] or parts
  end
end

function init(args)
  read(args[1])
  number, step = tonumber(args[2]), tonumber(args[3])
end

function request()
  at = at + 1
  if at > #requests then at, number = 1, number + step end
  local r = requests[at]
  if type(r) == "string" then return r end
  if #r == 3 then return r[1] .. number .. r[3] end
  local text = tostring(number)
  for i = 2, #r, 2 do r[i] = text end
  return table.concat(r)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("done requests=%d us=%d bytes=%d connect=%d read=%d write=%d status=%d timeout=%d p50=%d p99=%d\n",
    summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.status, e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
