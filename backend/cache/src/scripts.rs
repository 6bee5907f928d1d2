//! What has to be atomic within the server, in Lua.

use deadpool_redis::redis::Script;

/// Who this server is and since when: another one after a restart, and after a replica was
/// made the primary. A block of numbers counts only where it was installed, because what a
/// restarted server read from its disk, or a replica had received, can lag behind the
/// numbers that were given.
const IDENTITY: &str = "
local function field(section, name)
  return string.match(redis.call('INFO', section), name .. ':(%w+)') or ''
end
local identity = field('server', 'run_id') .. field('replication', 'master_replid')
";

/// `KEYS[1]`: the block. Gives the next number of it, or nothing.
const NEXT: &str = "
local block = redis.call('HMGET', KEYS[1], 'next', 'end', 'by')
if block[3] ~= identity or not block[1] or not block[2] then return false end
if tonumber(block[1]) >= tonumber(block[2]) then return false end
redis.call('HINCRBY', KEYS[1], 'next', 1)
return block[1]
";

/// `KEYS[1]`: the block; `ARGV`: its first number, and that behind its last. Replaces
/// nothing of which numbers are left.
const INSTALL: &str = "
local block = redis.call('HMGET', KEYS[1], 'next', 'end', 'by')
if block[3] == identity and block[1] and block[2]
  and tonumber(block[1]) < tonumber(block[2]) then return 0 end
redis.call('HSET', KEYS[1], 'next', ARGV[1], 'end', ARGV[2], 'by', identity)
return 1
";

/// `KEYS[1]`: the packet, a hash of its row `r`, the row's version `v`, and one field for
/// each user who has a share. `ARGV`: the row's version, the row (both empty: only claims),
/// how long to keep it in seconds, then users and their claims. Gives how many claims it
/// holds then.
const PUT_PACKET: &str = "
for at = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
if ARGV[1] ~= '' then
  local known = redis.call('HGET', KEYS[1], 'v')
  if not known or tonumber(known) < tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[1], 'v', ARGV[1], 'r', ARGV[2])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
local held = redis.call('HLEN', KEYS[1])
if redis.call('HEXISTS', KEYS[1], 'v') == 1 then held = held - 2 end
return held
";

/// All of them; each is sent once to a server, and named by its hash after that.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) next: Script,
    pub(super) install: Script,
    pub(super) put_packet: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            next: Script::new(&format!("{IDENTITY}{NEXT}")),
            install: Script::new(&format!("{IDENTITY}{INSTALL}")),
            put_packet: Script::new(PUT_PACKET),
        }
    }
}
