#pragma once

#include <cstddef>

#include "server/upload_windows.h"

namespace tombolo::bench {

/// How long a server takes to integrate what a client brings that was away: `commits` transactions
/// of one object, ten an UPLOAD, beside as many of others that it had not seen, half of them about
/// the same objects. In seconds; nothing is flushed to the disk.
[[nodiscard]] double returning_client_seconds(std::size_t commits,
                                              const server::UploadWindows::Options& options = {});

}  // namespace tombolo::bench
