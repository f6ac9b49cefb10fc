#pragma once

#include "net/byte_stream.h"
#include "net/event_loop.h"

namespace tombolo::net {

/// Ends `stream` so that the peer still gets what was written: says that no more will come, then
/// reads and drops until the peer ends too, for two seconds at most. Closing at once would make the
/// system answer unread bytes with a reset, which discards what the peer has not read.
///
/// Thread:  `strand`, the stream's.
void close_lingering(ByteStream stream, const Strand& strand);

}  // namespace tombolo::net
